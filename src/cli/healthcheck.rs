// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta healthcheck`: whether the control plane is ready.

use std::time::Duration;

use clap::Args;

use super::{
    Global,
    client::Client,
    credentials,
    failure::{Failure, Outcome},
    output::Output,
};

/// How long to wait.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta healthcheck
  flotta healthcheck --url http://127.0.0.1:7700 --seconds 2

Exit status 0 when /readyz answers well, 1 otherwise.")]
pub struct Healthcheck {
    /// Seconds to wait for the answer.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
}

/// Asks once.
///
/// # Errors
/// When it does not answer, or not well.
pub async fn run(global: &Global, output: Output, args: Healthcheck) -> Outcome {
    let mut target = credentials::target(global.url.as_deref(), None)?;
    target.token = None;
    let url = target.url.to_string();
    let client = Client::new(target, output.language)?;
    let asked = tokio::time::timeout(Duration::from_secs(args.seconds), client.get(&["readyz"], &[]));
    let late = |_| Failure::Unreachable { url, why: format!("no answer in {} s", args.seconds), refused: false };
    match asked.await.map_err(late)? {
        Ok(answer) if output.is_json() => output.json(&answer.text),
        Ok(_) => output.say("ready", "redo"),
        // Whatever it is, it is not ready: never 2 here.
        Err(Failure::Api(refusal)) => Err(Failure::failed(format!("not ready ({}): {}", refusal.status, refusal.body.trim()), "")),
        Err(other) => Err(other),
    }
}
