// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The first administrator: made once, with credentials in a file for its owner alone.

use jiff::Timestamp;

use super::{Init, Told, credentials_path, credentials_there, local_url};
use crate::{
    access::{self, NewToken},
    cli::{
        credentials::{self, Credentials},
        failure::{Failure, Outcome},
        prompt,
    },
    config::Config,
    error::Error,
    fleet::{AuditResult, Email, Principal},
    store::{self, Store},
};

/// How long the first token lives: a year, after which `flotta login` makes another.
const TOKEN_DAYS: i64 = 366;

/// Makes the first administrator where there is no user yet, and gives the credentials file what it lacks.
pub(super) async fn ensure(config: &Config, store: &Store, args: &Init, told: &mut Told) -> Outcome {
    let path = credentials_path(config);
    let shown = path.display();
    let now = Timestamp::now();
    let anybody = store::users::any(store).await?;
    let mut kept = match credentials_there(config)? {
        Some(kept) if kept.token.is_some() && anybody => {
            return told.say("credentials.toml", false, &format!("Kept {shown}."), &format!("Behöll {shown}."));
        }
        Some(kept) => kept,
        None if anybody => {
            return told.say(
                "credentials.toml",
                false,
                "There are users already; log in with `flotta login`.",
                "Det finns redan användare; logga in med `flotta login`.",
            );
        }
        None => Credentials { url: local_url(config.listen), email: args.admin_email.clone(), ..Credentials::default() },
    };
    let password = match (kept.password.take(), &args.password_file) {
        (Some(password), _) => password,
        (None, Some(file)) => prompt::password_from(file)?,
        (None, None) => access::secrets::password(),
    };
    let email: Email = kept.email.parse().map_err(|e: crate::error::FieldError| e.at("admin_email"))?;
    access::passwords::check(&password, &email, "Administrator").map_err(Error::from)?;
    // Kept before it is used: a run that is cut off here leaves no administrator whom nobody can be.
    kept = Credentials { password: Some(password.clone()), token: None, ..kept };
    credentials::write(&path, &kept)?;
    if let Some(user) = access::first_administrator(store, &kept.email, password, now).await? {
        access::audit_system(store, "user.create", user.email.as_str(), AuditResult::Done, serde_json::json!({"by": "flotta init"}), now)
            .await?;
    }
    let canonical: Email = email.as_str().to_ascii_lowercase().parse()?;
    let Some((user, _)) = store::users::for_login(store, &canonical).await? else {
        return Err(Failure::usage(
            "credentials",
            format!("{shown} is for {email}, who is not a user of this fleet"),
            "remove the file and log in with `flotta login`",
        ));
    };
    let wanted = NewToken { name: "flotta init".to_owned(), permissions: None, expires_in_days: Some(TOKEN_DAYS) };
    let (token, secret) = access::create_token(store, &Principal { user, token: None }, &wanted, now).await?;
    access::audit_system(store, "token.create", &token.name, AuditResult::Done, serde_json::json!({"by": "flotta init"}), now).await?;
    let all = Credentials { token: Some(secret), expires_at: Some(token.expires_at.to_string()), ..kept };
    credentials::write(&path, &all)?;
    told.say(
        "credentials.toml",
        true,
        &format!("Made the first administrator, {email}; address, password and token are in {shown}."),
        &format!("Skapade den första administratören, {email}; adress, lösenord och nyckel finns i {shown}."),
    )
}
