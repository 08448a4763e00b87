// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta address`: what is checked of a municipality besides its sites.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};
use crate::fleet::Slug;

/// What can be done with addresses.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List a municipality's addresses.
    #[command(after_help = "Examples:\n  flotta address list lund")]
    List(List),
    /// Check an address once a minute: a portal, an e-service.
    #[command(
        after_help = "Examples:\n  flotta address add lund https://e-tjanster.lund.se/ --label E-tjänster\n  flotta address add lund https://intra.lund.se/ --status 401"
    )]
    Add(Add),
    /// Check an address no more.
    #[command(after_help = "Examples:\n  flotta address remove lund 12")]
    Remove(Remove),
}

/// Whose addresses to list.
#[derive(Debug, Args)]
pub struct List {
    /// The municipality.
    slug: Slug,
    #[command(flatten)]
    paging: Paging,
}

/// An address to check.
#[derive(Debug, Args)]
pub struct Add {
    /// The municipality.
    slug: Slug,
    /// The whole address, with https:// or http://.
    #[arg(value_name = "URL")]
    address: String,
    /// Its name for people.
    #[arg(long, default_value = "", value_name = "TEXT", hide_default_value = true)]
    label: String,
    /// The status that is expected; without it any that means success, after redirects.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u32).range(200..=599))]
    status: Option<u32>,
    /// A text that the page must hold.
    #[arg(long, default_value = "", value_name = "TEXT", hide_default_value = true)]
    keyword: String,
}

/// An address to check no more.
#[derive(Debug, Args)]
pub struct Remove {
    /// The municipality.
    slug: Slug,
    /// The address's number.
    number: u32,
}

const LIST: &[Column] = &[
    column("No", "Nr", |v| text(v, "/number")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Name", "Namn", |v| text(v, "/label")),
    column("State", "Läge", |v| text(v, "/health")),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Since", "Sedan", |v| time(v, "/since")),
];
const ONE: &[Column] = &[
    column("Number", "Nummer", |v| text(v, "/number")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Name", "Namn", |v| text(v, "/label")),
    column("Status expected", "Väntad status", |v| text(v, "/status")),
    column("Text expected", "Väntad text", |v| text(v, "/keyword")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::List(List { slug, paging }) => {
            let path = ["api", "v1", "municipalities", slug.as_str(), "addresses"];
            let empty = ("No address besides the sites is checked.", "Ingen adress utöver webbplatserna kontrolleras.");
            context.output.list(&context.client.get(&path, &paging.query(&[])).await?, LIST, empty)
        }
        Command::Add(Add { slug, address, label, status, keyword }) => {
            let path = ["api", "v1", "municipalities", slug.as_str(), "addresses"];
            let body = json!({"address": address, "label": label, "status": status, "keyword": keyword});
            let answer = context.client.post(&path, &body, None).await?;
            context.output.one(&answer, ONE)?;
            context.said("It is checked within a minute.", "Den kontrolleras inom en minut.")
        }
        Command::Remove(Remove { slug, number }) => {
            let number = number.to_string();
            let path = ["api", "v1", "municipalities", slug.as_str(), "addresses", &number];
            context.client.delete(&path, &[]).await?;
            context.said(&format!("Address {number} is checked no more."), &format!("Adress {number} kontrolleras inte längre."))
        }
    }
}
