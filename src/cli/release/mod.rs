// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta release`: register an image or build one, list, show, compare, promote, retire, delete.

use clap::{Args, Subcommand};
use serde_json::{Map, json};

mod build;
mod delete;
mod inventory;
pub(super) mod pack;
pub(super) mod source;

pub(super) use build::named;

use super::{
    Context, Paging,
    failure::Outcome,
    output::{Column, column, text, time},
};
use crate::{
    error::FieldError,
    fleet::{Contract, release::release_name},
};

/// What can be done with releases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register an image as a release, pinned by its id.
    #[command(after_help = "Examples:
  flotta release register flotta/wordpress:6.8 --name 6.8-1 --stable
  flotta release register sha256:1f0c… --name 6.8-2 --contract wordpress")]
    Register(Register),
    /// Build a release: themes and plugins put on another release, or the fork's own Dockerfile.
    Build(Box<build::Build>),
    /// List releases, newest first.
    #[command(after_help = "Examples:\n  flotta release list")]
    List(List),
    /// Show one release, what is in it, or that as a CycloneDX document.
    #[command(after_help = "Examples:
  flotta release show 6.8-1
  flotta release show 6.8-1 --inventory
  flotta release show 6.8-1 --cyclonedx >6.8-1.cdx.json")]
    Show(Show),
    /// Tell what differs between a release and the one before it, or another.
    #[command(after_help = "Examples:\n  flotta release diff 6.8-2\n  flotta release diff 6.8-2 6.7-4")]
    Diff(Diff),
    /// Make a candidate stable: onboarding takes the newest stable release.
    #[command(after_help = "Examples:\n  flotta release promote 6.8-2")]
    Promote(One),
    /// Retire a release that no instance runs: nothing new starts on it.
    #[command(after_help = "Examples:\n  flotta release retire 6.8-1")]
    Retire(One),
    /// Delete a release that nothing needs, and its image where Flotta built it.
    #[command(after_help = "Examples:
  flotta release delete 6.8-1
  flotta release delete 6.8-1 --confirm 6.8-1

On a terminal it asks for the name once more. Elsewhere --confirm must repeat it.")]
    Delete(delete::Delete),
}

/// What to register.
#[derive(Debug, Args)]
pub struct Register {
    /// The image, by name or id; fetched from its registry where the engine does not have it.
    image: String,
    /// The release's name; without it, the image's version label.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How the image is configured; without it, found by its labels and environment.
    #[arg(long, value_name = "CONTRACT")]
    contract: Option<Contract>,
    /// Make it stable at once; otherwise it is a candidate.
    #[arg(long)]
    stable: bool,
}

/// Which part of the list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    paging: Paging,
}

/// One release.
#[derive(Debug, Args)]
pub struct One {
    /// Its name.
    #[arg(value_parser = a_name)]
    name: String,
}

/// Which release, and what of it.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    which: One,
    /// Show what is in it: WordPress, themes, plugins, PHP, packages.
    #[arg(long, conflicts_with = "cyclonedx")]
    inventory: bool,
    /// Print what is in it as a CycloneDX 1.6 document.
    #[arg(long)]
    cyclonedx: bool,
}

/// Which two.
#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    which: One,
    /// The one to compare it with; without it, the release that it was built on, or the newest stable one before it.
    #[arg(value_name = "BEFORE", value_parser = a_name)]
    before: Option<String>,
}

fn a_name(text: &str) -> Result<String, FieldError> {
    release_name(text)
}

const COLUMNS: &[Column] = &[
    column("Name", "Namn", |v| text(v, "/name")),
    column("Channel", "Kanal", |v| text(v, "/channel")),
    column("Instances", "Instanser", |v| text(v, "/instances")),
    column("Contract", "Kontrakt", |v| text(v, "/contract")),
    column("Image", "Avbild", |v| text(v, "/image")),
    column("Registered", "Registrerad", |v| time(v, "/created_at")),
];
const ONE: &[Column] = &[
    column("Name", "Namn", |v| text(v, "/name")),
    column("Channel", "Kanal", |v| text(v, "/channel")),
    column("Instances", "Instanser", |v| text(v, "/instances")),
    column("Contract", "Kontrakt", |v| text(v, "/contract")),
    column("Image", "Avbild", |v| text(v, "/image")),
    column("Image id", "Avbildens id", |v| text(v, "/image_id")),
    column("Registered", "Registrerad", |v| time(v, "/created_at")),
];

const ROOT: [&str; 3] = ["api", "v1", "releases"];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let (client, output) = (&context.client, &context.output);
    match command {
        Command::Register(args) => {
            let mut body = Map::from_iter([("image".to_owned(), json!(args.image)), ("stable".to_owned(), json!(args.stable))]);
            body.extend(args.name.map(|name| ("name".to_owned(), json!(name))));
            body.extend(args.contract.map(|contract| ("contract".to_owned(), json!(contract.to_string()))));
            output.one(&client.post(&ROOT, &body.into(), None).await?, ONE)
        }
        Command::Build(args) => build::run(context, *args).await,
        Command::List(args) => {
            let empty = (
                "No release yet. Begin with: flotta release register --help",
                "Ingen utgåva ännu. Börja med: flotta release register --help",
            );
            output.list(&client.get(&ROOT, &args.paging.query(&[])).await?, COLUMNS, empty)
        }
        Command::Show(args) => inventory::show(context, &args).await,
        Command::Diff(args) => inventory::diff(context, &args).await,
        Command::Delete(args) => delete::run(context, &args).await,
        Command::Promote(args) => output.one(&client.post(&[&ROOT[..], &[&args.name, "promote"]].concat(), &json!({}), None).await?, ONE),
        Command::Retire(args) => output.one(&client.post(&[&ROOT[..], &[&args.name, "retire"]].concat(), &json!({}), None).await?, ONE),
    }
}
