// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta check-config`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    failure::{Failure, Outcome},
    language::Language,
    output::{self, Output},
};
use crate::{config, error::Error, store::Address};

/// Which configuration.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta check-config
  flotta check-config --config /etc/flotta/flotta.toml --output json

Exit status 2 when something is wrong.")]
pub struct CheckConfig {
    /// The configuration file; without it, $FLOTTA_CONFIG, then /var/lib/flotta/flotta.toml.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
}

/// Checks it, master keys included.
///
/// # Errors
/// With every mistake at once.
pub fn run(output: Output, args: CheckConfig) -> Outcome {
    let path = args.config.unwrap_or_else(config::default_path);
    let checked = config::load(&path).and_then(|config| config.vault().map(|_| config));
    match checked {
        Ok(_) if output.is_json() => output.json(&json!({"ok": true, "errors": []}).to_string()),
        Ok(config) => {
            let store = match &config.store {
                Address::Sqlite(path) => format!("SQLite, {}", path.display()),
                Address::Postgres(_) => "PostgreSQL".to_owned(),
            };
            let (file, fleet, listen) = (path.display(), &config.fleet.fleet, config.listen);
            output.say(
                &format!("{file} is good: fleet {fleet}, listens on {listen}, store {store}."),
                &format!("{file} är bra: flottan {fleet}, lyssnar på {listen}, lagring {store}."),
            )
        }
        Err(Error::Invalid(errors)) => {
            if output.is_json() {
                output.json(&json!({"ok": false, "errors": errors}).to_string())?;
                return Err(Failure::Told(2));
            }
            let count = errors.len();
            let head = match output.language {
                Language::En => format!("{}: {count} {}", path.display(), if count == 1 { "mistake" } else { "mistakes" }),
                Language::Sv => format!("{}: {count} fel", path.display()),
            };
            output::tell(&head);
            Err(Failure::Domain(Error::Invalid(errors)))
        }
        Err(other) => Err(other.into()),
    }
}
