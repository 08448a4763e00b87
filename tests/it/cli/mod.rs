// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The command line, as a person or a script meets it: the real binary against a small server that follows the API's shapes.

use assert_cmd::Command;

mod errors;
mod health;
mod help;
mod host;
mod init;
mod login;
mod nouns;
mod onboard;
mod outside;
mod rollout;
mod server;

/// The binary with an environment of its own: no log-in, no address, English.
fn flotta(home: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flotta"));
    command.env_clear().env("HOME", home).env("FLOTTA_CREDENTIALS", home.join("credentials.toml")).env("TZ", "UTC");
    command.timeout(std::time::Duration::from_secs(60));
    command
}

/// What came of a command.
struct Came {
    status: i32,
    out: String,
    err: String,
}

fn run(command: &mut Command) -> Came {
    let output = command.output().unwrap();
    Came {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the binary against a server, logged in by the environment.
fn against(server: &server::Server, args: &[&str]) -> Came {
    let home = tempfile::tempdir().unwrap();
    run(flotta(home.path()).env("FLOTTA_URL", &server.url).env("FLOTTA_TOKEN", "flt_test").args(args))
}
