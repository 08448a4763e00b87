// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Picks the command.

use std::process::ExitCode;

use clap::Parser;
use flotta::cli::{self, Cli};
use mimalloc::MiMalloc;

/// What is read from the store in between leaves fewer pieces behind than with the usual one, SQLite's included, and no page is huge:
/// a fleet's memory is many small things that come and go.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Two providers are compiled in; the first use of TLS panics unless one is chosen.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("error: the TLS provider was installed twice");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no threads to work with: {error}");
            return ExitCode::FAILURE;
        }
    };
    let status = runtime.block_on(cli::run(cli));
    // A prompt may still wait on a thread of its own; nobody needs its answer any more.
    runtime.shutdown_background();
    ExitCode::from(status)
}
