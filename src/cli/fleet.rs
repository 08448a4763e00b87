// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta fleet`: questions over the whole fleet.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which versions run where, and who is behind; without more, of WordPress itself.
    #[command(
        after_help = "Examples:\n  flotta fleet versions\n  flotta fleet versions --plugin akismet\n  flotta fleet versions --plugins\n  flotta fleet versions --themes"
    )]
    Versions(Versions),
    /// What threw fatal errors in the last seven days, and where.
    #[command(after_help = "Examples:\n  flotta fleet errors")]
    Errors(Paging),
    /// What grew most in thirty days.
    #[command(after_help = "Examples:\n  flotta fleet growth")]
    Growth(Paging),
}

/// Of what.
#[derive(Debug, Args)]
pub struct Versions {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    paging: Paging,
}

/// One component, or all of a kind.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Which {
    /// WordPress itself.
    #[arg(long)]
    core: bool,
    /// Every theme.
    #[arg(long)]
    themes: bool,
    /// Every plugin.
    #[arg(long)]
    plugins: bool,
    /// One theme, by its folder.
    #[arg(long, value_name = "THEME")]
    theme: Option<String>,
    /// One plugin, by its folder.
    #[arg(long, value_name = "PLUGIN")]
    plugin: Option<String>,
}

fn whose(v: &Value) -> String {
    v["municipalities"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

const VERSIONS: &[Column] = &[
    column("Component", "Del", |v| text(v, "/component")),
    column("Version", "Version", |v| text(v, "/version")),
    column("Newest", "Nyast", |v| if v["behind"] == true { "✗".to_owned() } else { "✓".to_owned() }),
    column("Sites", "Webbplatser", |v| text(v, "/sites")),
    column("Municipalities", "Kommuner", whose),
];
const ERRORS: &[Column] = &[
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Component", "Del", |v| text(v, "/component")),
    column("Version", "Version", |v| text(v, "/version")),
    column("Times", "Gånger", |v| text(v, "/total")),
    column("Last", "Senast", |v| time(v, "/last_at")),
    column("Message", "Meddelande", |v| text(v, "/message")),
    column("Municipalities", "Kommuner", whose),
];
const GROWTH: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("Days", "Dagar", |v| text(v, "/days")),
    column("Database", "Databas", |v| text(v, "/database_bytes")),
    column("Grew by", "Växte med", |v| text(v, "/database_grew_bytes")),
    column("Uploads", "Uppladdat", |v| text(v, "/uploads_bytes")),
    column("Grew by", "Växte med", |v| text(v, "/uploads_grew_bytes")),
];

const ROOT: [&str; 3] = ["api", "v1", "inventory"];
const EMPTY: (&str, &str) = ("Nothing is known of that.", "Inget är känt om det.");

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Versions(Versions { which, paging }) => {
            let (kind, slug) = match &which {
                Which { theme: Some(slug), .. } => ("theme", Some(slug.as_str())),
                Which { plugin: Some(slug), .. } => ("plugin", Some(slug.as_str())),
                Which { themes: true, .. } => ("theme", None),
                Which { plugins: true, .. } => ("plugin", None),
                Which { core: true | false, .. } => ("core", None),
            };
            let answer = context.client.get(&ROOT, &paging.query(&[("kind", Some(kind)), ("slug", slug)])).await?;
            context.output.list(&answer, VERSIONS, EMPTY)
        }
        Command::Errors(paging) => {
            let answer = context.client.get(&[&ROOT[..], &["errors"]].concat(), &paging.query(&[])).await?;
            context.output.list(&answer, ERRORS, EMPTY)
        }
        Command::Growth(paging) => {
            let answer = context.client.get(&[&ROOT[..], &["growth"]].concat(), &paging.query(&[])).await?;
            context.output.list(&answer, GROWTH, EMPTY)
        }
    }
}
