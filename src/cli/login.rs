// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta login` and `flotta logout`.

use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{
    Global,
    client::Client,
    credentials::{self, Credentials, Target},
    failure::{Failure, Outcome},
    output::{self, Output, time},
    prompt,
};

/// Who logs in.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta login --url https://flotta.example.se --email anna@helsingborg.se
  flotta login --email anna@helsingborg.se --password-file - < password.txt

The token lives 30 days. It is kept with mode 0600 in $FLOTTA_CREDENTIALS, or in ~/.config/flotta/credentials.toml.")]
pub struct Login {
    /// Log-in name; asked for on a terminal.
    #[arg(long, value_name = "EMAIL")]
    email: Option<String>,
    /// File whose first line is the password, or - for standard input; asked for on a terminal.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Nothing to say.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  flotta logout")]
pub struct Logout {}

#[derive(Deserialize)]
struct Session {
    token: SecretString,
    expires_at: String,
}

/// Logs in and keeps the token.
///
/// # Errors
/// When name or password is wrong, or the file cannot be written.
pub async fn log_in(global: &Global, output: Output, args: Login) -> Outcome {
    let path = credentials::own_path()?;
    let url = credentials::target(global.url.as_deref(), None)?.url;
    let target = Target { url: url.clone(), token: None, file: None };
    if url.scheme() == "http" && !credentials::is_local(&url) {
        let warning = output.language.pick("warning: the password travels unencrypted to", "varning: lösenordet går okrypterat till");
        output::tell(&format!("{warning} {url}"));
    }
    let language = output.language;
    let asked = prompt::asking(move || -> Outcome<(String, SecretString)> {
        let missing = |field: &str, fix: &str| Failure::usage(field, "there is no terminal to ask on", fix);
        let email = match args.email {
            Some(email) => email,
            None if prompt::is_person() => prompt::ask(language.pick("E-mail: ", "E-post: "))?,
            None => return Err(missing("email", "give --email")),
        };
        let password = match &args.password_file {
            Some(path) => prompt::password_from(path)?,
            None if prompt::is_person() => prompt::password(language.pick("Password: ", "Lösenord: "))?,
            None => return Err(missing("password-file", "give --password-file FILE, or - for standard input")),
        };
        Ok((email, password))
    });
    let (email, password) = asked.await?;
    let client = Client::new(target, language)?;
    let body = json!({"email": email, "password": password.expose_secret()});
    let answer = client.post_once(&["api", "v1", "session"], &body).await.map_err(|failure| match failure {
        Failure::Api(refusal) if refusal.status == 401 => Failure::failed(
            language.pick("e-mail address or password is wrong", "e-postadressen eller lösenordet stämmer inte"),
            language.pick("check both and try again", "kontrollera båda och försök igen"),
        ),
        other => other,
    })?;
    let session: Session = answer.read()?;
    let kept = Credentials {
        url: url.to_string(),
        email: email.clone(),
        password: None,
        token: Some(session.token),
        expires_at: Some(session.expires_at.clone()),
    };
    credentials::write(&path, &kept)?;
    let told = json!({"url": url.as_str(), "email": email, "file": path, "expires_at": session.expires_at});
    if output.is_json() {
        return output.json(&told.to_string());
    }
    let (file, until) = (path.display(), time(&told, "/expires_at"));
    output.say(
        &format!("Logged in as {email} until {until}; the token is in {file}."),
        &format!("Inloggad som {email} till {until}; nyckeln finns i {file}."),
    )
}

/// Revokes the token of the user's own credentials file and removes the file.
///
/// # Errors
/// When the file cannot be removed. A token that could not be revoked is warned of.
pub async fn log_out(output: Output, _args: Logout) -> Outcome {
    let path = credentials::own_path()?;
    let Some(kept) = credentials::read(&path)? else {
        return output.say("Nobody is logged in here.", "Ingen är inloggad här.");
    };
    if let Some(token) = kept.token {
        let url = credentials::parse(if kept.url.is_empty() { credentials::DEFAULT_URL } else { &kept.url })?;
        let client = Client::new(Target { url, token: Some(token), file: None }, output.language)?;
        if let Err(failure) = client.delete(&["api", "v1", "session"], &[]).await {
            let already = matches!(&failure, Failure::Api(refusal) if refusal.status == 401);
            if !already {
                output::tell_as_it_is(&failure.render(output.language, super::style::colour_on(&std::io::stderr())));
                output::tell(output.language.pick(
                    "warning: the token could not be revoked and stays valid until it ends; revoke it with `flotta token revoke`",
                    "varning: nyckeln kunde inte återkallas och gäller tiden ut; återkalla den med `flotta token revoke`",
                ));
            }
        }
    }
    std::fs::remove_file(&path).map_err(|e| Failure::failed(format!("{}: {e}", path.display()), "remove it by hand"))?;
    output.say("Logged out.", "Utloggad.")
}
