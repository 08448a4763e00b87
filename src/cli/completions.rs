// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, failure::Outcome, output::line};

/// For which shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta completions bash > /etc/bash_completion.d/flotta
  flotta completions zsh > ~/.zfunc/_flotta")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When standard output is closed.
pub fn run(args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flotta", &mut script);
    line(String::from_utf8_lossy(&script).trim_end())
}
