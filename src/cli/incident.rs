// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta incident`: confirmed problems.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, line, text, time},
};
use crate::fleet::{IncidentId, Slug};

/// What can be done with incidents.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List incidents, newest first; without more, the open ones.
    #[command(after_help = "Examples:\n  flotta incident list\n  flotta incident list --state all --municipality helsingborg")]
    List(List),
    /// Show one incident with its sites and what happened.
    #[command(after_help = "Examples:\n  flotta incident show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Show(One),
    /// Take an incident on: others see who does.
    #[command(
        after_help = "Examples:\n  flotta incident acknowledge 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e --note \"the host is being replaced\""
    )]
    Acknowledge(Acknowledge),
}

/// Which incidents.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum State {
    /// Those that go on.
    Open,
    /// Those that are over.
    Resolved,
    /// Both.
    All,
}

/// Which incidents to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only in this state.
    #[arg(long, value_enum, default_value = "open", value_name = "STATE")]
    state: State,
    /// Only those that touch this municipality.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    #[command(flatten)]
    paging: Paging,
}

/// One incident.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: IncidentId,
}

/// One incident to take on.
#[derive(Debug, Args)]
pub struct Acknowledge {
    /// Its id.
    id: IncidentId,
    /// What others should know, at most 500 characters.
    #[arg(long, default_value = "", value_name = "TEXT", hide_default_value = true)]
    note: String,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Cause", "Orsak", |v| text(v, "/cause")),
    column("Which", "Vilken", |v| text(v, "/label")),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Failing", "Nere", |v| text(v, "/failing")),
    column("Opened", "Öppnad", |v| time(v, "/opened_at")),
    column("Over", "Över", |v| time(v, "/resolved_at")),
    column("Taken on by", "Tas om hand av", |v| text(v, "/acknowledged_by")),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Cause", "Orsak", |v| text(v, "/cause")),
    column("Which", "Vilken", |v| text(v, "/label")),
    column("Certain", "Säkert", |v| if v["certain"] == true { "✓".to_owned() } else { "✗".to_owned() }),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Failing", "Nere", |v| text(v, "/failing")),
    column("Opened", "Öppnad", |v| time(v, "/opened_at")),
    column("Over", "Över", |v| time(v, "/resolved_at")),
    column("Part of", "Del av", |v| text(v, "/merged_into")),
    column("Taken on by", "Tas om hand av", |v| text(v, "/acknowledged_by")),
    column("Note", "Anteckning", |v| text(v, "/note")),
];
const MEMBERS: &[Column] = &[
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Failure", "Fel", |v| text(v, "/failure")),
    column("Since", "Sedan", |v| time(v, "/since")),
    column("Until", "Till", |v| time(v, "/until")),
];
const EVENTS: &[Column] = &[
    column("At", "Tid", |v| time(v, "/at")),
    column("What", "Vad", |v| text(v, "/kind")),
    column("By", "Av", |v| text(v, "/by")),
    column("Message", "Meddelande", |v| text(v, "/message")),
];

const ROOT: [&str; 3] = ["api", "v1", "incidents"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::List(args) => {
            let state = match args.state {
                State::Open => "open",
                State::Resolved => "resolved",
                State::All => "all",
            };
            let query = args.paging.query(&[("state", Some(state)), ("municipality", args.municipality.as_ref().map(Slug::as_str))]);
            let empty = match args.state {
                State::Open => ("No incident is open.", "Ingen incident är öppen."),
                State::Resolved | State::All => ("There was no incident.", "Det har inte varit någon incident."),
            };
            context.output.list(&context.client.get(&ROOT, &query).await?, LIST, empty)
        }
        Command::Show(One { id }) => {
            let answer = context.client.get(&[&ROOT[..], &[&id.text()]].concat(), &[]).await?;
            context.output.one(&answer, ONE)?;
            let incident: Value = answer.read()?;
            for (name, columns) in [("checks", MEMBERS), ("events", EVENTS)] {
                if let Some(rows) = incident[name].as_array().filter(|rows| !rows.is_empty() && !context.output.is_json()) {
                    line("")?;
                    line(&context.output.table(columns, rows))?;
                }
            }
            Ok(())
        }
        Command::Acknowledge(Acknowledge { id, note }) => {
            let id = id.text();
            let path = [&ROOT[..], &[&id, "acknowledge"]].concat();
            let answer = context.client.post(&path, &json!({"note": note}), None).await?;
            context.output.one(&answer, ONE)
        }
    }
}
