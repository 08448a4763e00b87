// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta backup`: what was saved of a municipality.

use clap::{Args, Subcommand};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, bytes, column, text, time},
};
use crate::fleet::Slug;

/// What can be done with backups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a municipality's backups, and when a restore of each was last proved.
    #[command(after_help = "Examples:\n  flotta backup list helsingborg")]
    List(List),
}

/// Whose backups.
#[derive(Debug, Args)]
pub struct List {
    /// The municipality's slug.
    slug: Slug,
    #[command(flatten)]
    paging: Paging,
}

const COLUMNS: &[Column] = &[
    column("Made", "Skapad", |v| time(v, "/created_at")),
    column("Why", "Varför", |v| text(v, "/kind")),
    column("Size", "Storlek", |v| bytes(v, "/size_bytes")),
    column("Restore proved", "Återställning provad", |v| time(v, "/verified_at")),
    column("Place", "Plats", |v| text(v, "/path")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let Command::List(args) = command;
    let path = ["api", "v1", "municipalities", args.slug.as_str(), "backups"];
    let answer = context.client.get(&path, &args.paging.query(&[])).await?;
    context.output.list(&answer, COLUMNS, ("No backup.", "Ingen säkerhetskopia."))
}
