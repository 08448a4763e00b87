// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality hold`, `unhold`, `pin`, `window`: what a municipality's own people decide about rollouts. Each changes one
//! part of the policy and leaves the others as they are.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Context, Which, path};
use crate::cli::{
    failure::{Failure, Outcome},
    output::{Column, column, text, time},
};

/// What to hold.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality hold ale --days 7 --reason 'the election'
  flotta municipality hold ale --until 2026-12-24T12:00:00Z --reason 'Christmas'
  flotta municipality hold ale --reason 'a plugin that must be mended first'

Without an end it lasts until `flotta municipality unhold`. A municipality's own people hold it for 14 days at most.")]
pub struct Hold {
    #[command(flatten)]
    which: Which,
    /// Why, in a few words that others see.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For so many days from now.
    #[arg(long, value_name = "N", conflicts_with = "until", value_parser = clap::value_parser!(u16).range(1..=365))]
    days: Option<u16>,
    /// Until then, such as 2026-12-24T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

/// Whose hold to end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  flotta municipality unhold ale")]
pub struct Unhold {
    #[command(flatten)]
    which: Which,
}

/// What to pin.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  flotta municipality pin ale 6.8-1\n  flotta municipality pin ale --any")]
pub struct Pin {
    #[command(flatten)]
    which: Which,
    /// The only release that it may be moved to.
    #[arg(value_name = "RELEASE", required_unless_present = "any", conflicts_with = "any")]
    release: Option<String>,
    /// Any release again.
    #[arg(long)]
    any: bool,
}

/// When to update.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality window ale 'Mon-Thu 22:00-04:00'
  flotta municipality window ale 'Mon-Fri 18:00-24:00, Sun 06:00-12:00'
  flotta municipality window ale --always

The hours are Swedish time. One that goes past midnight belongs to the day on which it begins.")]
pub struct Window {
    #[command(flatten)]
    which: Which,
    /// Days and hours.
    #[arg(value_name = "HOURS", required_unless_present = "always", conflicts_with = "always")]
    hours: Option<crate::fleet::policy::Window>,
    /// At any time again.
    #[arg(long)]
    always: bool,
}

const POLICY: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("Held because", "Uppehåll på grund av", |v| text(v, "/hold/reason")),
    column("Held until", "Uppehåll till", |v| time(v, "/hold/until")),
    column("Held by", "Uppehåll av", |v| text(v, "/hold/by")),
    column("Pinned to", "Låst till", |v| text(v, "/pin")),
    column("Window", "Servicefönster", |v| text(v, "/window")),
];

/// Changes one part of a policy.
async fn change(context: &Context, which: &Which, part: &str, value: Value) -> Outcome {
    let path = path(&which.slug, Some("policy"));
    let query: Vec<(&str, String)> = which.environment.map(|e| ("environment", e.to_string())).into_iter().collect();
    let now: Value = context.client.get(&path, &query).await?.read()?;
    let mut body = which.body();
    if !now["hold"].is_null() {
        body.insert("hold".to_owned(), json!({"reason": now["hold"]["reason"], "until": now["hold"]["until"]}));
    }
    for kept in ["pin", "window"] {
        body.insert(kept.to_owned(), now[kept].clone());
    }
    body.insert(part.to_owned(), value);
    context.output.one(&context.client.put(&path, &Value::Object(body)).await?, POLICY)
}

pub(super) async fn hold(context: &Context, args: &Hold) -> Outcome {
    let until = match args.days {
        None => args.until,
        Some(days) => {
            let end = Timestamp::now().checked_add(SignedDuration::from_hours(24 * i64::from(days)));
            Some(end.map_err(|e| Failure::usage("days", e.to_string(), "give fewer"))?)
        }
    };
    change(context, &args.which, "hold", json!({"reason": args.reason, "until": until})).await
}

pub(super) async fn unhold(context: &Context, args: &Unhold) -> Outcome {
    change(context, &args.which, "hold", Value::Null).await
}

pub(super) async fn pin(context: &Context, args: &Pin) -> Outcome {
    change(context, &args.which, "pin", json!(args.release)).await
}

pub(super) async fn window(context: &Context, args: &Window) -> Outcome {
    change(context, &args.which, "window", json!(args.hours.as_ref().map(ToString::to_string))).await
}
