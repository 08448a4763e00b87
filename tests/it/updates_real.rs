// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One instance moved to another release and back on the real engine: real WordPress, MariaDB and Caddy, with visitors all the while.

use std::time::Duration;

use flotta::{
    fleet::{
        Instance, Operation, OperationState, Release, Scope,
        rollout::{Blame, Outcome},
        update::Migration,
    },
    rollouts::updates::{self, Order},
    store,
};

use crate::support::{
    fleet::Fleet,
    image::{ADDS_COLUMN, Images, MIGRATES, RAISES, Theme},
    visitors::{Visitors, municipality, php},
};

async fn of(fleet: &Fleet, operation: &Operation) -> Instance {
    store::instances::get(&fleet.app.tools.store, &Scope::Fleet, operation.instance).await.unwrap()
}

async fn update(fleet: &Fleet, instance: &Instance, release: &Release, migration: Migration) -> Operation {
    let order = Order { release: release.id, migration, rollout: None, drain: Duration::from_secs(10) };
    let started = updates::update(&fleet.app.tools, instance, &order, "test", None).await.unwrap();
    fleet.app.signals.operations.notify_one();
    fleet.ended(started.operation.id).await
}

const GOOD: Theme = Theme { version: "1.0", functions: "", single: "", run: "" };

#[tokio::test(flavor = "multi_thread")]
async fn visitors_notice_nothing_of_a_new_theme_and_bad_ones_are_stopped() {
    let fleet = Fleet::start().await;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &GOOD).await;
    let second = images.release(&fleet, "kommun-1.1", &Theme { version: "1.1", ..GOOD }).await;
    let instance = municipality(&fleet, "ale", &first, &["skola", "kultur"]).await;
    let host = "ale.localhost";
    assert!(fleet.visit(host, "/skola/").await.1.contains("kommun 1.0"));

    let visitors = Visitors::come(&fleet, &[(host, "/"), (host, "/skola/"), (host, "/kultur/")]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let done = update(&fleet, &instance, &second, Migration::None).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (asked, wrong) = visitors.leave().await;
    assert_eq!(done.state, OperationState::Done, "{}", fleet.journal(done.id).await);
    assert!(
        asked > 20 && wrong.is_empty(),
        "{} of {asked} failed: {:?}\n{}",
        wrong.len(),
        &wrong[..wrong.len().min(5)],
        fleet.journal(done.id).await
    );
    for path in ["/", "/skola/", "/kultur/"] {
        assert!(fleet.visit(host, path).await.1.contains("kommun 1.1"), "{path}");
    }
    eprintln!("{asked} visitors during the update, none turned away\n{}", fleet.journal(done.id).await);

    // Back by code, and visitors notice that as little.
    let visitors = Visitors::come(&fleet, &[(host, "/"), (host, "/skola/")]);
    let now = of(&fleet, &done).await;
    let back = updates::revert(&fleet.app.tools, &now, &done, false, "test", None).await.unwrap().operation;
    fleet.app.signals.operations.notify_one();
    fleet.done(back.id).await;
    let (_, wrong) = visitors.leave().await;
    assert!(wrong.is_empty(), "{wrong:?}\n{}", fleet.journal(back.id).await);
    assert!(fleet.visit(host, "/").await.1.contains("kommun 1.0"));

    // Each bad in its own way, and the site serves the old release all the while.
    for (name, theme) in [
        ("fatal", Theme { version: "1.2", functions: "function_that_is_not_there();", ..GOOD }),
        (
            "text",
            Theme {
                version: "1.2",
                functions: "add_action('wp_footer', function () { echo '<b>Fatal error</b>: Uncaught Error: x in /var/www/html/a.php on line <b>3</b>'; });",
                ..GOOD
            },
        ),
        ("slow", Theme { version: "1.2", functions: "add_action('template_redirect', function () { usleep(2500000); });", ..GOOD }),
        (
            "install",
            Theme {
                version: "1.2",
                functions: "add_action('template_redirect', function () { wp_redirect('/wp-admin/install.php'); exit; });",
                ..GOOD
            },
        ),
        (
            "memory",
            Theme {
                version: "1.2",
                functions: "add_action('template_redirect', function () { $x = []; while (true) { $x[] = str_repeat('x', 1 << 20); } });",
                ..GOOD
            },
        ),
    ] {
        let bad = images.release(&fleet, name, &theme).await;
        let before = of(&fleet, &done).await;
        let visitors = Visitors::come(&fleet, &[(host, "/"), (host, "/skola/")]);
        let ended = update(&fleet, &before, &bad, Migration::None).await;
        let (_, wrong) = visitors.leave().await;
        let journal = fleet.journal(ended.id).await;
        assert_eq!(ended.state, OperationState::Undone, "{name}\n{journal}");
        let came = updates::ended(&fleet.app.tools, &ended).await.unwrap().unwrap();
        assert_eq!(came.outcome, Outcome::Unchanged(Blame::Release), "{name}: {}\n{journal}", came.why);
        assert!(wrong.is_empty(), "{name}: {wrong:?}\n{journal}");
        let after = of(&fleet, &done).await;
        assert_eq!((after.release, after.generation, after.paused), (before.release, before.generation, false));
        eprintln!("{name}: {}", came.why);
    }
    let own = fleet.app.tools.target(instance.id).await.unwrap().containers().await.unwrap();
    assert!(own.iter().filter(|c| c.running).count() == 1, "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_and_schema_are_migrated_behind_the_pause_and_go_back_whole() {
    let fleet = Fleet::start().await;
    let tools = &fleet.app.tools;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &GOOD).await;
    let instance = municipality(&fleet, "bor", &first, &["skola", "arkiv"]).await;
    let (host, schema) = ("bor.localhost", instance.schema());
    let container = tools.target(instance.id).await.unwrap().container();
    // Nobody visits an archived site, and WordPress's own upgrade leaves it out.
    php(&container, "update_blog_status(3, 'archived', '1');");
    let column = async |blog: u32| {
        let prefix = if blog == 1 { "wp_".to_owned() } else { format!("wp_{blog}_") };
        let row = tools.database.query_row(&schema, &format!("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = '{prefix}posts' AND column_name = 'kommun_extra'"), vec![]).await.unwrap();
        row.unwrap()[0].clone().unwrap() == "1"
    };
    let option = async |blog: u32, name: &str| {
        let prefix = if blog == 1 { "wp_".to_owned() } else { format!("wp_{blog}_") };
        let row = tools
            .database
            .query_row(&schema, &format!("SELECT option_value FROM `{prefix}options` WHERE option_name = ?"), vec![name.to_owned()])
            .await
            .unwrap();
        row.and_then(|mut r| r.pop().flatten())
    };
    let was = option(1, "db_version").await;

    // The upgrade dies on the second site: the first one's is taken back with it.
    let dies = Theme {
        version: "1.1",
        functions: "add_action('wp_upgrade', function () { if (get_current_blog_id() === 2) { function_that_is_not_there(); } });",
        run: RAISES,
        ..GOOD
    };
    let dies = images.release(&fleet, "kommun-dies", &dies).await;
    let ended = update(&fleet, &instance, &dies, Migration::Schema).await;
    let journal = fleet.journal(ended.id).await;
    assert_eq!(ended.state, OperationState::Undone, "{journal}");
    assert_eq!(updates::ended(tools, &ended).await.unwrap().unwrap().outcome, Outcome::RolledBack(Blame::Release), "{journal}");
    assert!(ended.error.contains("site 2"), "{}", ended.error);
    for blog in 1..=3 {
        assert_eq!(option(blog, "db_version").await, was, "site {blog}");
    }
    assert!(fleet.visit(host, "/skola/").await.1.contains("kommun 1.0"));

    let changes: &'static str = Box::leak(format!("{MIGRATES}{ADDS_COLUMN}").into_boxed_str());
    let second = images.release(&fleet, "kommun-2.0", &Theme { version: "2.0", functions: changes, run: RAISES, ..GOOD }).await;
    let done = update(&fleet, &instance, &second, Migration::Schema).await;
    let journal = fleet.journal(done.id).await;
    assert_eq!(done.state, OperationState::Done, "{journal}");
    for blog in 1..=3 {
        assert_eq!(option(blog, "db_version").await.as_deref(), Some("60999"), "site {blog}");
        assert!(column(blog).await, "site {blog}");
    }
    for blog in 1..=2 {
        assert_eq!(option(blog, "kommun_db_version").await.as_deref(), Some("2"), "site {blog}");
    }
    assert!(fleet.visit(host, "/skola/").await.1.contains("kommun 2.0"));
    let came = updates::ended(tools, &done).await.unwrap().unwrap();
    eprintln!("visitors were held back for {} ms\n{journal}", came.paused_milliseconds.unwrap());

    // Something is written, and shown before it is lost.
    let now = of(&fleet, &done).await;
    let container = tools.target(now.id).await.unwrap().container();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    php(
        &container,
        "switch_to_blog(2); wp_insert_post(['post_title' => 'Öppettider i jul', 'post_status' => 'publish', 'post_content' => 'x']);",
    );
    let written = updates::written_since(tools, &now, &done).await.unwrap();
    assert_eq!(written.iter().find(|w| w.blog == 2).unwrap().posts, ["Öppettider i jul"], "{written:?}");
    let refused = updates::revert(tools, &now, &done, false, "test", None).await;
    assert!(refused.is_err_and(|e| e.to_string().contains("changed the data")));
    let back = updates::revert(tools, &now, &done, true, "test", None).await.unwrap().operation;
    fleet.app.signals.operations.notify_one();
    fleet.done(back.id).await;
    for blog in 1..=3 {
        assert_eq!(option(blog, "db_version").await, was, "site {blog}");
        assert!(!column(blog).await, "site {blog}");
        assert_eq!(option(blog, "kommun_db_version").await, None, "site {blog}");
    }
    assert!(fleet.visit(host, "/skola/").await.1.contains("kommun 1.0"));
}
