// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta secret`: the master key that seals every secret of the fleet.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    failure::Outcome,
    init::files::{self, Written},
    output::{Output, line},
};
use crate::{config, store::Store, vault::MasterKey};

/// What can be done with the master key.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new master key: 64 hex digits, printed or written to a file with mode 0600.
    #[command(after_help = "Examples:\n  flotta secret new-key --to /var/lib/flotta/master-2027.key\n  flotta secret new-key")]
    NewKey(NewKey),
    /// Seal every secret anew with the present master key.
    #[command(after_help = "Examples:\n  flotta secret rotate

To change the master key: make a new one, set secrets.key_file to it and put the old file into
secrets.previous_key_files, restart the control plane, rotate, and take the old file out again.")]
    Rotate(Rotate),
}

/// Where the key goes.
#[derive(Debug, Args)]
pub struct NewKey {
    /// File to write; never one that is there already. Without it, the key is printed.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Which configuration.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The configuration file; without it, $FLOTTA_CONFIG, then /var/lib/flotta/flotta.toml.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
}

/// Runs one of them.
///
/// # Errors
/// When the file is there already, or a secret cannot be opened.
pub async fn run(output: Output, command: Command) -> Outcome {
    match command {
        Command::NewKey(NewKey { to: None }) => line(MasterKey::generate().expose_secret()),
        Command::NewKey(NewKey { to: Some(path) }) => {
            let key = zeroize::Zeroizing::new(format!("{}\n", MasterKey::generate().expose_secret()));
            if files::write_new(&path, &key)? == Written::WasThere {
                return Err(super::failure::Failure::usage(
                    "to",
                    format!("{} is there already", path.display()),
                    "give another file: a key is never overwritten",
                ));
            }
            let file = path.display();
            output.say(
                &format!("A new master key is in {file}. Keep a copy of it apart from the backups."),
                &format!("En ny huvudnyckel finns i {file}. Spara en kopia skild från säkerhetskopiorna."),
            )
        }
        Command::Rotate(args) => {
            let config = config::load(&args.config.unwrap_or_else(config::default_path))?;
            let vault = config.vault()?;
            let store = Store::connect(&config.store).await?;
            let count = vault.rotate(&store).await?;
            if output.is_json() {
                return output.json(&json!({"sealed": count}).to_string());
            }
            output.say(
                &format!("{count} secrets were sealed anew; all are sealed with the present master key now."),
                &format!("{count} hemligheter förseglades på nytt; alla är nu förseglade med den nuvarande huvudnyckeln."),
            )
        }
    }
}
