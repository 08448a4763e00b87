// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta operation`: list, show, watch, retry.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::Outcome,
    follow::{self, follow},
    municipality::succeeded,
    output::{Column, column, line, text, time},
    progress::Work,
};
use crate::fleet::{OperationId, OperationState, Slug, operation::OperationKind};

/// What can be done with operations.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List operations, newest first.
    #[command(
        after_help = "Examples:\n  flotta operation list --state live\n  flotta operation list --municipality helsingborg --kind onboard"
    )]
    List(List),
    /// Show one operation with its journal.
    #[command(after_help = "Examples:\n  flotta operation show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Show(One),
    /// Follow an operation until it ends.
    #[command(
        after_help = "Examples:\n  flotta operation watch 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e\n\nCtrl-C ends the watching, not the operation."
    )]
    Watch(One),
    /// Try an operation again that ended with something left.
    #[command(after_help = "Examples:\n  flotta operation retry 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Retry(Retry),
}

/// Which operations to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this municipality.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    /// Only in this state: live, done, undone, failed or parked.
    #[arg(long, value_name = "STATE")]
    state: Option<OperationState>,
    /// Only of this kind: onboard, suspend, resume, offboard or repair.
    #[arg(long, value_name = "KIND")]
    kind: Option<OperationKind>,
    #[command(flatten)]
    paging: Paging,
}

/// One operation.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: OperationId,
}

/// One operation to try again.
#[derive(Debug, Args)]
pub struct Retry {
    /// Its id.
    id: OperationId,
    /// Do not wait for the end; print the operation.
    #[arg(long)]
    no_wait: bool,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Step", "Steg", |v| text(v, "/step")),
    column("Asked for", "Begärd", |v| time(v, "/created_at")),
    column("By", "Av", |v| text(v, "/requested_by")),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Step", "Steg", |v| text(v, "/step")),
    column("Direction", "Riktning", |v| text(v, "/direction")),
    column("Error", "Fel", |v| text(v, "/error")),
    column("Asked for", "Begärd", |v| time(v, "/created_at")),
    column("By", "Av", |v| text(v, "/requested_by")),
    column("Ended", "Avslutad", |v| time(v, "/finished_at")),
];
const JOURNAL: &[Column] = &[
    column("No", "Nr", |v| text(v, "/seq")),
    column("At", "Tid", |v| text(v, "/at")),
    column("Step", "Steg", |v| text(v, "/step")),
    column("What", "Vad", |v| text(v, "/kind")),
    column("Message", "Meddelande", |v| text(v, "/message")),
];

const ROOT: [&str; 3] = ["api", "v1", "operations"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::List(args) => list(context, &args).await,
        Command::Show(args) => show(context, &args.id.text()).await,
        Command::Watch(args) => {
            let answer = context.client.get(&[&ROOT[..], &[&args.id.text()]].concat(), &[]).await?;
            watch(context, &answer.read()?).await
        }
        Command::Retry(args) => {
            let answer = context.client.post(&[&ROOT[..], &[&args.id.text(), "retry"]].concat(), &json!({}), None).await?;
            let work: Work = answer.read()?;
            match (args.no_wait, context.output.is_json()) {
                (false, _) => watch(context, &work).await,
                (true, true) => context.output.json(&answer.text),
                (true, false) => line(&follow::goes_on(&work.id, context.language())),
            }
        }
    }
}

async fn list(context: &Context, args: &List) -> Outcome {
    let (state, kind) = (args.state.map(|s| s.to_string()), args.kind.map(|k| k.to_string()));
    let query = args.paging.query(&[
        ("municipality", args.municipality.as_ref().map(Slug::as_str)),
        ("state", state.as_deref()),
        ("kind", kind.as_deref()),
    ]);
    context.output.list(&context.client.get(&ROOT, &query).await?, LIST, ("No such operation.", "Ingen sådan åtgärd."))
}

async fn show(context: &Context, id: &str) -> Outcome {
    let answer = context.client.get(&[&ROOT[..], &[id]].concat(), &[]).await?;
    context.output.one(&answer, ONE)?;
    let operation: Value = answer.read()?;
    match operation["events"].as_array() {
        Some(events) if !context.output.is_json() && !events.is_empty() => {
            line("")?;
            line(&context.output.table(JOURNAL, events))
        }
        _ => Ok(()),
    }
}

async fn watch(context: &Context, work: &Work) -> Outcome {
    let (ended, json) = follow(&context.client, work, context.language()).await?;
    if context.output.is_json() {
        context.output.json(&json)?;
    }
    succeeded(context, &ended)?;
    context.said("The operation is done.", "Åtgärden är klar.")
}
