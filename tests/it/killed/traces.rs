// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What there is of a municipality: in the engine, the database server, the fleet's home and the store.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    path::Path,
};

use flotta::{
    fleet::{Direction, EventKind, Instance, Operation, OperationKind, Scope},
    store::{self, PageRequest},
};

use crate::support::{
    process::{Process, docker},
    simulated::walk,
};

/// Runs a query as the database server's administrator.
pub fn query(process: &Process, sql: &str) -> String {
    docker(&["exec", &format!("{}-db-1", process.fleet), "mariadb", "-N", "-B", "-e", sql])
}

/// Everything there is of the municipality, and of what is made while one is onboarded, as lines without anything secret.
pub async fn left(process: &Process, operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    let label = format!("label=se.flotta.fleet={}", process.fleet);
    for (what, listing) in [
        ("container", docker(&["ps", "-a", "--filter", &label, "--format", "{{.Names}}"])),
        ("volume", docker(&["volume", "ls", "--filter", &label, "--format", "{{.Name}}"])),
        ("network", docker(&["network", "ls", "--filter", &label, "--format", "{{.Name}}"])),
        ("schema", query(process, "SELECT schema_name FROM information_schema.schemata")),
        ("user", query(process, "SELECT DISTINCT user FROM mysql.user")),
    ] {
        found.extend(listing.lines().map(|name| format!("{what} {name}")));
    }
    for folder in ["secrets", "archives", "run/gateway/routes"] {
        walk(&process.home, &process.home.join(folder), &mut found);
    }
    let all = PageRequest { page: 1, per_page: 500 };
    let municipalities = store::municipalities::all(&process.store, &Scope::Fleet).await.unwrap();
    found.extend(municipalities.iter().map(|m| format!("row municipality {}", m.slug)));
    for i in store::instances::all(&process.store, &Scope::Fleet).await.unwrap() {
        found.push(format!("row instance {} {} {}", i.key(), i.desired, i.state));
    }
    found.extend(store::instances::domains(&process.store).await.unwrap().iter().map(|(d, ..)| format!("row domain {d}")));
    found.extend(store::secrets::all(&process.store).await.unwrap().iter().map(|s| format!("row secret of {}", s.owner)));
    let backups = store::backups::list(&process.store, &Scope::Fleet, None, all).await.unwrap();
    found.extend(backups.items.iter().map(|b| format!("row backup {} {} proved {}", b.kind, b.path, b.verified_at.is_some())));
    // The firewall's own container comes and goes with every look at the platform.
    let slug = operation.slug.as_str();
    let names = [slug.to_owned(), slug.replace('-', "_"), operation.instance.text(), "template".to_owned()];
    found.retain(|line| names.iter().any(|name| line.contains(name)));
    found.sort();
    found
}

/// What must never be made twice, as far as it is there, under the name of the step that makes it: each has an id, a time of
/// making or a content that making it again would change.
pub fn made(process: &Process, instance: &Instance, operation: &Operation) -> BTreeMap<&'static str, String> {
    let mut found = BTreeMap::new();
    let mut note = |step, value: String| {
        if !value.trim().is_empty() {
            found.insert(step, value);
        }
    };
    let fleet = &process.fleet;
    let key = instance.key();
    let label = format!("label=se.flotta.fleet={fleet}");
    note("container", docker(&["ps", "-aq", "--no-trunc", "--filter", &label, "--filter", &format!("name=^/{fleet}-{key}-1$")]));
    let uploads = format!("{fleet}-{key}-uploads");
    let volumes = docker(&["volume", "ls", "-q", "--filter", &label]);
    if volumes.lines().any(|name| name == uploads) {
        // The engine's own time of making is that of the last change.
        let folder = docker(&["volume", "inspect", "--format", "{{.Mountpoint}}", &uploads]);
        note("volume", format!("{:?}", fs::metadata(folder).unwrap().created().unwrap()));
    }
    let schema = instance.schema();
    note("database", query(process, &format!("SELECT authentication_string FROM mysql.user WHERE user = '{schema}'")));
    let tables = format!("SELECT table_name, create_time FROM information_schema.tables WHERE table_schema = '{schema}' ORDER BY 1");
    note("install", query(process, &tables));
    let secrets = process.home.join("secrets").join(instance.id.text());
    note("secrets", contents(&secrets, |name| !name.starts_with('.')));
    let archive = process.home.join("archives").join(&key).join(operation.id.text());
    let step = if operation.kind == OperationKind::Offboard { "final-archive" } else { "backup" };
    note(step, contents(&archive, |name| name == "manifest.json"));
    found
}

/// The names of a folder's files, each with a digest of what it holds.
fn contents(folder: &Path, which: impl Fn(&str) -> bool) -> String {
    let Ok(entries) = fs::read_dir(folder) else { return String::new() };
    let mut lines: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| which(&entry.file_name().to_string_lossy()))
        .map(|entry| {
            let mut hasher = DefaultHasher::new();
            fs::read(entry.path()).unwrap().hash(&mut hasher);
            format!("{} {:x}", entry.file_name().display(), hasher.finish())
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

/// The journal tells one story: every step done once and in order (or undone once, in reverse), and begun once, and once more
/// for each kill at it and each try that failed.
pub async fn journal(process: &Process, operation: &Operation, names: &[&str], kills: &[&str]) {
    let events = process.journal(operation.id).await;
    let told = process.told(operation.id).await;
    assert!(events.iter().map(|e| e.seq).eq(1..=i64::try_from(events.len()).unwrap()), "{told}");
    let of = |kind: EventKind| events.iter().filter(|e| e.kind == kind).map(|e| e.step.as_str()).collect::<Vec<_>>();
    // A busy engine may need more than one try, which the journal then says; a try that was killed says nothing.
    let failed = of(EventKind::Failed);
    let (done, undone) = (of(EventKind::Done), of(EventKind::Undone));
    if operation.direction == Direction::Forward {
        assert_eq!(done, names, "{told}");
        assert!(undone.is_empty(), "{told}");
    } else {
        assert_eq!(done, &names[..done.len()], "{told}");
        let back: Vec<_> = names[..undone.len()].iter().rev().copied().collect();
        assert_eq!(undone, back, "{told}");
        assert!(undone.len() >= done.len(), "{told}");
    }
    for kind in [EventKind::Intent, EventKind::Undoing] {
        for step in names {
            let count = of(kind).iter().filter(|s| *s == step).count();
            let most = 1 + kills.iter().chain(&failed).filter(|s| *s == step).count();
            assert!(count <= most, "{step}: {count} times {kind}\n{told}");
        }
    }
}
