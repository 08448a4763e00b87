// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta platform`: the fleet's own services.

use clap::Subcommand;
use serde_json::Value;

use super::{
    Context,
    failure::{Failure, Outcome},
    output::{Column, column, line, text},
};

/// What can be done with the platform.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the fleet's services and whether they are well; exit status 3 where one is not.
    #[command(after_help = "Examples:\n  flotta platform show")]
    Show,
}

const FLEET: &[Column] = &[
    column("Fleet", "Flotta", |v| text(v, "/fleet")),
    column("Version", "Version", |v| text(v, "/version")),
    column("Store", "Lagring", |v| text(v, "/store")),
];
const SERVICES: &[Column] = &[
    column("Service", "Tjänst", |v| text(v, "/name")),
    column("Well", "Mår bra", |v| if v["well"] == true { "✓".to_owned() } else { "✗".to_owned() }),
    column("Detail", "Detalj", |v| text(v, "/detail")),
];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or a service is not well.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let Command::Show = command;
    let answer = context.client.get(&["api", "v1", "platform"], &[]).await?;
    let platform: Value = answer.read()?;
    let services = platform["services"].as_array().cloned().unwrap_or_default();
    context.output.one(&answer, FLEET)?;
    if !context.output.is_json() {
        line("")?;
        line(&context.output.table(SERVICES, &services))?;
    }
    if services.iter().all(|service| service["well"] == true) { Ok(()) } else { Err(Failure::Told(3)) }
}
