// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta finding`: what is not down but needs somebody.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, line, text, time},
};
use crate::fleet::{FindingId, FindingKind, Slug};

/// What can be done with findings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List findings, newest first; without more, the open ones that nobody has put aside.
    #[command(after_help = "Examples:\n  flotta finding list\n  flotta finding list --kind vulnerable --state all --municipality ale")]
    List(List),
    /// Show one finding with what was seen.
    #[command(after_help = "Examples:\n  flotta finding show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Show(One),
    /// Put a finding aside, for a reason.
    #[command(
        after_help = "Examples:\n  flotta finding mute 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e --reason \"not public before May\" --until 2027-05-01T00:00:00Z"
    )]
    Mute(Mute),
    /// Take a finding up again that was put aside.
    #[command(after_help = "Examples:\n  flotta finding unmute 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Unmute(One),
}

/// Which findings.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum State {
    /// Those that go on and that nobody has put aside.
    Open,
    /// Those that go on and that somebody has put aside.
    Muted,
    /// Those that are over.
    Resolved,
    /// All of them.
    All,
}

/// Which findings to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only in this state.
    #[arg(long, value_enum, default_value = "open", value_name = "STATE")]
    state: State,
    /// Only of this kind, such as `vulnerable` or `cron-stuck`.
    #[arg(long, value_name = "KIND")]
    kind: Option<FindingKind>,
    /// Only of this municipality.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    #[command(flatten)]
    paging: Paging,
}

/// One finding.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: FindingId,
}

/// One finding to put aside.
#[derive(Debug, Args)]
pub struct Mute {
    /// Its id.
    id: FindingId,
    /// Why, for others to read; at most 500 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Until when; without it until it is over.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("What", "Vad", |v| text(v, "/kind")),
    column("About", "Gäller", |v| text(v, "/subject")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Found", "Hittat", |v| time(v, "/opened_at")),
    column("Over", "Över", |v| time(v, "/resolved_at")),
    column("Put aside by", "Åt sidan av", |v| if v["muted"] == true { text(v, "/muted_by") } else { String::new() }),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("What", "Vad", |v| text(v, "/kind")),
    column("About", "Gäller", |v| text(v, "/subject")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Found", "Hittat", |v| time(v, "/opened_at")),
    column("Over", "Över", |v| time(v, "/resolved_at")),
    column("Put aside by", "Åt sidan av", |v| if v["muted"] == true { text(v, "/muted_by") } else { String::new() }),
    column("Until", "Till", |v| time(v, "/muted_until")),
    column("Reason", "Skäl", |v| text(v, "/reason")),
];
const SEEN: &[Column] = &[column("Seen", "Sett", |v| text(v, "/name")), column("Value", "Värde", |v| text(v, "/value"))];

const ROOT: [&str; 3] = ["api", "v1", "findings"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::List(args) => {
            let (state, muted) = match args.state {
                State::Open => ("open", Some("false")),
                State::Muted => ("open", Some("true")),
                State::Resolved => ("resolved", None),
                State::All => ("all", None),
            };
            let kind = args.kind.map(|kind| kind.to_string());
            let filters = [
                ("state", Some(state)),
                ("muted", muted),
                ("kind", kind.as_deref()),
                ("municipality", args.municipality.as_ref().map(Slug::as_str)),
            ];
            let answer = context.client.get(&ROOT, &args.paging.query(&filters)).await?;
            context.output.list(&answer, LIST, ("No such finding.", "Inget sådant."))
        }
        Command::Show(One { id }) => {
            let answer = context.client.get(&[&ROOT[..], &[&id.text()]].concat(), &[]).await?;
            context.output.one(&answer, ONE)?;
            let finding: Value = answer.read()?;
            let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let evidence = finding["evidence"].as_object().into_iter().flatten();
            let rows: Vec<Value> = evidence.map(|(name, value)| json!({"name": name, "value": shown(value)})).collect();
            if !rows.is_empty() && !context.output.is_json() {
                line("")?;
                line(&context.output.table(SEEN, &rows))?;
            }
            Ok(())
        }
        Command::Mute(Mute { id, reason, until }) => {
            let id = id.text();
            let body = json!({"reason": reason, "until": until});
            let answer = context.client.post(&[&ROOT[..], &[&id, "mute"]].concat(), &body, None).await?;
            context.output.one(&answer, ONE)
        }
        Command::Unmute(One { id }) => {
            let id = id.text();
            let answer = context.client.post(&[&ROOT[..], &[&id, "unmute"]].concat(), &json!({}), None).await?;
            context.output.one(&answer, ONE)
        }
    }
}
