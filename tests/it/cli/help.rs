// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every command explains itself, and wrong usage ends with 2.

use clap::CommandFactory;
use flotta::cli::Cli;

use super::{flotta, run};

fn walk(command: &clap::Command, path: &[String], check: &mut dyn FnMut(&clap::Command, &[String])) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let path = [path, &[sub.get_name().to_owned()]].concat();
        check(sub, &path);
        walk(sub, &path, check);
    }
}

#[test]
fn every_command_has_help_and_every_leaf_has_examples() {
    let home = tempfile::tempdir().unwrap();
    let mut count = 0;
    Cli::command().debug_assert();
    walk(&Cli::command(), &[], &mut |command, path| {
        count += 1;
        let shown = path.join(" ");
        let came = run(flotta(home.path()).args(path).arg("--help"));
        assert_eq!(came.status, 0, "{shown}: {}", came.err);
        assert!(came.out.contains(&format!("flotta {shown}")), "{shown}: {}", came.out);
        assert!(command.get_about().is_some(), "{shown} does not say what it does");
        if !command.has_subcommands() {
            let example = came.out.lines().any(|line| line.starts_with(&format!("  flotta {shown}")));
            assert!(came.out.contains("Examples:") && example, "{shown} has no example of itself:\n{}", came.out);
            for argument in command.get_arguments().filter(|a| a.get_id() != "help" && a.get_id() != "version") {
                assert!(argument.get_help().is_some(), "{shown}: {} is not explained", argument.get_id());
            }
        }
    });
    assert!(count > 40, "{count} commands");
}

#[test]
fn wrong_usage_ends_with_2_and_names_the_fix() {
    let home = tempfile::tempdir().unwrap();
    for (args, hint) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["municipality", "list", "--colour"], "--colour"),
        (&["municipality", "show", "No Such"], "use 2 to 30 of a–z"),
        (&["municipality", "onboard", "ale"], "--domain"),
        (&["municipality", "suspend", "ale", "--environment", "moon"], "production staging trial"),
        (&["operation", "show", "12"], "36 characters"),
        (&["operation", "list", "--state", "gone"], "live done undone failed parked"),
        (&["user", "create", "a@ale.se", "--name", "A", "--role", "king"], "administrator operator"),
        (&["token", "create", "x", "--days", "9999"], "9999"),
        (&["release", "promote", "../x"], "letters, digits"),
        (&["release", "build"], "DIR|GIT-URL[#REF]"),
        (&["release", "build", ".", "--base", "6.8-1"], "--base"),
        (&["release", "build", "--theme", "x.zip"], "--base"),
        (&["municipality", "list", "--page", "0"], "0"),
        (&["municipality", "list", "--url", "ftp://x"], "http://127.0.0.1:7700"),
    ] {
        let came = run(flotta(home.path()).args(args));
        assert_eq!(came.status, 2, "{args:?}: {}", came.err);
        assert!(came.err.contains(hint), "{args:?}: {}", came.err);
        assert_eq!(came.out, "", "{args:?}");
    }
}

#[test]
fn no_command_at_all_shows_what_there_is() {
    let home = tempfile::tempdir().unwrap();
    let came = run(&mut flotta(home.path()));
    assert_eq!(came.status, 2);
    assert!(came.err.contains("municipality") && came.err.contains("serve"), "{}", came.err);
}

#[test]
fn version_and_completions() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(flotta(home.path()).arg("version")).out, format!("flotta {}\n", env!("CARGO_PKG_VERSION")));
    let json: serde_json::Value = serde_json::from_str(&run(flotta(home.path()).args(["version", "--output", "json"])).out).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    for shell in ["bash", "zsh", "fish"] {
        let came = run(flotta(home.path()).args(["completions", shell]));
        assert!(came.status == 0 && came.out.contains("municipality"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_flotta"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}
