// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The command line: one file per noun, each a client of the HTTP API, so that nothing can be done here that cannot be done
//! there. Only what runs on the control plane's own host (`serve`, `init`, `migrate`, `check-config`, `secret`) reads the
//! configuration and works without the API.
//!
//! Exit statuses: 0 done, 1 failed, 2 wrong usage or input, 3 done but not healthy; 130 when the waiting was stopped by hand.
//! Results go to standard output; progress, warnings and errors to standard error.

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

pub mod address;
pub mod advisory;
pub mod audit;
pub mod backup;
pub mod certificate;
pub mod check_config;
pub mod client;
pub mod completions;
pub mod credentials;
pub mod failure;
pub mod finding;
pub mod fleet;
pub mod follow;
pub mod health;
pub mod healthcheck;
pub mod incident;
pub mod init;
pub mod language;
pub mod login;
pub mod migrate;
pub mod municipality;
pub mod operation;
pub mod output;
pub mod overlay;
pub mod platform;
pub mod progress;
pub mod prompt;
pub mod receiver;
pub mod release;
pub mod rollout;
pub mod secret;
pub mod serve;
pub mod silence;
pub mod stream;
pub mod style;
pub mod token;
pub mod user;
pub mod words;

use client::Client;
use failure::{Failure, Outcome};
use language::Language;
use output::{Format, Output};

/// Flotta runs one shared WordPress fork for many municipalities.
#[derive(Debug, Parser)]
#[command(
    name = "flotta",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  flotta municipality onboard helsingborg --code 1283 --domain helsingborg.se --admin-email webb@helsingborg.se
  flotta municipality list --search göt
  flotta operation list --state live --output json

Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 done but not healthy."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Answer with a table for people, or with the API's JSON unchanged.
    #[arg(long, global = true, value_enum, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// Language of messages; without it, Swedish where LANG or LC_ALL starts with sv.
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    pub language: Option<Language>,
    /// Address of the control plane; without it, the credentials file's, then http://127.0.0.1:7700.
    #[arg(long, global = true, env = "FLOTTA_URL", value_name = "URL", hide_env_values = true)]
    pub url: Option<String>,
    /// API token; others on this host can see options, so prefer FLOTTA_TOKEN or `flotta login`.
    #[arg(long, global = true, env = "FLOTTA_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = secret_text)]
    pub token: Option<SecretString>,
}

/// An option's text that is never shown again.
fn secret_text(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.to_owned().into())
}

/// Which part of a list.
#[derive(Clone, Debug, Args)]
pub struct Paging {
    /// Page of the list, from 1.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page: u32,
    /// Rows on a page.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    per_page: u32,
}

impl Paging {
    /// A query of the API with this part of the list.
    fn query<'a>(&self, filters: &[(&'a str, Option<&str>)]) -> Vec<(&'a str, String)> {
        let given = filters.iter().filter_map(|(name, value)| value.map(|value| (*name, value.to_owned())));
        given.chain([("page", self.page.to_string()), ("per_page", self.per_page.to_string())]).collect()
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Onboard municipalities and look after them.
    #[command(subcommand, visible_alias = "m")]
    Municipality(municipality::Command),
    /// Look at operations, watch them, try them again.
    #[command(subcommand)]
    Operation(operation::Command),
    /// Register releases of the fork and move them between channels.
    #[command(subcommand)]
    Release(release::Command),
    /// See and change what one municipality adds on top of every release.
    #[command(subcommand)]
    Overlay(overlay::Command),
    /// Move the fleet to a release, wave by wave.
    #[command(subcommand)]
    Rollout(rollout::Command),
    /// See how every site is.
    #[command(subcommand)]
    Health(health::Command),
    /// See and change what is checked of a municipality besides its sites.
    #[command(subcommand)]
    Address(address::Command),
    /// See which certificates end when.
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// See confirmed problems and take them on.
    #[command(subcommand)]
    Incident(incident::Command),
    /// See what needs somebody though nothing is down, and put it aside.
    #[command(subcommand)]
    Finding(finding::Command),
    /// Import known weaknesses and see what has them.
    #[command(subcommand)]
    Advisory(advisory::Command),
    /// Ask what runs, throws and grows where, over the whole fleet.
    #[command(subcommand)]
    Fleet(fleet::Command),
    /// See and change who is told of incidents.
    #[command(subcommand)]
    Receiver(receiver::Command),
    /// Tell nobody for a while, or plan a maintenance window.
    #[command(subcommand)]
    Silence(silence::Command),
    /// See what was saved of a municipality.
    #[command(subcommand)]
    Backup(backup::Command),
    /// See whether the platform's own services are well.
    #[command(subcommand)]
    Platform(platform::Command),
    /// See and change who may log in.
    #[command(subcommand)]
    User(user::Command),
    /// Make and revoke API tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Read the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Log in and keep a token in the credentials file.
    Login(login::Login),
    /// Revoke the token of the credentials file and forget it.
    Logout(login::Logout),
    /// Run the control plane: API, pages and background tasks.
    Serve(serve::Serve),
    /// Prepare this host: configuration, master key, first administrator.
    Init(Box<init::Init>),
    /// Bring the store up to date without starting the control plane.
    Migrate(migrate::Migrate),
    /// Check the configuration and print every mistake at once.
    CheckConfig(check_config::CheckConfig),
    /// Make a master key, or seal every secret anew.
    #[command(subcommand)]
    Secret(secret::Command),
    /// Ask whether the control plane is ready; for container images and monitoring.
    Healthcheck(healthcheck::Healthcheck),
    /// Print a completion script for a shell.
    Completions(completions::Completions),
    /// Print the version of this program.
    #[command(after_help = "Examples:\n  flotta version\n  flotta version --output json")]
    Version,
}

/// What a command that calls the API works with.
pub struct Context {
    /// Calls the API.
    pub client: Client,
    /// Prints.
    pub output: Output,
}

impl Context {
    fn new(global: &Global, output: Output) -> Outcome<Self> {
        let target = credentials::target(global.url.as_deref(), global.token.clone())?;
        Ok(Self { client: Client::new(target, output.language)?, output })
    }

    /// The language of messages.
    #[must_use]
    pub fn language(&self) -> Language {
        self.output.language
    }

    /// Tells a person something beside the result; programs are not told.
    fn said(&self, english: &str, swedish: &str) -> Outcome {
        if self.output.is_json() { Ok(()) } else { self.output.say(english, swedish) }
    }
}

/// Runs a command, tells what went wrong, and gives the exit status.
pub async fn run(cli: Cli) -> u8 {
    let output = Output { format: cli.global.output, language: Language::choose(cli.global.language) };
    match picked(cli, output).await {
        Ok(()) => 0,
        Err(failure) => {
            match &failure {
                // Programs get the API's own words.
                Failure::Api(refusal) if output.is_json() && !refusal.body.trim().is_empty() => output::tell(refusal.body.trim_end()),
                other => output::tell_as_it_is(&other.render(output.language, style::colour_on(&std::io::stderr()))),
            }
            failure.status()
        }
    }
}

async fn picked(cli: Cli, output: Output) -> Outcome {
    let Cli { global, command } = cli;
    let context = || Context::new(&global, output);
    match command {
        Command::Municipality(command) => municipality::run(&context()?, command).await,
        Command::Operation(command) => operation::run(&context()?, command).await,
        Command::Release(command) => release::run(&context()?, command).await,
        Command::Overlay(command) => overlay::run(&context()?, command).await,
        Command::Rollout(command) => rollout::run(&context()?, command).await,
        Command::Health(command) => health::run(&context()?, command).await,
        Command::Address(command) => address::run(&context()?, command).await,
        Command::Certificate(command) => certificate::run(&context()?, command).await,
        Command::Incident(command) => incident::run(&context()?, command).await,
        Command::Finding(command) => finding::run(&context()?, command).await,
        Command::Advisory(command) => advisory::run(&context()?, command).await,
        Command::Fleet(command) => fleet::run(&context()?, command).await,
        Command::Receiver(command) => receiver::run(&context()?, command).await,
        Command::Silence(command) => silence::run(&context()?, command).await,
        Command::Backup(command) => backup::run(&context()?, command).await,
        Command::Platform(command) => platform::run(&context()?, command).await,
        Command::User(command) => user::run(&context()?, command).await,
        Command::Token(command) => token::run(&context()?, command).await,
        Command::Audit(command) => audit::run(&context()?, command).await,
        Command::Login(args) => login::log_in(&global, output, args).await,
        Command::Logout(args) => login::log_out(output, args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Init(args) => init::run(output, *args).await,
        Command::Migrate(args) => migrate::run(output, args).await,
        Command::CheckConfig(args) => check_config::run(output, args),
        Command::Secret(command) => secret::run(output, command).await,
        Command::Healthcheck(args) => healthcheck::run(&global, output, args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Version if output.is_json() => output::line(&serde_json::json!({"version": env!("CARGO_PKG_VERSION")}).to_string()),
        Command::Version => output::line(concat!("flotta ", env!("CARGO_PKG_VERSION"))),
    }
}
