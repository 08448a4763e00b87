// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta silence`: when nobody is told of incidents.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
    rollout::seconds,
};
use crate::fleet::{SilenceId, Slug};

/// What can be done with silences.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List silences and maintenance windows that hold or will; --all for every one.
    #[command(after_help = "Examples:\n  flotta silence list\n  flotta silence list --all")]
    List(List),
    /// Tell nobody for a while: of the whole fleet, of a municipality, or of one check. All is watched meanwhile.
    #[command(after_help = "Examples:
  flotta silence add 2h --reason 'the host is being moved'
  flotta silence add 45m --municipality lund --reason 'they move their DNS'
  flotta silence add 3d --check 17 --reason 'known, mended on Monday'
  flotta silence add 4h --from 2026-12-01T22:00:00Z --maintenance --reason 'new disks'")]
    Add(Add),
    /// End a silence now, or take back one that has not begun.
    #[command(after_help = "Examples:\n  flotta silence end 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    End(One),
}

/// Which silences.
#[derive(Debug, Args)]
pub struct List {
    /// Those that are over, too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    paging: Paging,
}

/// A new silence.
#[derive(Debug, Args)]
pub struct Add {
    /// For how long: 45m, 2h, 3d.
    #[arg(value_name = "TIME", value_parser = seconds)]
    long: u32,
    /// Why; others see it.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only what is this municipality's.
    #[arg(long, value_name = "SLUG")]
    municipality: Option<Slug>,
    /// Only the incidents of this check, by its number.
    #[arg(long, value_name = "NUMBER")]
    check: Option<u32>,
    /// Make it a maintenance window, which may begin later.
    #[arg(long)]
    maintenance: bool,
    /// From when, such as 2026-12-01T22:00:00Z; without it, now.
    #[arg(long, value_name = "TIME", requires = "maintenance")]
    from: Option<Timestamp>,
}

/// One silence.
#[derive(Debug, Args)]
pub struct One {
    /// Its id.
    id: SilenceId,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Of", "För", |v| text(v, "/municipality")),
    column("Check", "Kontroll", |v| text(v, "/check")),
    column("Maintenance", "Underhåll", |v| if v["maintenance"] == true { "✓".to_owned() } else { "✗".to_owned() }),
    column("Holds", "Gäller nu", |v| if v["holds"] == true { "✓".to_owned() } else { "✗".to_owned() }),
    column("From", "Från", |v| time(v, "/from")),
    column("Until", "Till", |v| time(v, "/until")),
    column("Reason", "Skäl", |v| text(v, "/reason")),
    column("By", "Av", |v| text(v, "/by")),
];

const ROOT: [&str; 3] = ["api", "v1", "silences"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    match command {
        Command::List(args) => {
            let query = args.paging.query(&[("state", args.all.then_some("all"))]);
            output.list(&client.get(&ROOT, &query).await?, LIST, ("Nothing is silenced.", "Inget är tystat."))
        }
        Command::Add(args) => {
            let until = args
                .from
                .unwrap_or_else(Timestamp::now)
                .saturating_add(SignedDuration::from_secs(args.long.into()))
                .unwrap_or(Timestamp::MAX);
            let body = json!({
                "maintenance": args.maintenance, "municipality": args.municipality, "check": args.check, "from": args.from,
                "until": until, "reason": args.reason,
            });
            output.one(&client.post(&ROOT, &body, None).await?, LIST)
        }
        Command::End(One { id }) => output.one(&client.post(&[&ROOT[..], &[&id.text(), "end"]].concat(), &json!({}), None).await?, LIST),
    }
}
