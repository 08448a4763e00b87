// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every workflow's version and steps, as stored journals name them. A change here must be meant: an operation begun by one
//! binary may be ended by another. CONTRIBUTING.md, "Change a workflow", tells how.

use flotta::catalogue as workflows;

const FILE: &str = "tests/it/golden/workflows.txt";

#[test]
fn workflows_are_what_stored_journals_name() {
    let text: String = workflows::all()
        .iter()
        .map(|w| format!("{} {} commit {:?} then {:?}\n  {}\n", w.kind, w.version, w.commit, w.after_commit, w.names().join("\n  ")))
        .collect();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("FLOTTA_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text, golden,
        "the step lists differ from {FILE}; raise the version where an older binary could not go on, and run this test with FLOTTA_WRITE_GOLDEN=1"
    );
}

#[test]
fn there_is_one_workflow_of_each_kind_and_no_step_twice() {
    use flotta::fleet::OperationKind::{Offboard, Onboard, Repair, Resume, Revert, Suspend, Update};
    let all = workflows::all();
    for kind in [Onboard, Suspend, Resume, Offboard, Repair, Update, Revert] {
        assert_eq!(all.iter().filter(|w| w.kind == kind).count(), 1, "{kind}");
    }
    for workflow in &all {
        let mut names = workflow.names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), workflow.steps.len(), "{}", workflow.kind);
    }
}
