// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta advisory`: known weaknesses of WordPress, themes and plugins.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    Context, Paging,
    client::Answer,
    failure::Outcome,
    output::{Column, column, text},
};
use crate::fleet::facts::ComponentKind;

/// What can be done with known weaknesses.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import a file (OSV or Wordfence Intelligence, JSON) and look who has what is in it.
    #[command(after_help = "Examples:\n  flotta advisory import wordfence.json\n  flotta advisory import own.json --source own")]
    Import(Import),
    /// List known weaknesses, and which releases have them.
    #[command(after_help = "Examples:\n  flotta advisory list\n  flotta advisory list --kind plugin --component akismet")]
    List(List),
}

/// A file to import.
#[derive(Debug, Args)]
pub struct Import {
    /// The file.
    file: PathBuf,
    /// Whose list it is; what was imported from it before is replaced. Without it the name of the file's form.
    #[arg(long, default_value = "", value_name = "NAME", hide_default_value = true)]
    source: String,
}

/// Which weaknesses to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only of `core`, `theme` or `plugin`.
    #[arg(long, value_name = "KIND")]
    kind: Option<ComponentKind>,
    /// Only of this component.
    #[arg(long, value_name = "SLUG")]
    component: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Component", "Del", |v| text(v, "/slug")),
    column("How bad", "Allvar", |v| text(v, "/severity")),
    column("What", "Vad", |v| text(v, "/title")),
    column("Releases that have it", "Utgåvor som har den", |v| {
        v["releases"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
    }),
];
const IMPORTED: &[Column] = &[
    column("Form", "Form", |v| text(v, "/form")),
    column("Source", "Källa", |v| text(v, "/source")),
    column("Weaknesses", "Sårbarheter", |v| text(v, "/advisories")),
    column("Entries left out", "Utelämnade poster", |v| text(v, "/skipped")),
    column("Open findings", "Öppna fynd", |v| text(v, "/open_findings")),
];

const ROOT: [&str; 3] = ["api", "v1", "advisories"];

/// Runs one of them.
///
/// # Errors
/// When the file cannot be read, the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Import(Import { file, source }) => {
            let mut stream = context.client.upload(&ROOT, &[("source", source)], &file).await?;
            let mut answer = Vec::new();
            while let Some(piece) = context.client.piece(&mut stream).await? {
                answer.extend_from_slice(&piece);
            }
            context.output.one(&Answer { text: String::from_utf8_lossy(&answer).into_owned() }, IMPORTED)
        }
        Command::List(args) => {
            let kind = args.kind.map(|kind| kind.to_string());
            let query = args.paging.query(&[("kind", kind.as_deref()), ("slug", args.component.as_deref())]);
            let empty = (
                "No known weakness; import a file with `flotta advisory import`.",
                "Ingen känd sårbarhet; läs in en fil med `flotta advisory import`.",
            );
            context.output.list(&context.client.get(&ROOT, &query).await?, LIST, empty)
        }
    }
}
