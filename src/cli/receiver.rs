// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta receiver`: who is told of incidents.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    output::{Column, column, text, time},
};
use crate::fleet::{
    ReceiverId, Slug,
    notice::{ReceiverKind, Tongue},
};

/// What can be done with receivers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List receivers, the operators' first.
    #[command(after_help = "Examples:\n  flotta receiver list\n  flotta receiver list --municipality helsingborg")]
    List(List),
    /// Add a receiver: a mail address, a signed webhook, or a chat that takes what Slack and Teams take.
    #[command(after_help = "Examples:
  flotta receiver add mail drift@example.org
  flotta receiver add webhook https://hooks.example.org/flotta --in en
  flotta receiver add chat https://hooks.slack.com/services/… --municipality lund
  flotta receiver add mail chief@example.org --after 30 --remind 0")]
    Add(Add),
    /// Show one receiver.
    #[command(after_help = "Examples:\n  flotta receiver show 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Show(One),
    /// List what a receiver was sent, and what could not be.
    #[command(after_help = "Examples:\n  flotta receiver log 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Log(Log),
    /// Send a trial and tell what came of it; exit status 1 where it was not taken in.
    #[command(after_help = "Examples:\n  flotta receiver test 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Test(One),
    /// Give a webhook a new signing key, shown once; the old one signs too for a day.
    #[command(after_help = "Examples:\n  flotta receiver key 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Key(One),
    /// Remove a receiver with its log.
    #[command(after_help = "Examples:\n  flotta receiver remove 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Remove(One),
}

/// Which receivers.
#[derive(Debug, Args)]
pub struct List {
    /// Only this municipality's.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    #[command(flatten)]
    paging: Paging,
}

/// A new receiver.
#[derive(Debug, Args)]
pub struct Add {
    /// mail, webhook or chat.
    kind: ReceiverKind,
    /// Mail address, or https address of the hook.
    address: String,
    /// Whose it is; without it, the operators'.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    /// Its name for people; without it, its address's.
    #[arg(long, default_value = "", value_name = "NAME", hide_default_value = true)]
    name: String,
    /// Language of its notices: sv or en.
    #[arg(long = "in", default_value = "sv", value_name = "LANGUAGE")]
    tongue: Tongue,
    /// Tell it only of what nobody has taken on for so many minutes.
    #[arg(long, default_value_t = 0, value_name = "MINUTES")]
    after: u32,
    /// Minutes between reminders of what nobody has taken on; 0 is never.
    #[arg(long, default_value_t = 60, value_name = "MINUTES")]
    remind: u32,
}

/// One receiver.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: ReceiverId,
}

/// Which part of a receiver's log.
#[derive(Debug, Args)]
pub struct Log {
    /// Its id.
    id: ReceiverId,
    #[command(flatten)]
    paging: Paging,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Of", "För", |v| text(v, "/municipality")),
    column("Kind", "Sort", |v| text(v, "/kind")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("After (min)", "Efter (min)", |v| text(v, "/after_minutes")),
    column("Reminded (min)", "Påminns (min)", |v| text(v, "/remind_minutes")),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Of", "För", |v| text(v, "/municipality")),
    column("Kind", "Sort", |v| text(v, "/kind")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Language", "Språk", |v| text(v, "/language")),
    column("After (min)", "Efter (min)", |v| text(v, "/after_minutes")),
    column("Reminded (min)", "Påminns (min)", |v| text(v, "/remind_minutes")),
    column("Since", "Sedan", |v| time(v, "/created_at")),
    column("Old key until", "Gammal nyckel till", |v| time(v, "/old_key_until")),
    column("Signing key, shown once", "Signeringsnyckel, visas en gång", |v| text(v, "/signing_key")),
];
const LOG: &[Column] = &[
    column("At", "Tid", |v| time(v, "/created_at")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Subject", "Ämne", |v| text(v, "/subject")),
    column("Tries", "Försök", |v| text(v, "/attempts")),
    column("Error", "Fel", |v| text(v, "/error")),
    column("Next try", "Nästa försök", |v| time(v, "/next_at")),
];

const ROOT: [&str; 3] = ["api", "v1", "receivers"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no; when a trial was not taken in.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    match command {
        Command::List(args) => {
            let query = args.paging.query(&[("municipality", args.municipality.as_ref().map(Slug::as_str))]);
            output.list(&client.get(&ROOT, &query).await?, LIST, ("Nobody is told of incidents yet.", "Ingen får veta om incidenter än."))
        }
        Command::Add(args) => {
            let body = json!({
                "kind": args.kind, "address": args.address, "municipality": args.municipality, "name": args.name,
                "language": args.tongue, "after_minutes": args.after, "remind_minutes": args.remind,
            });
            output.one(&client.post_once(&ROOT, &body).await?, ONE)
        }
        Command::Show(One { id }) => output.one(&client.get(&[&ROOT[..], &[&id.text()]].concat(), &[]).await?, ONE),
        Command::Log(Log { id, paging }) => {
            let id = id.text();
            let path = [&ROOT[..], &[&id, "notices"]].concat();
            output.list(&client.get(&path, &paging.query(&[])).await?, LOG, ("Nothing was sent yet.", "Inget har skickats än."))
        }
        Command::Test(One { id }) => {
            let answer = client.post(&[&ROOT[..], &[&id.text(), "test"]].concat(), &json!({}), None).await?;
            output.one(&answer, LOG)?;
            let notice: serde_json::Value = answer.read()?;
            if notice["state"] == "sent" { Ok(()) } else { Err(Failure::Told(1)) }
        }
        Command::Key(One { id }) => output.one(&client.post_once(&[&ROOT[..], &[&id.text(), "key"]].concat(), &json!({})).await?, ONE),
        Command::Remove(One { id }) => {
            let answer = client.delete(&[&ROOT[..], &[&id.text()]].concat(), &[]).await?;
            if output.is_json() {
                return output.json(&answer.text);
            }
            context.said("The receiver is removed.", "Mottagaren är borttagen.")
        }
    }
}
