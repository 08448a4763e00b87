// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is not down but needs somebody, made for real in one municipality, and each told of: by facts that the agent tells, by jobs that
//! Flotta runs, and by a file of known weaknesses.

use std::time::Duration;

use flotta::{
    fleet::{Finding, FindingKind as K, Scope, facts::ComponentKind},
    store::{self, PageRequest, findings::Filter},
};

use crate::support::{
    fleet::Fleet,
    image::{Images, Theme},
    visitors::{municipality, php},
};

/// A theme that keeps WordPress from running jobs where its option says so.
const FUNCTIONS: &str = r"
add_filter('pre_get_ready_cron_jobs', function ($jobs) { return get_option('kommun_stuck') ? [] : $jobs; });
add_action('kommun_job', function () { update_option('kommun_ran', time()); });";
/// On any page: `if (isset($_GET['handelser'])) { handelser_som_saknas(4711); }`, in version 3.2.
const PLUGIN: &str = "RUN mkdir -p /var/www/html/wp-content/plugins/handelser && echo PD9waHAKLyogUGx1Z2luIE5hbWU6IEhhbmRlbHNlcgogKiBWZXJzaW9uOiAzLjIgKi8KYWRkX2FjdGlvbigndGVtcGxhdGVfcmVkaXJlY3QnLCBmdW5jdGlvbiAoKSB7IGlmIChpc3NldCgkX0dFVFsnaGFuZGVsc2VyJ10pKSB7IGhhbmRlbHNlcl9zb21fc2FrbmFzKDQ3MTEpOyB9IH0pOwo= | base64 -d >/var/www/html/wp-content/plugins/handelser/handelser.php";

const ADVISORY: &str = r#"[{"id": "GHSA-handelser", "aliases": ["CVE-2026-4711"], "summary": "Anybody may delete events",
  "affected": [{"package": {"ecosystem": "Packagist", "name": "wpackagist-plugin/handelser"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}, {"fixed": "3.3"}]}]}]}]"#;

async fn open(fleet: &Fleet) -> Vec<Finding> {
    let filter = Filter { open: Some(true), ..Filter::default() };
    store::findings::list(&fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items
}

/// Until these are open, whatever else is.
async fn told(fleet: &Fleet, what: &str, wanted: &[(K, &str)]) -> Vec<Finding> {
    let began = std::time::Instant::now();
    fleet
        .until(what, Duration::from_secs(150), || async {
            let open = open(fleet).await;
            let is_open = |(kind, about): &(K, &str)| open.iter().any(|f| f.kind == *kind && f.subject.contains(about));
            let missing: Vec<_> = wanted.iter().filter(|one| !is_open(one)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}: {open:#?}")) }
        })
        .await;
    eprintln!("{what}: told after {:.1} s", began.elapsed().as_secs_f32());
    open(fleet).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_somebody_is_told() {
    let fleet = Fleet::start_with(|raw| (raw.health.interval_seconds, raw.health.slow_milliseconds) = (10, 5000)).await;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let theme = Theme { version: "1.0", functions: FUNCTIONS, run: PLUGIN, ..Theme::default() };
    let release = images.release(&fleet, "kommun-1.0", &theme).await;
    let ale = municipality(&fleet, "ale", &release, &["skola"]).await;
    let container = fleet.app.tools.target(ale.id).await.unwrap().container();
    php(
        &container,
        "wp_insert_post(['post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Tillgänglighetsredogörelse', 'post_content' => '<p>Senast uppdaterad den 12 mars 2024.</p>']);\
         require_once ABSPATH . 'wp-admin/includes/plugin.php'; activate_plugin('handelser/handelser.php');\
         wp_schedule_single_event(time() - 60, 'kommun_job');",
    );

    // Facts arrive; nobody is told of an administrator who was there from the beginning.
    let first = told(&fleet, "statements", &[(K::StatementOld, "ale.localhost"), (K::StatementMissing, "/skola")]).await;
    assert!(first.iter().all(|f| f.kind != K::AdministratorAdded && f.municipality == ale.municipality), "{first:#?}");
    assert!(first.iter().any(|f| f.kind == K::StatementOld && f.evidence["at"] == "2024-03-12"), "{first:#?}");
    let (_, facts) = store::facts::of(&fleet.app.tools.store, ale.id).await.unwrap().expect("facts");
    assert_eq!((facts.sites.len(), facts.whole.network.as_str()), (2, "sub-directory"));
    fleet
        .until("a job was run by Flotta", Duration::from_secs(120), || async {
            let ran = php(&container, "echo (int) get_option('kommun_ran');");
            if ran.parse::<u64>().is_ok_and(|at| at > 0) { Ok(()) } else { Err(ran) }
        })
        .await;

    let read = flotta::health::advisories::read(ADVISORY.as_bytes(), None, jiff::Timestamp::now()).unwrap();
    store::advisories::replace(&fleet.app.tools.store, "osv", &read.advisories).await.unwrap();
    php(
        &container,
        "wp_insert_user(['user_login' => 'eve', 'user_pass' => wp_generate_password(), 'role' => 'administrator']);\
         update_blog_option(2, 'blog_public', 0);\
         update_option('kommun_stuck', 1); wp_schedule_single_event(time() - 7200, 'kommun_job', ['again']);",
    );
    let (status, _) = fleet.visit("ale.localhost", "/?handelser=1").await;
    assert_eq!(status, 500);
    let wanted = [
        (K::AdministratorAdded, "eve (ale.localhost"),
        (K::NotIndexed, "/skola"),
        (K::FatalError, "plugin handelser"),
        (K::Vulnerable, "plugin handelser 3.2 (CVE-2026-4711)"),
        (K::CronStuck, "ale.localhost"),
    ];
    let all = told(&fleet, "an administrator, noindex, a fatal error, a known weakness, stuck jobs", &wanted).await;
    let fatal = all.iter().find(|f| f.kind == K::FatalError).unwrap();
    assert_eq!((fatal.evidence["component"].as_str(), fatal.evidence["version"].as_str()), (Some("handelser"), Some("3.2")));
    assert!(fatal.evidence["message"].as_str().is_some_and(|text| text.contains("handelser_som_saknas")), "{fatal:#?}");
    let throwers = flotta::health::questions::throwers(&fleet.app.tools.store, &Scope::Fleet, jiff::Timestamp::now()).await.unwrap();
    assert_eq!((throwers[0].component.as_str(), throwers[0].municipalities.clone()), ("handelser", vec!["ale".to_owned()]));
    let versions = flotta::health::questions::versions(&fleet.app.tools.store, &Scope::Fleet, ComponentKind::Plugin, Some("handelser"));
    assert_eq!(versions.await.unwrap()[0].sites, 1);
    let growth = flotta::health::questions::growth(&fleet.app.tools.store, &Scope::Fleet, jiff::Timestamp::now()).await.unwrap();
    assert!(growth[0].database_bytes > 500_000 && growth[0].uploads_bytes.is_some(), "{growth:?}");

    // What is mended is over; the rest stays.
    php(&container, "delete_option('kommun_stuck'); update_blog_option(2, 'blog_public', 1);");
    fleet
        .until("what was mended is over", Duration::from_secs(150), || async {
            let open = open(&fleet).await;
            let left = open.iter().any(|f| matches!(f.kind, K::CronStuck | K::NotIndexed));
            if left || !open.iter().any(|f| f.kind == K::AdministratorAdded) { Err(format!("{open:#?}")) } else { Ok(()) }
        })
        .await;
}
