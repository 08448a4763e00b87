// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An overlay on the real engine: a plugin, a must-use plugin and a constant of one municipality, rehearsed, applied, and there
//! still after a rollout to the next release.

use std::time::Duration;

use flotta::{
    fleet::{
        Scope,
        evidence::Level,
        rollout::{MemberState, RolloutState},
    },
    releases::{overlay::change, upload::Upload},
    rollouts::{
        overlay,
        request::{self, KnobsRequest, Request},
    },
    store,
};

use crate::support::{
    fleet::Fleet,
    image::{Images, Theme},
    visitors::{Visitors, municipality, php},
};

/// The release's `wp-config.php` reads the constants of an overlay, also where the image is older than that.
const READS: &str = "LABEL se.flotta.constants=/etc/flotta/constants.php\n\
RUN grep -q /etc/flotta/constants.php /var/www/html/wp-config.php || { \
sed -i \"s|^eval(.*|&\\nif (is_file('/etc/flotta/constants.php')) { require '/etc/flotta/constants.php'; }|\" /var/www/html/wp-config.php \
&& find /opt/flotta/opcache -path '*html/wp-config.php*' -delete; }";
const FIRST: Theme = Theme { version: "1.0", functions: "", single: "", run: READS };
const PLUGIN: &str = "<?php\n/* Plugin Name: Events\nVersion: 2.3 */\nadd_action('wp_footer', fn() => print('events plugin is here'));\n";
const MUST_USE: &str =
    "<?php\nadd_action('wp_footer', fn() => print('must-use is here, revisions ' . WP_POST_REVISIONS . ' ' . OVERLAY_TEXT));\n";
const CONSTANTS: &str = r#"{"WP_POST_REVISIONS": 7, "OVERLAY_TEXT": "it's \\ own"}"#;

async fn upload(fleet: &Fleet) -> Upload {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in [("plugins/events/events.php", PLUGIN), ("mu-plugins/own.php", MUST_USE), ("constants.json", CONSTANTS)] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o600);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let mut upload = Upload::begin(&fleet.app.tools).await.unwrap();
    upload.add(&builder.into_inner().unwrap()).await.unwrap();
    upload.end().await.unwrap();
    upload
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlay_is_applied_and_goes_along_with_the_next_release() {
    let fleet = Fleet::start().await;
    let tools = &fleet.app.tools;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &FIRST).await;
    let ale = municipality(&fleet, "ale", &first, &[]).await;
    municipality(&fleet, "bor", &first, &[]).await;
    let of = store::municipalities::by_slug(&tools.store, &Scope::Fleet, &ale.slug).await.unwrap();

    // Changed, and rehearsed at once, which builds it.
    let made = change::add(tools, &Scope::Fleet, &of, upload(&fleet).await, false, "test").await.unwrap();
    assert_eq!((made.version, made.holds.plugins[0].version.as_str()), (1, "2.3"));
    let begun = overlay::rehearse(tools, std::slice::from_ref(&ale), "test").await.unwrap().remove(0);
    fleet.app.signals.operations.notify_one();
    fleet.done(begun.id).await;
    let found = overlay::standing(tools, &ale).await.unwrap().found.unwrap();
    assert_ne!(found.level, Level::Fail, "{found:?}");

    // Applied, with visitors all the while.
    let visitors = Visitors::come(&fleet, &[("ale.localhost", "/")]);
    let started = overlay::apply(tools, &ale, false, "test", None).await.unwrap();
    fleet.app.signals.operations.notify_one();
    fleet.done(started.operation.id).await;
    let (asked, wrong) = visitors.leave().await;
    assert!(wrong.is_empty(), "{} of {asked} failed: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    let container = tools.target(ale.id).await.unwrap().container();
    php(&container, "$e = activate_plugin('events/events.php', '', true); if (is_wp_error($e)) { echo $e->get_error_message(); exit(1); }");
    let own = r"must-use is here, revisions 7 it's \ own";
    let page = fleet.visit("ale.localhost", "/").await.1;
    assert!(page.contains("events plugin is here") && page.contains(own) && page.contains("kommun 1.0"), "{page}");
    assert!(!fleet.visit("bor.localhost", "/").await.1.contains("is here"), "it is nobody else's");

    // The next release: everybody gets it, and Ale keeps what is its own.
    let second = images.release(&fleet, "kommun-1.1", &Theme { version: "1.1", ..FIRST }).await;
    let knobs = KnobsRequest { soak_seconds: Some(vec![2]), ..KnobsRequest::default() };
    let request = Request { release: second.name.clone(), waves: vec!["100%".into()], knobs, ..Request::default() };
    let rollout = request::start(tools, &request, "test").await.unwrap();
    fleet.app.signals.rollouts.notify_one();
    fleet
        .until("the rollout has come to its end", Duration::from_secs(240), || async {
            let (rollout, members) = store::rollouts::whole(&tools.store, rollout.id).await.unwrap();
            let still = rollout.state.is_final() || rollout.state == RolloutState::Paused;
            if still { Ok(()) } else { Err(format!("{:?} {:?}", rollout.state, members.iter().map(|m| m.state).collect::<Vec<_>>())) }
        })
        .await;
    let (ended, members) = store::rollouts::whole(&tools.store, rollout.id).await.unwrap();
    assert_eq!(ended.state, RolloutState::Completed, "{members:?}");
    assert!(members.iter().all(|m| m.state == MemberState::Succeeded), "{members:?}");
    let page = fleet.visit("ale.localhost", "/").await.1;
    assert!(page.contains("events plugin is here") && page.contains(own) && page.contains("kommun 1.1"), "{page}");
    let page = fleet.visit("bor.localhost", "/").await.1;
    assert!(page.contains("kommun 1.1") && !page.contains("is here"), "{page}");

    assert_eq!(store::derived::all(&tools.store, None).await.unwrap().len(), 2, "one for each release");
    fleet.stop().await;
}
