// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta audit`: who did what, from where, and what came of it.

use clap::{Args, Subcommand};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};
use crate::fleet::Slug;

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what was done, newest first.
    #[command(
        after_help = "Examples:\n  flotta audit list --actor anna@helsingborg.se\n  flotta audit list --action municipality.onboard --output json"
    )]
    List(List),
}

/// Which lines.
#[derive(Debug, Args)]
pub struct List {
    /// Only by this user.
    #[arg(long, value_name = "EMAIL")]
    actor: Option<String>,
    /// Only this action, such as municipality.onboard.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only on this municipality.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    #[command(flatten)]
    paging: Paging,
}

const COLUMNS: &[Column] = &[
    column("At", "Tid", |v| time(v, "/at")),
    column("Who", "Vem", |v| text(v, "/actor")),
    column("Did", "Gjorde", |v| text(v, "/action")),
    column("On", "På", |v| text(v, "/target")),
    column("Result", "Resultat", |v| text(v, "/result")),
    column("From", "Från", |v| text(v, "/address")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let Command::List(args) = command;
    let query = args.paging.query(&[
        ("actor", args.actor.as_deref()),
        ("action", args.action.as_deref()),
        ("municipality", args.municipality.as_ref().map(Slug::as_str)),
    ]);
    let answer = context.client.get(&["api", "v1", "audit"], &query).await?;
    context.output.list(&answer, COLUMNS, ("Nothing of the kind was done.", "Inget sådant har gjorts."))
}
