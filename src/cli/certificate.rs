// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta certificate`: which certificates end when.

use clap::{Args, Subcommand};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};
use crate::fleet::Slug;

/// What can be seen of certificates.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the certificates of sites and addresses, what ends first first.
    #[command(after_help = "Examples:\n  flotta certificate list --ends-in 30d\n  flotta certificate list --municipality lund")]
    List(List),
}

/// Which certificates.
#[derive(Debug, Args)]
pub struct List {
    /// Only those that end within so many days, such as 30d; those that have ended are among them.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    ends_in: Option<u32>,
    /// Only this municipality's.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    #[command(flatten)]
    paging: Paging,
}

/// `30d` or `30`.
fn days(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('d').unwrap_or(text).parse::<u32>().ok();
    number.filter(|days| (1..=3650).contains(days)).ok_or_else(|| "give days, such as 30d".to_owned())
}

const LIST: &[Column] = &[
    column("Ends", "Slutar", |v| time(v, "/certificate/ends_at")),
    column("Days", "Dagar", |v| text(v, "/days_left")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("No", "Nr", |v| text(v, "/number")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Issuer", "Utfärdare", |v| text(v, "/certificate/issuer")),
    column("Trust", "Tillit", |v| text(v, "/certificate/trust")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let Command::List(List { ends_in, municipality, paging }) = command;
    let days = ends_in.map(|days| days.to_string());
    let query = paging.query(&[("ends_in_days", days.as_deref()), ("municipality", municipality.as_ref().map(Slug::as_str))]);
    let empty = ("No such certificate.", "Inget sådant certifikat.");
    context.output.list(&context.client.get(&["api", "v1", "certificates"], &query).await?, LIST, empty)
}
