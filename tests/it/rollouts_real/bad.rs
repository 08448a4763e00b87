// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Bad releases in rollouts: each is stopped at the first municipality, by its rehearsal or by its update, with everything as it
//! was and nothing begun afterwards. What was ill before is not held against a release.

use flotta::{
    fleet::{
        Instance, OperationKind, Release, RolloutId, Scope,
        evidence::Level,
        rollout::{Blame, MemberState, RolloutState},
    },
    releases::Register,
    rollouts::{
        rehearsals,
        request::{self, KnobsRequest, Request, RingRequest},
        updates,
    },
    store::{self, PageRequest, operations::Filter},
};

use super::{ended, told};
use crate::support::{
    fleet::Fleet,
    full,
    image::{Image, Images, RAISES, Theme},
    visitors::{Visitors, municipality, php},
};

/// A single post is broken where a municipality has this of its own, whatever the release.
const ILL: &str = "if (get_option('kommun_ill')) { function_that_is_not_there(); }";
const FIRST: Theme = Theme { version: "1.0", functions: "", single: ILL, run: "" };
const WELL: Theme = Theme { version: "1.1", ..FIRST };
const SLUGS: [&str; 3] = ["ale", "bor", "dal"];

/// What stops a release.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stopped {
    /// Trying it on a copy.
    Rehearsal,
    /// The update, before anything was touched.
    Update,
    /// The update of data, which is taken back.
    Migration,
}

struct Stage {
    fleet: Fleet,
    instances: Vec<Instance>,
}

impl Stage {
    /// A rollout that begins with this one, and then goes to all the others.
    async fn start(&self, release: &Release, first: &str, rehearse: bool, migration: Option<&str>) -> RolloutId {
        let knobs = KnobsRequest {
            soak_seconds: Some(vec![0]),
            rehearsals: Some(1),
            rehearse: (!rehearse).then(|| "skip".to_owned()),
            migration: migration.map(ToOwned::to_owned),
            ..KnobsRequest::default()
        };
        let rings = vec![RingRequest { name: "first".to_owned(), municipalities: vec![first.to_owned()] }];
        let request = Request { release: release.name.clone(), rings, waves: vec!["100%".into()], knobs, ..Request::default() };
        let rollout = request::start(&self.fleet.app.tools, &request, "test").await.unwrap();
        self.fleet.app.signals.rollouts.notify_one();
        rollout.id
    }

    /// Rolls it out and sees it stopped.
    async fn stops(&self, name: &str, release: &Release, first: &str, by: Stopped) {
        let tools = &self.fleet.app.tools;
        let began = std::time::Instant::now();
        let before = self.data(first).await;
        let pages: Vec<(String, &str)> = SLUGS.iter().map(|s| (format!("{s}.localhost"), "/")).collect();
        let pages: Vec<(&str, &str)> = pages.iter().map(|(h, p)| (h.as_str(), *p)).collect();
        // Where data is changed, visitors are held back for a moment.
        let visitors = (by != Stopped::Migration).then(|| Visitors::come(&self.fleet, &pages));
        let migration = if by == Stopped::Migration { "schema" } else { "none" };
        let rehearse = by == Stopped::Rehearsal;
        let id = self.start(release, first, rehearse, (!rehearse).then_some(migration)).await;
        let (rollout, members) = ended(&self.fleet, id).await;
        let story = told(&self.fleet, id).await;
        assert_eq!(rollout.state, RolloutState::Halted, "{name}\n{story}");
        let halted = members.iter().find(|m| m.slug.as_str() == first).unwrap();
        let stands = if by == Stopped::Migration { MemberState::RolledBack } else { MemberState::Unchanged };
        assert_eq!((halted.state, halted.blame), (stands, Some(Blame::Release)), "{name}\n{story}");
        assert_eq!(halted.update.is_some(), by != Stopped::Rehearsal, "{name}\n{story}");
        assert!(members.iter().all(|m| m.slug.as_str() == first || m.state == MemberState::Pending), "{name}\n{story}");
        // Nothing is begun once the halt is written.
        let history = store::rollouts::events_after(&tools.store, &Scope::Fleet, id, 0).await.unwrap();
        let halt = history.iter().find(|e| e.word == "halting").unwrap_or_else(|| panic!("{name}: no halt\n{story}")).at;
        let all = PageRequest { page: 1, per_page: 500 };
        for operation in store::operations::list(&tools.store, &Scope::Fleet, &Filter::default(), all).await.unwrap().items {
            self.fleet.ended(operation.id).await;
            assert!(operation.created_at <= halt, "{name}: begun after the halt: {operation:?}\n{story}");
        }
        if let Some(visitors) = visitors {
            let (asked, wrong) = visitors.leave().await;
            assert!(wrong.is_empty(), "{name}: {} of {asked}: {:?}\n{story}", wrong.len(), &wrong[..wrong.len().min(3)]);
        }
        self.all_as_before(name).await;
        assert_eq!(self.data(first).await, before, "{name}: data of the release is left\n{story}");
        eprintln!("{name}: stopped in {:.1} s: {}", began.elapsed().as_secs_f32(), halted.reason);
    }

    /// Everybody serves what they served, and nothing of any rehearsal or update is left.
    async fn all_as_before(&self, name: &str) {
        let tools = &self.fleet.app.tools;
        let mut schemas = Vec::new();
        for instance in &self.instances {
            let now = store::instances::get(&tools.store, &Scope::Fleet, instance.id).await.unwrap();
            assert!(!now.paused && now.generation == 2, "{name}: {now:?}");
            let page = self.fleet.visit(now.domain.as_str(), "/").await;
            assert!(page.0 == 200 && page.1.contains("kommun 1.1"), "{name}: {page:?}");
            let own = tools.target(now.id).await.unwrap().containers().await.unwrap();
            assert_eq!(own.iter().filter(|c| c.running).count(), 1, "{name}: {own:?}");
            schemas.push(now.schema());
        }
        schemas.sort();
        let mut there = tools.database.schemas("flt_").await.unwrap();
        there.sort();
        assert_eq!(there, schemas, "{name}");
        let containers = tools.engine.containers(&tools.settings.fleet).await.unwrap();
        assert!(containers.iter().all(|c| !c.name.contains("rehearsal")), "{name}: {containers:?}");
        assert_eq!(tools.engine.networks(&tools.settings.fleet).await.unwrap().len(), 1, "{name}");
    }

    /// The version of every site's tables.
    async fn data(&self, slug: &str) -> Vec<(u64, i64)> {
        let instance = self.instances.iter().find(|i| i.slug.as_str() == slug).unwrap();
        let target = self.fleet.app.tools.target(instance.id).await.unwrap();
        let blogs = flotta::rollouts::pages::blogs(&target).await.unwrap();
        blogs.into_iter().map(|b| (b.id, b.db_version)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_releases_stop_at_the_first_and_old_ills_stop_nobody() {
    let fleet = Fleet::start_with(|raw| {
        raw.healthy_deadline_seconds = 30;
        raw.rehearsals.pictures = 0;
    })
    .await;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &FIRST).await;
    let sites: Vec<String> = (2..=if full() { 20 } else { 8 }).map(|n| format!("s{n}")).collect();
    let sites: Vec<&str> = sites.iter().map(String::as_str).collect();
    let mut instances = Vec::new();
    for slug in SLUGS {
        instances.push(municipality(&fleet, slug, &first, if slug == "ale" { &sites } else { &[] }).await);
    }
    let stage = Stage { fleet, instances };
    let fleet = &stage.fleet;

    // Every single post of the first was broken before, and still is: that is told, and stops nobody.
    let ill = fleet.app.tools.target(stage.instances[1].id).await.unwrap();
    php(&ill.container(), "update_option('kommun_ill', '1');");
    let post = php(&ill.container(), "echo wp_make_link_relative(get_permalink(get_posts(['numberposts' => 1])[0]));");
    assert_eq!(fleet.visit("bor.localhost", &post).await.0, 500, "{post}");
    let well = images.release(fleet, "kommun-1.1", &WELL).await;
    let id = stage.start(&well, "bor", true, None).await;
    let (rollout, members) = ended(fleet, id).await;
    let story = told(fleet, id).await;
    assert_eq!((rollout.state, rollout.failures), (RolloutState::Completed, 0), "{story}");
    assert!(members.iter().all(|m| m.state == MemberState::Succeeded && m.blame.is_none()), "{members:?}\n{story}");
    let rehearsal = store::operations::newest_of(&fleet.app.tools.store, OperationKind::Rehearse, &[stage.instances[1].id]).await.unwrap();
    let seen = rehearsals::evidence::whole(&fleet.app.tools, rehearsal[&stage.instances[1].id].id).await.unwrap().unwrap();
    assert!(seen.level < Level::Fail && seen.findings.iter().any(|f| f.what == "ill-before"), "{:#?}", seen.findings);
    let update = members.iter().find(|m| m.slug.as_str() == "bor").and_then(|m| m.update).unwrap();
    let journal = store::operations::events_after(&fleet.app.tools.store, update, 0).await.unwrap();
    let ill_before = journal.iter().any(|e| e.step == "preflight" && e.evidence["ill"].as_u64().is_some_and(|n| n > 0));
    assert!(ill_before, "{}", fleet.journal(update).await);
    php(&fleet.app.tools.target(stage.instances[1].id).await.unwrap().container(), "delete_option('kommun_ill');");

    let bad = Theme { version: "1.2", single: "", ..FIRST };
    let single = Theme { single: "function_that_is_not_there();", ..bad.clone() };
    let release = images.release(fleet, "single", &single).await;
    stage.stops("single", &release, "bor", Stopped::Rehearsal).await;

    let install = "add_action('template_redirect', function () { wp_redirect('/wp-admin/install.php'); exit; });";
    let release = images.release(fleet, "install", &Theme { functions: install, ..bad.clone() }).await;
    stage.stops("install", &release, "bor", Stopped::Rehearsal).await;

    let memory = "add_action('template_redirect', function () { $x = []; while (true) { $x[] = str_repeat('x', 1 << 20); } });";
    let release = images.release(fleet, "memory", &Theme { functions: memory, ..bad.clone() }).await;
    stage.stops("memory", &release, "bor", Stopped::Rehearsal).await;

    let text =
        "add_action('wp_footer', function () { echo '<b>Fatal error</b>: Uncaught Error: x in /var/www/html/a.php on line <b>3</b>'; });";
    let release = images.release(fleet, "text", &Theme { functions: text, ..bad.clone() }).await;
    stage.stops("text", &release, "bor", Stopped::Update).await;

    // It starts, and never listens.
    let deaf = Image::build("deaf", "ENTRYPOINT [\"sleep\", \"3600\"]\nCMD []", "");
    let register = Register { image: deaf.0.clone(), name: Some("deaf".to_owned()), contract: None, stable: false };
    let release = flotta::releases::register(&fleet.app.tools, &register).await.unwrap();
    stage.stops("deaf", &release, "bor", Stopped::Update).await;

    let dies = "add_action('wp_upgrade', function () { if (get_current_blog_id() === 7) { function_that_is_not_there(); } });";
    let release = images.release(fleet, "dies", &Theme { functions: dies, run: RAISES, ..bad }).await;
    stage.stops("dies", &release, "ale", Stopped::Migration).await;
    let newest = store::operations::newest_of(&fleet.app.tools.store, OperationKind::Update, &[stage.instances[0].id]).await.unwrap();
    let came = updates::ended(&fleet.app.tools, &newest[&stage.instances[0].id]).await.unwrap().unwrap();
    assert!(came.why.contains("site 7"), "{}", came.why);
}
