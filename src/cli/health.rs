// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta health`: how the fleet is.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    output::{Column, column, line, text, time},
    stream::Parser,
    words,
};
use crate::fleet::{Slug, health::Health};

mod history;

/// The control plane may be away for so long before the watching ends.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A look that was asked for comes in this time.
const LOOK: Duration = Duration::from_secs(60);
/// What can be seen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every municipality by its worst state, or every site of one; exit status 3 where one is down.
    #[command(
        after_help = "Examples:\n  flotta health show\n  flotta health show helsingborg\n  flotta health show helsingborg --health down"
    )]
    Show(Show),
    /// Show what a site or an address is like from outside: name, certificate, redirects.
    #[command(after_help = "Examples:\n  flotta health outside 7\n  flotta health outside 7 --output json")]
    Outside(One),
    /// Have a municipality's sites and addresses looked at from outside now, not at their next turn.
    #[command(after_help = "Examples:\n  flotta health look helsingborg\n  flotta health look helsingborg 7")]
    Look(Look),
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

/// One site or address.
#[derive(Debug, Args)]
pub struct One {
    /// Its number, as `flotta health show SLUG` tells it.
    number: u32,
}

/// What to look at.
#[derive(Debug, Args)]
pub struct Look {
    /// The municipality.
    slug: Slug,
    /// Only the site or address of this number.
    number: Option<u32>,
}

const OUTSIDE: &[Column] = &[
    column("Address", "Adress", |v| text(v, "/address")),
    column("Looked at", "Kontrollerad", |v| time(v, "/looked_at")),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Leads through", "Leder via", |v| text(v, "/aliases")),
    column("Leads to", "Leder till", |v| text(v, "/addresses")),
    column("Leads here", "Leder hit", |v| text(v, "/leads_here")),
    column("Certificate ends", "Certifikatet slutar", |v| time(v, "/certificate/ends_at")),
    column("Issuer", "Utfärdare", |v| text(v, "/certificate/issuer")),
    column("Certificate is for", "Certifikatet gäller", |v| text(v, "/certificate/names")),
    column("Trust", "Tillit", |v| text(v, "/certificate/trust")),
    column("By http", "Via http", |v| text(v, "/plain")),
    column("Way", "Väg", |v| {
        let hop = |hop: &Value| format!("{} ({})", text(hop, "/url"), text(hop, "/status"));
        v["way"].as_array().into_iter().flatten().map(hop).collect::<Vec<_>>().join(" → ")
    }),
    column("Way ends", "Vägen slutar", |v| text(v, "/end")),
    column("noindex", "noindex", |v| text(v, "/noindex")),
    column("HSTS seconds", "HSTS sekunder", |v| text(v, "/hsts_seconds")),
    column("Needs somebody", "Behöver åtgärd", |v| {
        v["remarks"].as_array().into_iter().flatten().map(|remark| text(remark, "/what")).collect::<Vec<_>>().join(", ")
    }),
];

const BOARD: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("State", "Läge", |v| text(v, "/worst")),
    column("Cause", "Orsak", |v| text(v, "/cause")),
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
        Command::Outside(One { number }) => outside(context, number).await,
        Command::Look(Look { slug, number }) => look(context, &slug, number).await,
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
        let counted = |n: &str, one: &str, more: &str| format!("{n} {}", if n == "1" { one } else { more });
        context.said(
            &format!("{}, {}", counted(&checks, "check", "checks"), counted(&open, "open incident", "open incidents")),
            &format!("{}, {}", counted(&checks, "kontroll", "kontroller"), counted(&open, "öppen incident", "öppna incidenter")),
        )?;
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

async fn outside(context: &Context, number: u32) -> Outcome {
    let answer = context.client.get(&["api", "v1", "checks", &number.to_string(), "outside"], &[]).await?;
    context.output.one(&answer, OUTSIDE)?;
    let seen: Value = answer.read()?;
    if seen["looked_at"].is_null() {
        context.said("It was not looked at yet.", "Den har inte kontrollerats utifrån än.")?;
    }
    if seen["failure"].is_null() { Ok(()) } else { Err(Failure::Told(3)) }
}

async fn look(context: &Context, slug: &Slug, number: Option<u32>) -> Outcome {
    let answer = context.client.post(&["api", "v1", "municipalities", slug.as_str(), "look"], &json!({"check": number}), None).await?;
    let Some(number) = number else {
        let wanted: Value = answer.read()?;
        if context.output.is_json() {
            return line(&answer.text);
        }
        let checks = text(&wanted, "/checks");
        return context
            .said(&format!("{checks} are looked at within the next minutes."), &format!("{checks} kontrolleras inom några minuter."));
    };
    let path = ["api", "v1", "checks", &number.to_string(), "outside"];
    let until = std::time::Instant::now() + LOOK;
    loop {
        let seen: Value = context.client.get(&path, &[]).await?.read()?;
        if seen["wanted_at"].is_null() {
            return outside(context, number).await;
        }
        if std::time::Instant::now() > until {
            let fix = "see with `flotta platform show` whether the control plane is well, and look again";
            return Err(Failure::failed("nobody has looked in time".to_owned(), fix));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Exit status 3 where visitors are not served.
fn fine(worst: &Value) -> Outcome {
    let ill = worst.as_str().and_then(|word| word.parse::<Health>().ok()).is_some_and(Health::is_ill);
    if ill { Err(Failure::Told(3)) } else { Ok(()) }
}

type Known = BTreeMap<String, Value>;

/// Tells what changes by the event stream. A lost connection is made again, and what changed meanwhile is told then.
async fn watch(context: &Context) -> Outcome {
    context.said("Watching; Ctrl-C ends the watching.", "Bevakar; Ctrl-C avslutar bevakningen.")?;
    let (mut known, mut last): (Option<Known>, Option<String>) = (None, None);
    let (mut pause, mut heard) = (FIRST_PAUSE, Instant::now());
    loop {
        let before = last.clone();
        match listen(context, &mut known, &mut last).await {
            Ok(()) => heard = Instant::now(),
            Err(failure) if failure.passes() && heard.elapsed() < PATIENCE => {}
            Err(failure) => return Err(failure),
        }
        if last != before {
            (heard, pause) = (Instant::now(), FIRST_PAUSE);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Listens until the connection ends.
async fn listen(context: &Context, known: &mut Option<Known>, last: &mut Option<String>) -> Outcome {
    let mut stream = context.client.stream(&["api", "v1", "health", "events"], last.as_deref()).await?;
    let mut parser = Parser::default();
    while let Some(piece) = context.client.piece(&mut stream).await? {
        for event in parser.push(&piece).map_err(|why| Failure::failed(why, "look at the control plane's log"))? {
            let value: Value = serde_json::from_str(&event.data).map_err(|e| {
                Failure::failed(format!("an event of the stream cannot be read: {e}"), "use the `flotta` of the control plane's version")
            })?;
            match event.kind.as_str() {
                "board" => *known = Some(whole(context, known.take(), &value)?),
                "tile" | "incident" => {
                    let key = key(&value);
                    let known = known.get_or_insert_default();
                    if known.get(&key).is_none_or(|old| differs(old, &value)) {
                        tell(context, &key, &value)?;
                    }
                    known.insert(key, value);
                }
                "gone" | "over" => {
                    let key = key(&value);
                    known.get_or_insert_default().remove(&key);
                    gone(context, &key, &value)?;
                }
                _ => {}
            }
            if event.id.is_some() {
                *last = event.id;
            }
        }
    }
    Ok(())
}

/// Tells what a whole board says anew: at the beginning what is not well, later what differs.
fn whole(context: &Context, known: Option<Known>, board: &Value) -> Outcome<Known> {
    let all = ["tiles", "incidents"].into_iter().flat_map(|list| board[list].as_array().into_iter().flatten());
    let now: Known = all.map(|value| (key(value), value.clone())).collect();
    for (key, value) in &now {
        let news = match &known {
            Some(before) => before.get(key).is_none_or(|old| differs(old, value)),
            None => value["id"].is_string() || value["worst"] != "ok",
        };
        if news {
            tell(context, key, value)?;
        }
    }
    for (key, value) in known.iter().flatten().filter(|(key, _)| !now.contains_key(*key)) {
        gone(context, key, value)?;
    }
    Ok(now)
}

/// What an incident or a municipality is known by.
fn key(value: &Value) -> String {
    text(value, if value["id"].is_string() { "/id" } else { "/municipality" })
}

fn differs(old: &Value, new: &Value) -> bool {
    ["worst", "states", "cause", "failing", "acknowledged_by", "certain"].iter().any(|name| old[name] != new[name])
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
    let cause = value["cause"].as_str().map(|cause| format!(", {}", words::cause(cause, context.language()))).unwrap_or_default();
    line(&format!("{now}  {key}: {} ({}){cause}", text(value, "/worst"), counts(&value["states"])))
}

fn gone(context: &Context, key: &str, value: &Value) -> Outcome {
    if context.output.is_json() {
        return Ok(());
    }
    let now = time(&json!({"at": jiff::Timestamp::now()}), "/at");
    let label = if value["id"].is_string() { text(value, "/label") } else { key.to_owned() };
    line(&format!("{now}  {}: {label}", context.language().pick("over", "över")))
}
