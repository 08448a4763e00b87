// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta token`: API tokens for programs.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};
use crate::fleet::{TokenId, access::Permission};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List tokens, without their secrets.
    #[command(after_help = "Examples:\n  flotta token list\n  flotta token list --all")]
    List(List),
    /// Make a token; it is shown once.
    #[command(after_help = "Examples:
  flotta token create 'nightly report' --permission read-fleet --days 30

Permissions: read-fleet, manage-municipalities, invite-administrator, manage-releases, manage-rollouts,
postpone-updates, manage-incidents, manage-addresses, publish-status, read-users, manage-users,
read-audit, own-account. Without any, the token may do all that you may.")]
    Create(Create),
    /// End a token at once.
    #[command(after_help = "Examples:\n  flotta token revoke 0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e")]
    Revoke(Revoke),
}

/// Which tokens.
#[derive(Debug, Args)]
pub struct List {
    /// Those of every user, not only your own.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    paging: Paging,
}

/// A new token.
#[derive(Debug, Args)]
pub struct Create {
    /// What it is for.
    name: String,
    /// What it may do; may be repeated.
    #[arg(long = "permission", value_name = "PERMISSION")]
    permissions: Vec<Permission>,
    /// Days until it ends; without it, 90.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: Option<u16>,
}

/// The token to end.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Its id.
    id: TokenId,
}

const LIST: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Begins", "Börjar", |v| text(v, "/prefix")),
    column("Permissions", "Behörigheter", |v| text(v, "/permissions")),
    column("Ends", "Gäller till", |v| time(v, "/expires_at")),
    column("Last used", "Senast använd", |v| time(v, "/last_used_at")),
    column("Revoked", "Återkallad", |v| time(v, "/revoked_at")),
];
const ONE: &[Column] = &[
    column("Id", "Id", |v| text(v, "/id")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Permissions", "Behörigheter", |v| text(v, "/permissions")),
    column("Ends", "Gäller till", |v| time(v, "/expires_at")),
    column("Token, shown once", "Nyckel, visas en gång", |v| text(v, "/token")),
];

const ROOT: [&str; 3] = ["api", "v1", "tokens"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    match command {
        Command::List(args) => output.list(
            &client.get(&ROOT, &args.paging.query(&[("user", args.all.then_some("all"))])).await?,
            LIST,
            ("No token.", "Ingen nyckel."),
        ),
        Command::Create(args) => {
            let mut body = Map::from_iter([("name".to_owned(), json!(args.name))]);
            if !args.permissions.is_empty() {
                body.insert("permissions".to_owned(), json!(args.permissions));
            }
            body.extend(args.days.map(|days| ("expires_in_days".to_owned(), json!(days))));
            output.one(&client.post_once(&ROOT, &body.into()).await?, ONE)
        }
        Command::Revoke(args) => {
            let answer = client.delete(&[&ROOT[..], &[&args.id.text()]].concat(), &[]).await?;
            if output.is_json() && !answer.text.trim().is_empty() {
                return output.json(&answer.text);
            }
            context.said("The token is revoked.", "Nyckeln är återkallad.")
        }
    }
}
