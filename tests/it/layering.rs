// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The house rules of `src/lib.rs`, held: which room may use which, who alone names an outside crate, what is pure, how long
//! a file may be. What stands under `#[cfg(test)]` is free.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What everybody may use.
const GROUND: [&str; 3] = ["fleet", "error", "clock"];

/// Who may use what besides the ground and themselves.
fn rules() -> BTreeMap<&'static str, Vec<&'static str>> {
    const OUTSIDE: [&str; 3] = ["store", "drivers", "vault"];
    let over = |more: &[&'static str]| OUTSIDE.iter().chain(more).copied().collect::<Vec<_>>();
    BTreeMap::from([
        ("error", vec![]),
        ("clock", vec![]),
        ("fleet", vec![]),
        ("telemetry", vec![]),
        ("store", vec![]),
        ("drivers", vec![]),
        ("vault", vec!["store"]),
        ("config", vec!["store", "vault"]),
        ("workflow", vec!["store"]),
        // The rooms, from what they share upwards.
        ("access", vec!["store", "vault"]),
        ("instances", over(&["workflow"])),
        ("releases", over(&["instances"])),
        ("platform", over(&["instances"])),
        ("rollouts", over(&["workflow", "instances", "platform", "onboarding", "releases"])),
        ("health", over(&["instances", "platform"])),
        ("catalogue", vec!["store", "workflow", "instances", "onboarding", "rollouts"]),
        ("onboarding", over(&["workflow", "instances", "platform"])),
        ("tasks", over(&["workflow", "instances", "platform", "onboarding", "releases", "rollouts", "health", "access"])),
        ("cli", vec!["config", "telemetry", "store", "vault", "access", "app", "web", "onboarding", "catalogue", "rollouts"]),
        (
            "web",
            over(&[
                "config",
                "workflow",
                "instances",
                "platform",
                "onboarding",
                "releases",
                "rollouts",
                "health",
                "access",
                "tasks",
                "catalogue",
                "app",
            ]),
        ),
        (
            "app",
            over(&[
                "config",
                "workflow",
                "instances",
                "platform",
                "onboarding",
                "releases",
                "rollouts",
                "health",
                "access",
                "tasks",
                "catalogue",
                "web",
            ]),
        ),
        ("lib", vec!["*"]),
        ("main", vec!["*"]),
    ])
}

/// Who alone may name an outside crate, by the start of the path.
const ALONE: [(&str, &[&str]); 7] = [
    ("diesel", &["store/"]),
    ("diesel_async", &["store/"]),
    ("bollard", &["drivers/engine/docker/"]),
    ("mysql_async", &["drivers/database_server/mariadb"]),
    ("actix_web", &["web/"]),
    ("handlebars", &["web/"]),
    ("clap", &["cli/", "main.rs"]),
];

/// Files that decide and never act.
const PURE: [&str; 42] = [
    "drivers/outside/reach.rs",
    "drivers/outside/way.rs",
    "health/advisories.rs",
    "health/blame.rs",
    "health/desk.rs",
    "health/findings.rs",
    "health/history/block.rs",
    "health/history/byte.rs",
    "health/history/figures.rs",
    "health/history/ledger.rs",
    "health/history/sheet.rs",
    "health/monitor.rs",
    "health/notices/decide.rs",
    "health/notices/letter.rs",
    "health/notices/queue.rs",
    "health/notices/words.rs",
    "health/objective.rs",
    "health/observer.rs",
    "health/outside/judge.rs",
    "health/outside/kin.rs",
    "health/outside/plan.rs",
    "health/outside/reading.rs",
    "health/outside/request.rs",
    "health/reading.rs",
    "health/report.rs",
    "health/verdict.rs",
    "health/wheel.rs",
    "rollouts/blame.rs",
    "rollouts/compare.rs",
    "rollouts/complaints.rs",
    "rollouts/decide.rs",
    "rollouts/plan.rs",
    "rollouts/reading.rs",
    "rollouts/rehearsals/classify.rs",
    "rollouts/rehearsals/differ.rs",
    "rollouts/rehearsals/judge.rs",
    "web/view/picture.rs",
    "workflow/decide.rs",
    "workflow/interrupt.rs",
    "instances/drift.rs",
    "instances/spec.rs",
    "onboarding/request.rs",
];
/// What acting needs.
const ACTS: [&str; 10] = [
    "tokio::",
    "std::fs",
    "std::net::Tcp",
    "std::process",
    "SystemTime",
    "Timestamp::now",
    "crate::store::",
    "reqwest",
    "rand::",
    ".await",
];

/// Every file of `src`: its path in there, and its text without comments and tests.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    gather(&root, &mut files);
    let path = |p: &Path| p.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    files.iter().map(|p| (path(p), fs::read_to_string(p).unwrap())).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names after `crate::`, also in groups.
fn named(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut first = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => first = true,
                    c if depth == 1 && first && (c.is_alphanumeric() || c == '_') => {
                        word.push(c);
                        continue;
                    }
                    c if c.is_whitespace() && word.is_empty() => continue,
                    _ => first = false,
                }
                if !word.is_empty() {
                    rooms.insert(std::mem::take(&mut word));
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            rooms.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms
}

#[test]
fn rooms_use_only_what_lies_below() {
    let rules = rules();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = path.split(['/', '.']).next().unwrap().to_owned();
        let Some(allowed) = rules.get(room.as_str()) else {
            wrong.push(format!("{path}: room `{room}` has no rule here yet"));
            continue;
        };
        if allowed.contains(&"*") {
            continue;
        }
        for used in named(&code(&text)) {
            if used != room && !GROUND.contains(&used.as_str()) && !allowed.contains(&used.as_str()) && rules.contains_key(used.as_str()) {
                wrong.push(format!("{path} uses `{used}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows go down only (src/lib.rs):\n{}", wrong.join("\n"));
}

#[test]
fn outside_crates_have_one_room() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let code = code(&text);
        for (name, rooms) in ALONE {
            let names =
                |pattern: &str| code.match_indices(pattern).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            if !rooms.iter().any(|room| path.starts_with(room)) && (names(&format!("{name}::")) || names(&format!("use {name};"))) {
                wrong.push(format!("{path} names `{name}`; only {} may", rooms.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_decides_does_not_act() {
    let sources = sources();
    for pure in PURE {
        let (_, text) = sources.iter().find(|(path, _)| path == pure).unwrap_or_else(|| panic!("{pure} is gone: change the list"));
        for acts in ACTS {
            assert!(!code(text).contains(acts), "{pure} holds `{acts}`, but it only decides");
        }
    }
}

#[test]
fn no_file_is_too_long_and_all_say_whose_they_are() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines < 600, "{path} has {lines} lines; split it before 600");
        assert!(
            text.starts_with("// SPDX-FileCopyrightText: ") && text.contains("// SPDX-License-Identifier: EUPL-1.2"),
            "{path} has no licence header"
        );
    }
}

#[test]
fn groups_are_read() {
    let text = "use crate::{\n    error::{Error, Result},\n    store::{self, Store},\n    vault,\n};\nuse crate::fleet::{a, b};\nlet x = crate::drivers::y();";
    let all: Vec<_> = named(text).into_iter().collect();
    assert_eq!(all, ["drivers", "error", "fleet", "store", "vault"]);
}
