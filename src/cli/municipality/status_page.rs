// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality status-page`: whether anybody may see how a municipality's sites are.

use clap::Args;
use serde_json::json;

use super::path;
use crate::{
    cli::{
        Context,
        failure::Outcome,
        output::{Column, column, text, time},
    },
    fleet::Slug,
};

/// Which page, and what to do with it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality status-page ale
  flotta municipality status-page ale --open
  flotta municipality status-page ale --close

The page is closed until somebody opens it. It shows the municipality's own sites and other addresses, and what touches them.")]
pub struct StatusPage {
    /// The municipality's slug.
    slug: Slug,
    /// Let anybody see it.
    #[arg(long, conflicts_with = "close")]
    open: bool,
    /// Let nobody see it any more.
    #[arg(long)]
    close: bool,
}

const PAGE: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Open", "Öppen", |v| text(v, "/open")),
    column("Opened by", "Öppnad av", |v| text(v, "/opened_by")),
    column("Opened", "Öppnad", |v| time(v, "/opened_at")),
    column("Address", "Adress", |v| text(v, "/url")),
    column("Badge", "Märke", |v| text(v, "/badge")),
    column("HTML for other sites", "HTML för andra webbplatser", |v| text(v, "/snippet")),
];

pub(super) async fn run(context: &Context, args: &StatusPage) -> Outcome {
    let path = path(&args.slug, Some("status-page"));
    let answer = if args.open || args.close {
        context.client.put(&path, &json!({"open": args.open})).await?
    } else {
        context.client.get(&path, &[]).await?
    };
    context.output.one(&answer, PAGE)
}
