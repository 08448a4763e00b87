// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta rollout`: plan, start, list, show, watch, pause, resume, halt, revert; approve, skip, retry one municipality.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    language::Language,
    output::{self, Column, column, line, text, time},
    prompt, style, words,
};
use crate::fleet::{Environment, RolloutId, Slug, rollout::RolloutState};

mod ask;
mod board;

use ask::Ask;
pub(super) use ask::seconds;

/// What can be done with rollouts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a rollout would be: its waves, who is in which and why, what is held, how long it takes. Changes nothing.
    #[command(after_help = "Examples:
  flotta rollout plan 6.9-1
  flotta rollout plan 6.9-1 --environment staging --waves 1,100%
  flotta rollout plan 6.9-1 --ring early=ale,mora --waves 10%,100% --output json")]
    Plan(Box<Ask>),
    /// Start a rollout and follow it.
    #[command(after_help = "Examples:
  flotta rollout start 6.9-1
  flotta rollout start 6.9-1 --manual-gates --soak 30m --no-wait
  flotta rollout start 6.9-2 --emergency
  flotta rollout start 6.9-1 --rehearse skip --migration none

Ctrl-C ends the watching, not the rollout. Exit status: 0 everybody has it, 1 halted, 3 done but not for everybody.")]
    Start(Box<Start>),
    /// List rollouts, newest first.
    #[command(after_help = "Examples:\n  flotta rollout list\n  flotta rollout list --state running")]
    List(List),
    /// Show one rollout with everybody in it, or one municipality with what speaks for and against its update.
    #[command(
        after_help = "Examples:\n  flotta rollout show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e\n  flotta rollout show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e ale"
    )]
    Show(Show),
    /// Follow a rollout until it ends.
    #[command(after_help = "Examples:\n  flotta rollout watch 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e

On a terminal it is a live board; elsewhere each event is a line on standard error.
Exit status: 0 everybody has it (or is back), 1 halted, 3 done but not for everybody.")]
    Watch(One),
    /// Start nothing new; what is under way ends.
    #[command(after_help = "Examples:\n  flotta rollout pause 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Pause(One),
    /// Go on, through the gate at which it waits.
    #[command(after_help = "Examples:\n  flotta rollout resume 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Resume(One),
    /// Stop for good: what is under way ends, and those that have the release keep it.
    #[command(after_help = "Examples:\n  flotta rollout halt 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Halt(One),
    /// Take everybody back to the release before.
    #[command(after_help = "Examples:
  flotta rollout revert 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e
  flotta rollout revert 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e --lose-data --confirm 6.9-1

Where the update changed the data, going back loses what was written since. Without --lose-data those municipalities wait
for a decision. With it, a terminal shows what is lost and asks for the release's name; elsewhere --confirm must repeat it.")]
    Revert(Revert),
    /// Open the gate at which a rollout waits, or agree that a municipality goes back though what was written since is lost.
    #[command(after_help = "Examples:
  flotta rollout approve 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e
  flotta rollout approve 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e ale --confirm ale")]
    Approve(Approve),
    /// Leave a municipality out that has not had its turn.
    #[command(after_help = "Examples:\n  flotta rollout skip 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e ale")]
    Skip(Member),
    /// Give a municipality that failed or was left out another turn.
    #[command(after_help = "Examples:\n  flotta rollout retry 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e ale")]
    Retry(Member),
}

/// What to start.
#[derive(Debug, Args)]
pub struct Start {
    #[command(flatten)]
    ask: Ask,
    /// Do not follow it; print the rollout.
    #[arg(long)]
    no_wait: bool,
    /// A word of your own for this request: the same word again gives the same rollout.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// Which rollouts to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only in this state: running, paused, halting, halted, reverting, reverted, revert-blocked, completed or superseded.
    #[arg(long, value_name = "STATE")]
    state: Option<RolloutState>,
    #[command(flatten)]
    paging: Paging,
}

/// One rollout.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: RolloutId,
}

/// One rollout, or one municipality in it.
#[derive(Debug, Args)]
pub struct Show {
    /// Its id.
    id: RolloutId,
    /// One municipality in it.
    slug: Option<Slug>,
    /// Which of its instances, where it has several: production, staging or trial.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
}

/// One municipality in a rollout.
#[derive(Debug, Args)]
pub struct Member {
    /// The rollout's id.
    id: RolloutId,
    /// The municipality's slug.
    slug: Slug,
    /// Which of its instances, where it has several: production, staging or trial.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
}

/// What to take back.
#[derive(Debug, Args)]
pub struct Revert {
    /// The rollout's id.
    id: RolloutId,
    /// Go back also where what was written since the update is lost.
    #[arg(long)]
    lose_data: bool,
    /// The release's name, so that nothing is lost by mistake.
    #[arg(long, value_name = "RELEASE")]
    confirm: Option<String>,
    /// Do not follow it; print the rollout.
    #[arg(long)]
    no_wait: bool,
}

/// What to agree to.
#[derive(Debug, Args)]
pub struct Approve {
    /// The rollout's id.
    id: RolloutId,
    /// The municipality that goes back; without it, the gate at which the rollout waits.
    slug: Option<Slug>,
    /// Which of its instances, where it has several: production, staging or trial.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
    /// The slug once more, so that nothing is lost by mistake.
    #[arg(long, value_name = "SLUG")]
    confirm: Option<String>,
}

const ROOT: [&str; 3] = ["api", "v1", "rollouts"];

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Release", "Utgåva", |v| text(v, "/release")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Done", "Klara", |v| format!("{} / {}", text(v, "/counts/succeeded").parse::<u64>().unwrap_or(0), text(v, "/members"))),
    column("Failures", "Fel", |v| text(v, "/failures")),
    column("Started", "Startad", |v| time(v, "/created_at")),
    column("By", "Av", |v| text(v, "/requested_by")),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Release", "Utgåva", |v| text(v, "/release")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Because", "Orsak", |v| text(v, "/why")),
    column("Failures", "Fel", |v| format!("{} / {}", text(v, "/failures"), text(v, "/budget"))),
    column("Municipalities", "Kommuner", |v| text(v, "/members")),
    column("Started", "Startad", |v| time(v, "/created_at")),
    column("By", "Av", |v| text(v, "/requested_by")),
    column("Ended", "Avslutad", |v| time(v, "/finished_at")),
];
const BOARD: &[Column] = &[
    column("Wave", "Våg", |v| text(v, "/wave_name")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Waits for", "Väntar på", |v| text(v, "/held")),
    column("Fault", "Felets källa", |v| text(v, "/blame")),
    column("Reason", "Orsak", |v| text(v, "/reason")),
];
const MEMBER: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Waits for", "Väntar på", |v| text(v, "/held")),
    column("Fault", "Felets källa", |v| text(v, "/blame")),
    column("Reason", "Orsak", |v| text(v, "/reason")),
    column("Before", "Före", |v| text(v, "/from")),
    column("Changes data", "Ändrar data", |v| text(v, "/migration")),
    column("Serves since", "I drift sedan", |v| time(v, "/exposed_at")),
    column("Comparison", "Jämförelse", |v| text(v, "/verdict/level")),
    column("Rehearsal", "Repetition", |v| text(v, "/rehearsal/level")),
    column("Operation", "Åtgärd", |v| text(v, "/operation")),
];
const FINDINGS: &[Column] = &[
    column("How grave", "Hur allvarligt", |v| text(v, "/level")),
    column("What", "Vad", |v| text(v, "/about")),
    column("Finding", "Iakttagelse", |v| text(v, "/detail")),
];
const WRITTEN: &[Column] = &[
    column("Site", "Webbplats", |v| text(v, "/site")),
    column("Posts", "Inlägg", |v| text(v, "/post_count")),
    column("Comments", "Kommentarer", |v| text(v, "/comments")),
    column("Users", "Användare", |v| text(v, "/users")),
    column("Titles", "Rubriker", |v| text(v, "/posts")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Plan(ask) => ask::plan(context, &ask).await,
        Command::Start(start) => {
            let answer = context.client.post(&ROOT, &start.ask.body(), start.idempotency_key.as_deref()).await?;
            follow_or_print(context, &answer, start.no_wait).await
        }
        Command::List(args) => {
            let state = args.state.map(|s| s.to_string());
            let query = args.paging.query(&[("state", state.as_deref())]);
            let empty =
                ("No rollout yet. Begin with: flotta rollout plan --help", "Ingen utrullning ännu. Börja med: flotta rollout plan --help");
            context.output.list(&context.client.get(&ROOT, &query).await?, LIST, empty)
        }
        Command::Show(args) => match &args.slug {
            None => show(context, &args.id.text()).await,
            Some(slug) => member(context, &args.id.text(), slug, args.environment).await,
        },
        Command::Watch(args) => board::watch(context, &args.id.text()).await,
        Command::Pause(args) => order(context, &args.id.text(), "pause").await,
        Command::Resume(args) => order(context, &args.id.text(), "resume").await,
        Command::Halt(args) => order(context, &args.id.text(), "halt").await,
        Command::Revert(args) => revert(context, &args).await,
        Command::Approve(args) => match &args.slug {
            None => order(context, &args.id.text(), "resume").await,
            Some(slug) => approve(context, &args, slug).await,
        },
        Command::Skip(args) => order_member(context, &args.id.text(), &args.slug, args.environment, "skip").await,
        Command::Retry(args) => order_member(context, &args.id.text(), &args.slug, args.environment, "retry").await,
    }
}

async fn follow_or_print(context: &Context, answer: &super::client::Answer, no_wait: bool) -> Outcome {
    let rollout: Value = answer.read()?;
    let id = text(&rollout, "/id");
    if !no_wait {
        return board::watch(context, &id).await;
    }
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    context.output.say(
        &format!("The rollout goes on. Watch it with: flotta rollout watch {id}"),
        &format!("Utrullningen fortsätter. Följ den med: flotta rollout watch {id}"),
    )
}

async fn show(context: &Context, id: &str) -> Outcome {
    let answer = context.client.get(&[&ROOT[..], &[id]].concat(), &[]).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    shown(context, &answer.read()?)
}

/// A rollout and everybody in it, in words.
fn shown(context: &Context, rollout: &Value) -> Outcome {
    let language = context.language();
    line(&board::sentence(rollout, language))?;
    line("")?;
    let mut one = rollout.clone();
    one["state"] = words::rollout(&text(rollout, "/state"), language).into();
    one["why"] = words::why(&text(rollout, "/why"), language).into();
    context.output.fields(&one, ONE)?;
    let rows: Vec<Value> = rollout["board"].as_array().into_iter().flatten().map(|m| row(m, rollout, language)).collect();
    if !rows.is_empty() {
        line("")?;
        line(&context.output.table(BOARD, &rows))?;
    }
    Ok(())
}

/// A member with words in place of the API's.
fn row(member: &Value, rollout: &Value, language: Language) -> Value {
    let mut row = member.clone();
    let at = usize::try_from(member["wave"].as_u64().unwrap_or(0)).unwrap_or(0);
    row["wave_name"] = format!("{} ({})", at + 1, text(rollout, &format!("/waves/{at}/name"))).into();
    translate(&mut row, language);
    row
}

fn translate(member: &mut Value, language: Language) {
    for (field, word) in [
        ("state", words::member as fn(&str, Language) -> &str),
        ("held", words::held),
        ("blame", words::blame),
        ("migration", words::migration),
    ] {
        let value = text(member, &format!("/{field}"));
        if !value.is_empty() {
            member[field] = word(&value, language).to_owned().into();
        }
    }
}

async fn member(context: &Context, id: &str, slug: &Slug, environment: Option<Environment>) -> Outcome {
    let answer = context.client.get(&[&ROOT[..], &[id, "members", slug.as_str()]].concat(), &which(environment)).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let mut one: Value = answer.read()?;
    translate(&mut one, context.language());
    context.output.fields(&one, MEMBER)?;
    let table = |columns, rows: &Value| match rows.as_array() {
        Some(rows) if !rows.is_empty() => line("").and_then(|()| line(&context.output.table(columns, rows))),
        _ => Ok(()),
    };
    table(FINDINGS, &one["verdict"]["findings"])?;
    table(WRITTEN, &one["written"])
}

fn which(environment: Option<Environment>) -> Vec<(&'static str, String)> {
    environment.map(|e| ("environment", e.to_string())).into_iter().collect()
}

async fn order(context: &Context, id: &str, verb: &str) -> Outcome {
    let answer = context.client.post(&[&ROOT[..], &[id, verb]].concat(), &json!({}), None).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    line(&board::sentence(&answer.read()?, context.language()))
}

async fn order_member(context: &Context, id: &str, slug: &Slug, environment: Option<Environment>, verb: &str) -> Outcome {
    let path = [&ROOT[..], &[id, "members", slug.as_str(), verb]].concat();
    let answer = context.client.post_with(&path, &which(environment), &json!({}), None).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let mut one: Value = answer.read()?;
    translate(&mut one, context.language());
    context.output.fields(&one, MEMBER)
}

/// What was written since on a municipality's sites, as lines; empty where that is nothing.
async fn losses(context: &Context, id: &str, slug: &str, environment: &str) -> Outcome<String> {
    let path = [&ROOT[..], &[id, "members", slug]].concat();
    let one: Value = context.client.get(&path, &[("environment", environment.to_owned())]).await?.read()?;
    let language = context.language();
    let sites = one["written"].as_array().cloned().unwrap_or_default();
    let lines: Vec<String> = sites
        .iter()
        .map(|site| {
            let rows: u64 = site["rows"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
            let (posts, comments, users) = (text(site, "/post_count"), text(site, "/comments"), text(site, "/users"));
            let count = match language {
                Language::En => format!("{posts} posts, {comments} comments, {users} users, {rows} other rows"),
                Language::Sv => format!("{posts} inlägg, {comments} kommentarer, {users} användare, {rows} andra rader"),
            };
            let titles = text(site, "/posts");
            format!("  {}: {count}{}", text(site, "/site"), if titles.is_empty() { String::new() } else { format!(" ({titles})") })
        })
        .collect();
    Ok(lines.join("\n"))
}

/// Asks for a word where there is somebody to ask, after telling what is lost.
async fn confirmed(context: &Context, given: Option<&String>, wanted: &str, told: impl Future<Output = Outcome<String>>) -> Outcome {
    let language = context.language();
    let word = match given {
        Some(word) => word.clone(),
        None if prompt::is_person() => {
            let lost = told.await?;
            let lost = if lost.is_empty() { language.pick("  nothing that is known", "  inget känt").to_owned() } else { lost };
            let head =
                language.pick("This was written since the update and is lost:", "Detta skrevs efter uppdateringen och går förlorat:");
            output::tell(&style::clean(&format!("{head}\n{lost}")));
            let question = match language {
                Language::En => format!("Type {wanted} to go on: "),
                Language::Sv => format!("Skriv {wanted} för att fortsätta: "),
            };
            prompt::asking(move || prompt::ask(&question)).await?
        }
        None => String::new(),
    };
    if word == wanted {
        return Ok(());
    }
    Err(match language {
        Language::En => Failure::usage(
            "confirm",
            "going back with the data loses what was written since, and was not confirmed; nothing was changed",
            format!("look at `flotta rollout show`, then: --confirm {wanted}"),
        ),
        Language::Sv => Failure::usage(
            "confirm",
            "att gå tillbaka med data förlorar det som skrevs därefter, och bekräftades inte; inget har ändrats",
            format!("se `flotta rollout show`, sedan: --confirm {wanted}"),
        ),
    })
}

async fn revert(context: &Context, args: &Revert) -> Outcome {
    let id = args.id.text();
    if args.lose_data {
        let rollout: Value = context.client.get(&[&ROOT[..], &[id.as_str()]].concat(), &[]).await?.read()?;
        let told = async {
            let mut all = Vec::new();
            let loses = |m: &&Value| {
                matches!(text(m, "/state").as_str(), "soaking" | "succeeded" | "needs-approval")
                    && matches!(text(m, "/migration").as_str(), "data" | "schema")
            };
            for m in rollout["board"].as_array().into_iter().flatten().filter(loses) {
                all.push(losses(context, &id, &text(m, "/municipality"), &text(m, "/environment")).await?);
            }
            all.retain(|lines| !lines.is_empty());
            Ok(all.join("\n"))
        };
        confirmed(context, args.confirm.as_ref(), &text(&rollout, "/release"), told).await?;
    }
    let path = [&ROOT[..], &[id.as_str(), "revert"]].concat();
    let answer = context.client.post(&path, &json!({"lose_data": args.lose_data}), None).await?;
    follow_or_print(context, &answer, args.no_wait).await
}

async fn approve(context: &Context, args: &Approve, slug: &Slug) -> Outcome {
    let id = args.id.text();
    let environment = args.environment.map(|e| e.to_string()).unwrap_or_default();
    confirmed(context, args.confirm.as_ref(), slug.as_str(), losses(context, &id, slug.as_str(), &environment)).await?;
    order_member(context, &id, slug, args.environment, "approve").await
}
