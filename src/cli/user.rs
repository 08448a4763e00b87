// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta user`: who may log in.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    output::{Column, column, text, time},
    prompt,
};
use crate::fleet::{Email, Role, Slug, UserId};

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List users.
    #[command(after_help = "Examples:\n  flotta user list")]
    List(List),
    /// Show one user.
    #[command(after_help = "Examples:\n  flotta user show anna@helsingborg.se")]
    Show(One),
    /// Make a user; without a password one is made up and shown once.
    #[command(after_help = "Examples:
  flotta user create anna@helsingborg.se --name 'Anna Berg' --role operator
  flotta user create bo@ale.se --name 'Bo Ek' --role web-manager --municipality ale")]
    Create(Create),
    /// End a user's sessions and tokens and let the user in no more.
    #[command(after_help = "Examples:\n  flotta user disable anna@helsingborg.se")]
    Disable(One),
    /// Let a disabled user in again.
    #[command(after_help = "Examples:\n  flotta user enable anna@helsingborg.se")]
    Enable(One),
    /// Give a user another password and end the user's sessions; one is made up and shown once.
    #[command(
        after_help = "Examples:\n  flotta user password anna@helsingborg.se\n  flotta user password anna@helsingborg.se --password-file - < password.txt"
    )]
    Password(Password),
}

/// Which part of the list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    paging: Paging,
}

/// One user.
#[derive(Debug, Args)]
pub struct One {
    /// The user's e-mail address or id.
    user: String,
}

/// Another password.
#[derive(Debug, Args)]
pub struct Password {
    /// The user's e-mail address or id.
    user: String,
    /// File whose first line is the password, or - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A new user.
#[derive(Debug, Args)]
pub struct Create {
    /// Log-in name.
    email: Email,
    /// Name shown to others.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// administrator, operator, release-manager, web-manager or auditor.
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// A municipality that a web manager is bound to; may be repeated.
    #[arg(long = "municipality", value_name = "SLUG")]
    municipalities: Vec<Slug>,
    /// File whose first line is the password, or - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

const LIST: &[Column] = &[
    column("E-mail", "E-post", |v| text(v, "/email")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Role", "Roll", |v| text(v, "/role")),
    column("Municipalities", "Kommuner", |v| text(v, "/municipalities")),
    column("Disabled", "Avstängd", |v| time(v, "/disabled_at")),
    column("Id", "Id", |v| text(v, "/id")),
];
const ONE: &[Column] = &[
    column("E-mail", "E-post", |v| text(v, "/email")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Role", "Roll", |v| text(v, "/role")),
    column("Municipalities", "Kommuner", |v| text(v, "/municipalities")),
    column("Made", "Skapad", |v| time(v, "/created_at")),
    column("Disabled", "Avstängd", |v| time(v, "/disabled_at")),
    column("Id", "Id", |v| text(v, "/id")),
    column("Password, shown once", "Lösenord, visas en gång", |v| text(v, "/password")),
];

const ROOT: [&str; 3] = ["api", "v1", "users"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    match command {
        Command::List(args) => output.list(&client.get(&ROOT, &args.paging.query(&[])).await?, LIST, ("No user.", "Ingen användare.")),
        Command::Show(args) => {
            let id = find(context, &args.user).await?;
            output.one(&client.get(&[&ROOT[..], &[&id]].concat(), &[]).await?, ONE)
        }
        Command::Create(args) => {
            let mut body = Map::from_iter([
                ("email".to_owned(), json!(args.email)),
                ("name".to_owned(), json!(args.name)),
                ("role".to_owned(), json!(args.role)),
                ("municipalities".to_owned(), json!(args.municipalities)),
            ]);
            if let Some(path) = &args.password_file {
                body.insert("password".to_owned(), json!(prompt::password_from(path)?.expose_secret()));
            }
            output.one(&client.post_once(&ROOT, &body.into()).await?, ONE)
        }
        Command::Password(args) => {
            let id = find(context, &args.user).await?;
            let given = args.password_file.as_deref().map(prompt::password_from).transpose()?;
            let body = given.map_or_else(|| json!({}), |password| json!({"password": password.expose_secret()}));
            output.one(&client.post_once(&[&ROOT[..], &[&id, "password"]].concat(), &body).await?, ONE)
        }
        Command::Disable(args) => switch(context, &args.user, true).await,
        Command::Enable(args) => switch(context, &args.user, false).await,
    }
}

async fn switch(context: &Context, user: &str, disabled: bool) -> Outcome {
    let id = find(context, user).await?;
    let answer = context.client.patch(&[&ROOT[..], &[&id]].concat(), &json!({"disabled": disabled})).await?;
    context.output.one(&answer, ONE)
}

/// The id of the user with this e-mail address, or the id itself.
async fn find(context: &Context, user: &str) -> Outcome<String> {
    if let Ok(id) = user.parse::<UserId>() {
        return Ok(id.text());
    }
    let wanted = user.trim().to_lowercase();
    for page in 1_u32.. {
        let query = [("email", wanted.clone()), ("page", page.to_string()), ("per_page", "500".to_owned())];
        let answer: Value = context.client.get(&ROOT, &query).await?.read()?;
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        if let Some(found) = items.iter().find(|item| text(item, "/email").to_lowercase() == wanted) {
            return Ok(text(found, "/id"));
        }
        if items.is_empty() || answer["total"].as_u64().unwrap_or_default() <= u64::from(page) * 500 {
            break;
        }
    }
    Err(Failure::usage("user", format!("there is no user `{}`", user.escape_debug()), "`flotta user list` shows them"))
}
