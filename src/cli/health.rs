// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta health`: how the fleet is.

use std::{collections::BTreeMap, time::Duration};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    output::{Column, column, line, text, time},
    words,
};
use crate::fleet::{Slug, health::Health};

mod history;

/// How often is looked while watching.
const EVERY: Duration = Duration::from_secs(5);

/// What can be seen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every municipality by its worst state, or every site of one; exit status 3 where one is down.
    #[command(
        after_help = "Examples:\n  flotta health show\n  flotta health show helsingborg\n  flotta health show helsingborg --health down"
    )]
    Show(Show),
    /// Tell what changes, until Ctrl-C.
    #[command(after_help = "Examples:\n  flotta health watch\n  flotta health watch --output json")]
    Watch,
    /// Show how a site was over 48 hours, 35 days or 400 days.
    #[command(after_help = "Examples:\n  flotta health history 7\n  flotta health history 7 --range 400d")]
    History(history::History),
    /// Show, or decide, what availability a municipality's sites are to have.
    #[command(after_help = "Examples:\n  flotta health objective helsingborg\n  flotta health objective helsingborg --set 99.95")]
    Objective(history::Objective),
    /// Show a month of a municipality: availability, minutes down, incidents.
    #[command(
        after_help = "Examples:\n  flotta health report helsingborg --month 2026-11\n  flotta health report helsingborg --month 2026-11 --csv > november.csv"
    )]
    Report(history::Report),
}

/// What to show.
#[derive(Debug, Args)]
pub struct Show {
    /// The municipality whose sites are shown.
    slug: Option<Slug>,
    /// Only sites in this state: ok, unknown, slow, suspect, flapping or down.
    #[arg(long, value_name = "STATE", requires = "slug")]
    health: Option<Health>,
    #[command(flatten)]
    paging: Paging,
}

const BOARD: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("State", "Läge", |v| text(v, "/worst")),
    column("Checks", "Kontroller", |v| text(v, "/checks")),
    column("In each state", "I varje läge", |v| counts(&v["states"])),
];
const CHECKS: &[Column] = &[
    column("No", "Nr", |v| text(v, "/number")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("State", "Läge", |v| text(v, "/health")),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Since", "Sedan", |v| time(v, "/since")),
];

/// `3 ok, 1 down`.
fn counts(states: &Value) -> String {
    let one = |(state, count): (&String, &Value)| format!("{count} {state}");
    states.as_object().map(|states| states.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or a site is down.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Show(Show { slug: None, paging, .. }) => board(context, &paging).await,
        Command::Show(Show { slug: Some(slug), health, paging }) => checks(context, &slug, health, &paging).await,
        Command::Watch => watch(context).await,
        Command::History(asked) => history::history(context, &asked).await,
        Command::Objective(asked) => history::objective(context, &asked).await,
        Command::Report(asked) => history::report(context, &asked).await,
    }
}

async fn board(context: &Context, paging: &Paging) -> Outcome {
    let answer = context.client.get(&["api", "v1", "health"], &paging.query(&[])).await?;
    let empty = (
        "No municipality yet; onboard one with `flotta municipality onboard`.",
        "Ingen kommun än; anslut en med `flotta municipality onboard`.",
    );
    context.output.list(&answer, BOARD, empty)?;
    let board: Value = answer.read()?;
    if !context.output.is_json() {
        let (open, checks) = (text(&board, "/open_incidents"), text(&board, "/checks"));
        line("")?;
        context.said(&format!("{checks} checks, {open} open incidents"), &format!("{checks} kontroller, {open} öppna incidenter"))?;
    }
    fine(&board["worst"])
}

async fn checks(context: &Context, slug: &Slug, health: Option<Health>, paging: &Paging) -> Outcome {
    let state = health.map(|health| health.to_string());
    let query = paging.query(&[("municipality", Some(slug.as_str())), ("health", state.as_deref())]);
    let answer = context.client.get(&["api", "v1", "checks"], &query).await?;
    let empty = (
        "No such site is checked; new ones are found within five minutes.",
        "Ingen sådan webbplats kontrolleras; nya hittas inom fem minuter.",
    );
    context.output.list(&answer, CHECKS, empty)?;
    let page: Value = answer.read()?;
    page["items"].as_array().into_iter().flatten().try_for_each(|check| fine(&check["health"]))
}

/// Exit status 3 where visitors are not served.
fn fine(worst: &Value) -> Outcome {
    let ill = worst.as_str().and_then(|word| word.parse::<Health>().ok()).is_some_and(Health::is_ill);
    if ill { Err(Failure::Told(3)) } else { Ok(()) }
}

async fn watch(context: &Context) -> Outcome {
    let mut known: Option<BTreeMap<String, Value>> = None;
    context.said("Watching; Ctrl-C ends the watching.", "Bevakar; Ctrl-C avslutar bevakningen.")?;
    loop {
        let all = [("per_page", "500".to_owned())];
        let board: Value = context.client.get(&["api", "v1", "health"], &all).await?.read()?;
        let open = [("state", "open".to_owned()), ("per_page", "500".to_owned())];
        let incidents: Value = context.client.get(&["api", "v1", "incidents"], &open).await?.read()?;
        let mut now: BTreeMap<String, Value> = BTreeMap::new();
        for tile in board["items"].as_array().into_iter().flatten() {
            now.insert(text(tile, "/municipality"), tile.clone());
        }
        for incident in incidents["items"].as_array().into_iter().flatten() {
            now.insert(text(incident, "/id"), incident.clone());
        }
        if let Some(before) = &known {
            for (key, value) in now.iter().filter(|(key, value)| before.get(*key).is_none_or(|old| differs(old, value))) {
                tell(context, key, value)?;
            }
            for (key, value) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
                gone(context, key, value)?;
            }
        } else {
            for (key, value) in now.iter().filter(|(_, value)| value["id"].is_string() || value["worst"] != "ok") {
                tell(context, key, value)?;
            }
        }
        known = Some(now);
        tokio::time::sleep(EVERY).await;
    }
}

fn differs(old: &Value, new: &Value) -> bool {
    ["worst", "states", "failing", "acknowledged_by", "certain"].iter().any(|name| old[name] != new[name])
}

fn tell(context: &Context, key: &str, value: &Value) -> Outcome {
    if context.output.is_json() {
        return line(&value.to_string());
    }
    let now = time(&json!({"at": jiff::Timestamp::now()}), "/at");
    if value["id"].is_string() {
        let cause = words::cause(value["cause"].as_str().unwrap_or_default(), context.language());
        let (label, failing, failure) = (text(value, "/label"), text(value, "/failing"), text(value, "/failure"));
        let down = context.language().pick("fail", "nere");
        return line(&format!("{now}  incident: {cause} {label}: {failure} ({failing} {down}) {key}"));
    }
    line(&format!("{now}  {key}: {} ({})", text(value, "/worst"), counts(&value["states"])))
}

fn gone(context: &Context, key: &str, value: &Value) -> Outcome {
    if context.output.is_json() {
        return Ok(());
    }
    let now = time(&json!({"at": jiff::Timestamp::now()}), "/at");
    let label = if value["id"].is_string() { text(value, "/label") } else { key.to_owned() };
    line(&format!("{now}  {}: {label}", context.language().pick("over", "över")))
}
