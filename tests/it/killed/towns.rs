// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Municipalities that are moved between two releases, and what must hold of them whenever nothing is under way.

use std::{collections::BTreeMap, fs};

use flotta::{
    fleet::{Instance, InstanceState, Operation, OperationKind, OperationState, ReleaseId, RolloutId},
    store,
};
use serde_json::{Value, json};

use super::{Names, ended, steps, traces};
use crate::support::{
    image::{Images, MIGRATES, Theme},
    process::{Process, docker},
    visitors::add_sites,
};

pub const OLD: Theme = Theme { version: "1.0", functions: "", single: "", run: "" };
/// Changes nothing but code.
pub const NEW: Theme = Theme { version: "1.1", ..OLD };
/// Rewrites each site's data.
pub const MIGRATING: Theme = Theme { functions: MIGRATES, ..NEW };

/// A fleet of them. The first site of each is the municipality's own, the second is `/skola/`.
pub struct Towns {
    pub process: Process,
    pub images: Images,
    pub slugs: Vec<String>,
    old: ReleaseId,
    new: ReleaseId,
    migrates: bool,
    /// What is in the folder of secrets.
    secrets: Vec<String>,
}

impl Towns {
    /// So many on the old release.
    pub async fn set(count: usize, new: &Theme) -> Self {
        let process = Process::up().await;
        let mut images = Images::new(&process.fleet);
        process.register_as(&images.build("kommun-1.0", &OLD), "kommun-1.0").await;
        process.register_as(&images.build("kommun-1.1", new), "kommun-1.1").await;
        let release = async |name| store::releases::by_name(&process.store, name).await.unwrap().id;
        let (old, new_id) = (release("kommun-1.0").await, release("kommun-1.1").await);
        let mut names = Names::new();
        let names: Vec<_> = (0..count).map(|_| names.next()).collect();
        let mut begun = Vec::new();
        for name in &names {
            let email = format!("webb@{}.example.se", name.slug);
            let wish =
                json!({"slug": name.slug, "code": name.known.code, "domain": name.host(), "admin_email": email, "release": "kommun-1.0"});
            begun.push(process.begin("municipalities", &wish).await);
        }
        for id in begun {
            ended(&process, id, OperationState::Done, &[]).await;
        }
        let slugs: Vec<_> = names.into_iter().map(|name| name.slug).collect();
        for slug in &slugs {
            add_sites(&format!("{}-{}-1", process.fleet, process.instance_of(slug).await.key()), &["skola"]);
        }
        let secrets = listed(&process);
        let towns = Self { process, images, slugs, old, new: new_id, migrates: !new.functions.is_empty(), secrets };
        for slug in &towns.slugs {
            towns.runs(slug, false).await;
        }
        towns
    }

    pub fn host(&self, at: usize) -> String {
        format!("{}.localhost", self.slugs[at])
    }

    /// A rollout of the new release to these, one first, without a rehearsal.
    pub fn wish(&self, slugs: &[String], more: &Value) -> Value {
        let migration = if self.migrates { "data" } else { "none" };
        let mut knobs = json!({"in_flight": 2, "soak_seconds": [0], "rehearse": "skip", "migration": migration});
        for (knob, value) in more.as_object().into_iter().flatten() {
            knobs[knob] = value.clone();
        }
        json!({"release": "kommun-1.1", "municipalities": slugs, "waves": ["1", "100%"], "knobs": knobs})
    }

    /// It runs this release with this release's data, whole, in one container, and everybody is let in.
    pub async fn runs(&self, slug: &str, new: bool) {
        let process = &self.process;
        let instance = process.instance_of(slug).await;
        let (release, version) = if new { (self.new, "kommun 1.1") } else { (self.old, "kommun 1.0") };
        assert_eq!((instance.release, instance.paused, instance.state), (release, false, InstanceState::Running), "{slug}");
        assert_eq!(instance.generation, if new { 2 } else { 1 }, "{slug}");
        let (status, page) = process.visit(&format!("{slug}.localhost")).await;
        assert!(status == 200 && page.contains(version), "{slug}: {status} {page}\n{}", process.log());
        let running = self.containers(&instance, true);
        assert_eq!(running, [format!("{}-{}-{}", process.fleet, instance.key(), instance.generation)], "{slug}");
        if self.migrates {
            for table in ["wp_options", "wp_2_options"] {
                let found = self.option(&instance, table, "kommun_db_version");
                assert_eq!(found, if new { "2" } else { "" }, "{slug} {table}: data of one release under the code of another");
                let colour = self.option(&instance, table, "kommun_colour");
                assert_eq!(colour, if new { "migrated from nothing" } else { "" }, "{slug} {table}: migrated twice, or in part");
            }
        }
    }

    fn option(&self, instance: &Instance, table: &str, name: &str) -> String {
        let sql = format!("SELECT option_value FROM {}.{table} WHERE option_name = '{name}'", instance.schema());
        traces::query(&self.process, &sql)
    }

    /// Names of its containers: those that run, or all.
    fn containers(&self, instance: &Instance, running: bool) -> Vec<String> {
        let label = format!("label=se.flotta.fleet={}", self.process.fleet);
        let mut command = vec!["ps", "--filter", &label, "--format", "{{.Names}}"];
        if !running {
            command.push("--all");
        }
        let all = docker(&command);
        let own = format!("{}-{}", self.process.fleet, instance.key());
        all.lines().filter(|name| name.starts_with(&own)).map(ToOwned::to_owned).collect()
    }

    /// What must never be made twice in one operation, by the step that makes it: the new container and the snapshot.
    pub fn made(&self, instance: &Instance, operation: &Operation) -> BTreeMap<&'static str, String> {
        let mut found = BTreeMap::new();
        let own = format!("name=^/{}-{}-2$", self.process.fleet, instance.key());
        let snapshot = self.archive(instance, operation).join("manifest.json");
        for (step, what) in [
            ("start", docker(&["ps", "-aq", "--no-trunc", "--filter", &own])),
            ("snapshot", fs::read_to_string(snapshot).unwrap_or_default()),
        ] {
            if !what.is_empty() {
                found.insert(step, what);
            }
        }
        found
    }

    fn archive(&self, instance: &Instance, operation: &Operation) -> std::path::PathBuf {
        self.process.home.join("archives").join(instance.key()).join(operation.id.text())
    }

    /// Names of everything there is of its containers.
    pub async fn all_containers(&self, slug: &str) -> Vec<String> {
        self.containers(&self.process.instance_of(slug).await, false)
    }

    /// An update that was undone has left nothing beside what was there: a container that an earlier one kept may be gone.
    pub async fn as_before(&self, slug: &str, operation: &Operation, were: &[String]) {
        let instance = self.process.instance_of(slug).await;
        self.runs(slug, false).await;
        let told = self.process.told(operation.id).await;
        let are = self.containers(&instance, false);
        assert!(are.iter().all(|name| were.contains(name)), "{are:?} and not {were:?}: {told}");
        assert!(!self.archive(&instance, operation).exists(), "{told}");
        let path = format!("{}/{}", instance.key(), operation.id);
        assert!(store::backups::by_path(&self.process.store, &path).await.unwrap().is_none(), "{told}");
    }

    /// Nothing is under way, nothing was set aside or put right, and there is nothing but what instances need.
    pub async fn settled(&self) {
        let process = &self.process;
        let mut wanted = Vec::new();
        for slug in &self.slugs {
            let instance = process.instance_of(slug).await;
            wanted.push(instance.schema());
            for name in self.containers(&instance, false) {
                let end = name.rsplit('-').next().unwrap();
                assert!(matches!(end, "1" | "2") && !name.contains("rehearsal"), "{name} is left");
            }
        }
        wanted.sort();
        let schemas =
            traces::query(process, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'flt%' ORDER BY 1");
        assert_eq!(schemas.lines().collect::<Vec<_>>(), wanted);
        let label = format!("label=se.flotta.fleet={}", process.fleet);
        assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]).lines().count(), 1);
        assert_eq!(listed(process), self.secrets);
        for operation in process.operations().await {
            let well = matches!(operation.state, OperationState::Done | OperationState::Undone) && operation.kind != OperationKind::Repair;
            assert!(well, "{}", process.told(operation.id).await);
        }
    }

    /// Every operation that a rollout began has ended, by a journal that tells it, however often it was killed.
    pub async fn ended_all(&self, rollout: RolloutId) {
        for member in self.process.rollout(rollout).await.1 {
            for id in member.update.into_iter().chain(member.operation) {
                let operation = self.process.ended(id).await;
                let names = steps(operation.kind).0;
                traces::journal(&self.process, &operation, &names, &names.repeat(40)).await;
            }
        }
    }
}

/// Everything in the folder of secrets.
fn listed(process: &Process) -> Vec<String> {
    let mut found = Vec::new();
    crate::support::simulated::walk(&process.home, &process.home.join("secrets"), &mut found);
    found.sort();
    found
}
