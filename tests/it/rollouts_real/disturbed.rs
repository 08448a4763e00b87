// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts while something outside fails: the disk is full, the engine goes away, the database server dies in the middle of an
//! upgrade. No release is blamed for it, everybody has one release's code and data, and the rollout goes on when it is told to.
//!
//! The engine itself is not restarted here: every other test's containers run on it, and an engine of the test's own would need
//! the images (a gigabyte) loaded anew and the test to live in its network. `tests/engine` restarts an engine; what the control
//! plane sees of that, a socket that cuts every connection and answers nobody, is what happens here.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use flotta::{
    fleet::{
        EventKind, Instance, OperationKind, Release, Rollout, RolloutId, Scope,
        rollout::{Blame, MemberState, RolloutMember, RolloutState, Why},
        update::Migration,
    },
    rollouts::{
        orders::{self, Order},
        request::{self, KnobsRequest, Request},
        updates,
    },
    store,
};

use super::{ended, told};
use crate::support::{
    fleet::Fleet,
    image::{ADDS_COLUMN, Images, RAISES, Theme},
    trouble::{Door, SmallDisk},
    visitors::{Visitors, municipality},
};

const FIRST: Theme = Theme { version: "1.0", functions: "", single: "", run: "" };
const SLUGS: [&str; 2] = ["ale", "bor"];

struct Stage {
    fleet: Fleet,
    instances: Vec<Instance>,
}

impl Stage {
    async fn start(&self, release: &Release, migration: Migration) -> RolloutId {
        let knobs = KnobsRequest {
            soak_seconds: Some(vec![0]),
            rehearse: Some("skip".to_owned()),
            migration: Some(migration.to_string()),
            ..KnobsRequest::default()
        };
        let waves = vec!["1".into(), "100%".into()];
        let request = Request { release: release.name.clone(), waves, knobs, ..Request::default() };
        let rollout = request::start(&self.fleet.app.tools, &request, "test").await.unwrap();
        self.fleet.app.signals.rollouts.notify_one();
        rollout.id
    }

    /// It is paused, and nobody is blamed: the first has its turn again, and serves the old release with the old data.
    async fn is_paused(&self, id: RolloutId, was: &[Instance], version: &str) -> RolloutMember {
        let (rollout, members) = ended(&self.fleet, id).await;
        let story = told(&self.fleet, id).await;
        assert_eq!((rollout.state, rollout.why, rollout.failures), (RolloutState::Paused, Why::Disturbed, 0), "{story}");
        assert!(members.iter().all(|m| m.state == MemberState::Pending && m.blame.is_none()), "{members:?}\n{story}");
        assert!(story.contains(&format!("\"blame\": String(\"{}\")", Blame::Infrastructure)), "{story}");
        for was in was {
            let now = store::instances::get(&self.fleet.app.tools.store, &Scope::Fleet, was.id).await.unwrap();
            assert_eq!((now.release, now.generation, now.paused), (was.release, was.generation, false), "{story}");
        }
        self.all_serve(version).await;
        members.into_iter().find(|m| m.attempts > 0).unwrap_or_else(|| panic!("nobody was tried\n{story}"))
    }

    async fn all_serve(&self, version: &str) {
        for slug in SLUGS {
            for path in ["/", "/skola/"] {
                let page = self.fleet.visit(&format!("{slug}.localhost"), path).await;
                assert!(page.0 == 200 && page.1.contains(version), "{slug}{path}: {page:?}");
            }
        }
    }

    async fn resume(&self, id: RolloutId) {
        orders::give(&self.fleet.app.tools, id, Order::Resume, "test").await.unwrap();
        self.fleet.app.signals.rollouts.notify_one();
    }

    async fn completes(&self, id: RolloutId, version: &str) -> (Rollout, Vec<RolloutMember>) {
        let (rollout, members) = ended(&self.fleet, id).await;
        let story = told(&self.fleet, id).await;
        assert_eq!((rollout.state, rollout.failures), (RolloutState::Completed, 0), "{story}");
        assert!(members.iter().all(|m| m.state == MemberState::Succeeded && m.blame.is_none()), "{members:?}\n{story}");
        self.all_serve(version).await;
        (rollout, members)
    }

    async fn instances(&self) -> Vec<Instance> {
        let mut now = Vec::new();
        for instance in &self.instances {
            now.push(store::instances::get(&self.fleet.app.tools.store, &Scope::Fleet, instance.id).await.unwrap());
        }
        now
    }

    /// Waits until an update begins with that step, and gives the operation.
    async fn begins(&self, id: RolloutId, step: &str) -> flotta::fleet::Operation {
        let over = Instant::now() + Duration::from_secs(300);
        let ids: Vec<_> = self.instances.iter().map(|i| i.id).collect();
        loop {
            let newest = store::operations::newest_of(&self.fleet.app.tools.store, OperationKind::Update, &ids).await.unwrap();
            for operation in newest.into_values().filter(|o| !o.state.is_final()) {
                let events = store::operations::events_after(&self.fleet.app.tools.store, operation.id, 0).await.unwrap();
                if events.iter().any(|e| e.step == step && e.kind == EventKind::Intent) {
                    return operation;
                }
            }
            if Instant::now() >= over {
                panic!("no update came to {step}\n{}", told(&self.fleet, id).await);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The snapshot does not fit: nothing was moved, and it is said how much is needed and where.
    async fn does_not_fit(&self, release: &Release, archives: &Path, disk: &str, said: &str) -> RolloutId {
        let was = self.instances().await;
        let small = SmallDisk::at(archives, disk);
        let id = self.start(release, Migration::None).await;
        let first = self.is_paused(id, &was, "kommun 1.0").await;
        assert!(first.reason.contains(said) && first.reason.contains(archives.to_str().unwrap()), "{}", first.reason);
        assert!(first.reason.contains("MiB"), "{}", first.reason);
        let update = first.update.unwrap();
        let events = store::operations::events_after(&self.fleet.app.tools.store, update, 0).await.unwrap();
        assert!(!events.iter().any(|e| e.step == "start"), "{}", self.fleet.journal(update).await);
        assert!(std::fs::read_dir(archives).unwrap().next().is_none(), "something is left of the snapshot");
        eprintln!("{}", first.reason);
        drop(small);
        id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_release_is_blamed_for_disk_engine_or_database_server() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let door = Door::at(&socket);
    let fleet = Fleet::start_with(|raw| raw.engine = format!("unix://{}", socket.display())).await;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &FIRST).await;
    let second = images.release(&fleet, "kommun-1.1", &Theme { version: "1.1", ..FIRST }).await;
    let third = images.release(&fleet, "kommun-1.2", &Theme { version: "1.2", ..FIRST }).await;
    let mut instances = Vec::new();
    for slug in SLUGS {
        instances.push(municipality(&fleet, slug, &first, &["skola", "vard"]).await);
    }
    let archives = fleet.app.tools.settings.archives();
    let stage = Stage { fleet, instances };

    // Too small from the start, and full while it is written (here: no room for another file).
    let id = stage.does_not_fit(&second, &archives, "size=64k", "no room for a snapshot").await;
    orders::give(&stage.fleet.app.tools, id, Order::Halt, "test").await.unwrap();
    stage.fleet.app.signals.rollouts.notify_one();
    ended(&stage.fleet, id).await;
    let id = stage.does_not_fit(&second, &archives, "size=512m,nr_inodes=2", "no room left").await;
    stage.resume(id).await;
    stage.completes(id, "kommun 1.1").await;

    // The engine goes away for ten seconds, with a new container just being started.
    let was = stage.instances().await;
    let pages: Vec<(String, &str)> = SLUGS.iter().map(|s| (format!("{s}.localhost"), "/")).collect();
    let pages: Vec<(&str, &str)> = pages.iter().map(|(h, p)| (h.as_str(), *p)).collect();
    // Fewer than elsewhere: an overloaded machine is another trouble than the one that is made here.
    let visitors = Visitors::come_to(stage.fleet.app.config.gateway.https_port, &pages, Duration::from_millis(150));
    let id = stage.start(&third, Migration::None).await;
    let update = stage.begins(id, "start").await;
    door.shut();
    tokio::time::sleep(Duration::from_secs(10)).await;
    door.open();
    let ended_as = stage.fleet.ended(update.id).await.state;
    eprintln!("the engine was away: the update was {ended_as}\n{}", stage.fleet.journal(update.id).await);
    if ended_as != flotta::fleet::OperationState::Done {
        stage.is_paused(id, &was, "kommun 1.1").await;
        stage.resume(id).await;
    }
    stage.completes(id, "kommun 1.2").await;
    let (asked, wrong) = visitors.leave().await;
    assert!(wrong.is_empty(), "{} of {asked}: {:?}", wrong.len(), &wrong[..wrong.len().min(3)]);

    // The database server dies while sites are upgraded, and again whenever it comes up, until the update has turned back.
    let slow = format!("{ADDS_COLUMN}\nadd_action('wp_upgrade', function () {{ usleep(1500000); }}, 5);");
    let raised = Theme { version: "2.0", functions: Box::leak(slow.into_boxed_str()), run: RAISES, ..FIRST };
    let raised = images.release(&stage.fleet, "kommun-2.0", &raised).await;
    let was = stage.instances().await;
    let data = stage.fleet.app.tools.database.fingerprint(&was[0].schema()).await.unwrap();
    let id = stage.start(&raised, Migration::Schema).await;
    let update = stage.begins(id, "migrate").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let server = stage.fleet.app.tools.settings.database_server();
    let over = Instant::now() + Duration::from_secs(300);
    loop {
        let now = store::operations::get(&stage.fleet.app.tools.store, &Scope::Fleet, update.id).await.unwrap();
        if now.direction != flotta::fleet::Direction::Forward || now.step != "migrate" {
            break;
        }
        assert!(Instant::now() < over, "{}", stage.fleet.journal(update.id).await);
        kill(&server);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ended_as = stage.fleet.ended(update.id).await;
    let journal = stage.fleet.journal(update.id).await;
    eprintln!("the database server died: {}\n{journal}", ended_as.error);
    let came = updates::ended(&stage.fleet.app.tools, &ended_as).await.unwrap().unwrap();
    assert_eq!(came.outcome, flotta::fleet::rollout::Outcome::RolledBack(Blame::Infrastructure), "{journal}");
    stage.is_paused(id, &was, "kommun 1.2").await;
    let tried = was.iter().position(|i| i.id == update.instance).unwrap();
    let now = stage.fleet.app.tools.database.fingerprint(&was[0].schema()).await.unwrap();
    assert!(tried != 0 || same_but_transients(&data, &now), "{journal}");
    stage.resume(id).await;
    stage.completes(id, "kommun 2.0").await;
}

/// Tables that visitors and cron write to differ by themselves; the others, and which there are, do not.
fn same_but_transients(was: &std::collections::BTreeMap<String, String>, now: &std::collections::BTreeMap<String, String>) -> bool {
    was.keys().eq(now.keys())
        && was.iter().all(|(table, print)| table.ends_with("options") || table.ends_with("meta") || now[table] == *print)
}

/// Kills a container's main process, as the kernel would: its restart policy brings it back.
fn kill(container: &str) {
    let pid = Command::new("docker").args(["inspect", "--format", "{{.State.Pid}}", container]).output().unwrap();
    let pid = String::from_utf8_lossy(&pid.stdout).trim().to_owned();
    if pid != "0" && !pid.is_empty() {
        drop(Command::new("kill").args(["-9", &pid]).output());
    }
}
