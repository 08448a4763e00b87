// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta migrate`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{failure::Outcome, output::Output};
use crate::{
    app, config,
    store::{Store, migrate},
};

/// Which configuration.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta migrate
  flotta migrate --config /etc/flotta/flotta.toml

`flotta serve` does the same when it starts. The control plane on this home must be stopped.")]
pub struct Migrate {
    /// The configuration file; without it, $FLOTTA_CONFIG, then /var/lib/flotta/flotta.toml.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
}

/// Runs what is pending.
///
/// # Errors
/// When a control plane runs on this home, or a migration fails.
pub async fn run(output: Output, args: Migrate) -> Outcome {
    let config = config::load(&args.config.unwrap_or_else(config::default_path))?;
    let _alone = app::lock(&config)?;
    // Connecting makes an SQLite file with the right mode first.
    drop(Store::connect(&config.store).await?);
    let done = migrate::run(&config.store).await?;
    if output.is_json() {
        return output.json(&json!({"migrations": done}).to_string());
    }
    if done.is_empty() {
        return output.say("The store is up to date.", "Lagringen är aktuell.");
    }
    let names = done.join(", ");
    output.say(&format!("Done: {names}."), &format!("Klart: {names}."))
}
