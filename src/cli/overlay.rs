// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta overlay`: what one municipality adds on top of every release: show, add, remove, history, restore, apply.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{
    Context, Paging,
    client::Answer,
    failure::{Failure, Outcome},
    language::Language,
    municipality::{Waiting, Which, done, path},
    output::{Column, column, line, text, time},
    release::{
        named,
        pack::{Folder, Pack},
        source::{self, Source},
    },
    style::clean,
};
use crate::{
    error::FieldError,
    fleet::{Slug, constant},
};

/// What can be done with overlays.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a municipality adds, what that changes, and where its instances stand with it.
    #[command(after_help = "Examples:\n  flotta overlay show ale")]
    Show(One),
    /// Add plugins, must-use plugins and constants, or put other versions in their place.
    Add(Add),
    /// Take something out of it.
    #[command(after_help = "Examples:
  flotta overlay remove ale --plugin events --constant WP_POST_REVISIONS
  flotta overlay remove ale --all")]
    Remove(Remove),
    /// List every version that it had, newest first.
    #[command(after_help = "Examples:\n  flotta overlay history ale")]
    History(History),
    /// Make an earlier version the present one.
    #[command(after_help = "Examples:\n  flotta overlay restore ale 2")]
    Restore(Restore),
    /// Move an instance to what it runs with the present overlay on top. It must have been rehearsed.
    #[command(after_help = "Examples:
  flotta overlay apply ale
  flotta overlay apply ale --environment staging --no-wait
  flotta overlay apply ale --despite-failed-rehearsal")]
    Apply(Apply),
}

/// One municipality.
#[derive(Debug, Args)]
pub struct One {
    /// Its slug.
    slug: Slug,
}

/// What to add.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta overlay add ale --plugin events-2.3.zip
  flotta overlay add ale --plugin https://example.se/events.git#v2.3 --mu-plugin header.php
  flotta overlay add ale --constant WP_POST_REVISIONS=5 --constant WP_MEMORY_LIMIT=256M

A plugin is a folder, a zip or a repository (https://, ssh://, file:///folder, with #branch-or-tag), and gets the name of its
folder unless NAME= gives it another. Of --mu-plugin, a file or all that is in a folder is put among the must-use plugins. A
constant's value is a number, true or false where it reads so, and a text otherwise.
The new overlay is rehearsed at once on the release that the municipality runs; `flotta overlay apply` puts it in use.")]
pub struct Add {
    /// The municipality's slug.
    slug: Slug,
    /// A plugin; may be given again.
    #[arg(long, value_name = "[NAME=]ZIP|DIR|GIT-URL")]
    plugin: Vec<String>,
    /// A must-use plugin; may be given again.
    #[arg(long, value_name = "FILE|DIR")]
    mu_plugin: Vec<String>,
    /// A constant of wp-config.php; may be given again.
    #[arg(long, value_name = "NAME=VALUE")]
    constant: Vec<String>,
    /// Let them take the place of what the release itself brings.
    #[arg(long)]
    replace: bool,
}

/// What to take out.
#[derive(Debug, Args)]
pub struct Remove {
    /// The municipality's slug.
    slug: Slug,
    /// A plugin, by its folder; may be given again.
    #[arg(long, value_name = "NAME")]
    plugin: Vec<String>,
    /// A must-use plugin, by its file or folder; may be given again.
    #[arg(long, value_name = "NAME")]
    mu_plugin: Vec<String>,
    /// A constant; may be given again.
    #[arg(long, value_name = "NAME")]
    constant: Vec<String>,
    /// Everything.
    #[arg(long, conflicts_with_all = ["plugin", "mu_plugin", "constant"])]
    all: bool,
}

/// Which part of the history.
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    which: One,
    #[command(flatten)]
    paging: Paging,
}

/// Which version.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    which: One,
    /// Its number.
    version: u32,
}

/// Where to apply it.
#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    which: Which,
    /// Go on though it failed its rehearsal, or had none.
    #[arg(long)]
    despite_failed_rehearsal: bool,
    #[command(flatten)]
    waiting: Waiting,
}

const PARTS: &[Column] = &[
    column("Kind", "Slag", |v| text(v, "/kind")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Version", "Version", |v| text(v, "/version")),
    column("Removed by", "Tas bort med", |v| text(v, "/slug")),
];
const VERSIONS: &[Column] = &[
    column("Version", "Version", |v| text(v, "/version")),
    column("Plugins", "Tillägg", |v| listed(v, "/plugins")),
    column("Must-use plugins", "Obligatoriska tillägg", |v| listed(v, "/mu_plugins")),
    column("Constants", "Konstanter", |v| {
        v["constants"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default()
    }),
    column("By", "Av", |v| text(v, "/by")),
    column("Made", "Gjord", |v| time(v, "/created_at")),
];

fn listed(value: &Value, pointer: &str) -> String {
    let all = value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|one| format!("{} {}", text(one, "/slug"), text(one, "/version")).trim_end().to_owned()).collect::<Vec<_>>().join(", ")
}

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    let client = &context.client;
    match command {
        Command::Show(args) => told(context, &client.get(&place(&args.slug, None), &[]).await?),
        Command::Add(args) => add(context, &args).await,
        Command::Remove(args) => {
            let body = json!({"plugins": args.plugin, "mu_plugins": args.mu_plugin, "constants": args.constant, "all": args.all});
            told(context, &client.post(&place(&args.slug, Some("remove")), &body, None).await?)
        }
        Command::History(args) => {
            let empty = ("It never had an overlay.", "Den har aldrig haft någon påbyggnad.");
            context.output.list(&client.get(&place(&args.which.slug, Some("versions")), &args.paging.query(&[])).await?, VERSIONS, empty)
        }
        Command::Restore(args) => {
            let body = json!({"version": args.version});
            told(context, &client.post(&place(&args.which.slug, Some("restore")), &body, None).await?)
        }
        Command::Apply(args) => apply(context, &args).await,
    }
}

fn place<'a>(slug: &'a Slug, verb: Option<&'a str>) -> Vec<&'a str> {
    path(slug, Some("overlay")).into_iter().chain(verb).collect()
}

async fn add(context: &Context, args: &Add) -> Outcome {
    let constants = constants(&args.constant).map_err(Failure::from)?;
    if args.plugin.is_empty() && args.mu_plugin.is_empty() && constants.is_empty() {
        return Err(
            FieldError::new("plugin", "nothing-added", "there is nothing to add", "give --plugin, --mu-plugin or --constant").into()
        );
    }
    // Asked before much is sent: whether there is such a municipality, and whether one may speak to this control plane at all.
    context.client.get(&path(&args.slug, None), &[]).await?;
    let work = Folder::new()?;
    let mut pack = Pack::new(&work)?;
    for given in &args.plugin {
        let (named, place) = named(given);
        let found = source::read("plugin", place)?;
        let stem = found.stem();
        pack.component("plugin", "plugins", &found.fetched("plugin", &work).await?, named, &stem)?;
    }
    for given in &args.mu_plugin {
        let given = std::path::Path::new(given);
        match source::read("mu-plugin", &given.to_string_lossy()) {
            Ok(Source::Folder(folder)) => pack.folder("mu-plugin", &folder, std::path::Path::new("mu-plugins"))?,
            _ => pack.one("mu-plugin", given, "mu-plugins")?,
        }
    }
    if !constants.is_empty() {
        pack.text("constants.json", Value::Object(constants).to_string().as_bytes())?;
    }
    let body = pack.end()?;
    let replace = if args.replace { "true".to_owned() } else { String::new() };
    let mut stream = context.client.upload(&place(&args.slug, None), &[("replace", replace)], &body).await?;
    let mut answer = Vec::new();
    while let Some(piece) = context.client.piece(&mut stream).await? {
        answer.extend_from_slice(&piece);
    }
    told(context, &Answer { text: String::from_utf8_lossy(&answer).into_owned() })
}

/// `NAME=VALUE`, checked as the control plane does.
fn constants(given: &[String]) -> Result<Map<String, Value>, FieldError> {
    let mut all = Map::new();
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            let said = format!("`{}` has no value", text.escape_debug());
            return Err(FieldError::new("constant", "invalid-constant", said, "write it as NAME=VALUE"));
        };
        let value = match serde_json::from_str::<Value>(value) {
            Ok(read @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => read,
            _ => Value::String(value.to_owned()),
        };
        constant::check(name, &value)?;
        all.insert(name.to_owned(), value);
    }
    Ok(all)
}

async fn apply(context: &Context, args: &Apply) -> Outcome {
    let mut body = args.which.body();
    body.insert("despite_failed_rehearsal".to_owned(), json!(args.despite_failed_rehearsal));
    let answer =
        context.client.post(&place(&args.which.slug, Some("apply")), &Value::Object(body), args.waiting.idempotency_key.as_deref()).await?;
    done(context, &answer, &args.waiting, &args.which.slug).await
}

/// What there is, for people: its parts, and for each instance what they change and where it stands.
fn told(context: &Context, answer: &Answer) -> Outcome {
    let output = &context.output;
    if output.is_json() {
        return output.json(&answer.text);
    }
    let overlay: Value = answer.read()?;
    let language = context.language();
    let slug = text(&overlay, "/municipality");
    let rows = parts(&overlay, language);
    if rows.is_empty() {
        output.say(
            &format!("{slug} adds nothing to the releases that it runs."),
            &format!("{slug} lägger inget till utgåvorna som den kör."),
        )?;
    } else {
        line(&clean(&output.table(PARTS, &rows)))?;
    }
    if overlay["version"] == 0 {
        return Ok(());
    }
    for instance in overlay["instances"].as_array().into_iter().flatten() {
        line("")?;
        line(&clean(&standing(instance, &text(&overlay, "/version"), &slug, language)))?;
        let words = instance["words"][language.code()].as_array().map(Vec::as_slice).unwrap_or_default();
        words.iter().filter_map(Value::as_str).try_for_each(|sentence| line(&clean(&format!("  {sentence}"))))?;
    }
    Ok(())
}

fn parts(overlay: &Value, language: Language) -> Vec<Value> {
    let mut rows = Vec::new();
    for (key, kind, option) in [
        ("plugins", language.pick("plugin", "tillägg"), "--plugin"),
        ("mu_plugins", language.pick("must-use plugin", "obligatoriskt tillägg"), "--mu-plugin"),
    ] {
        for one in overlay[key].as_array().into_iter().flatten() {
            let by = format!("{option} {}", text(one, "/slug"));
            rows.push(json!({"kind": kind, "name": one["name"], "version": one["version"], "slug": by}));
        }
    }
    for name in overlay["beside"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        rows.push(json!({"kind": language.pick("beside them", "bredvid dem"), "name": name, "slug": format!("--mu-plugin {name}")}));
    }
    for (name, value) in overlay["constants"].as_object().into_iter().flatten() {
        let kind = language.pick("constant", "konstant");
        rows.push(json!({"kind": kind, "name": name, "version": value.to_string(), "slug": format!("--constant {name}")}));
    }
    rows
}

fn standing(instance: &Value, version: &str, slug: &str, language: Language) -> String {
    let (environment, release) = (text(instance, "/environment"), text(instance, "/release"));
    if instance["applied"] == true {
        return match language {
            Language::En => format!("{environment}: version {version} on top of {release}"),
            Language::Sv => format!("{environment}: version {version} ovanpå {release}"),
        };
    }
    let rehearsal = text(instance, "/rehearsal");
    let next = match (instance["level"].as_str(), rehearsal.is_empty(), language) {
        (Some("fail"), _, Language::En) => format!("it failed its rehearsal: flotta operation show {rehearsal}"),
        (Some("fail"), _, Language::Sv) => format!("den blev underkänd i repetitionen: flotta operation show {rehearsal}"),
        (Some(_), _, Language::En) => format!("it passed its rehearsal: flotta overlay apply {slug}"),
        (Some(_), _, Language::Sv) => format!("den blev godkänd i repetitionen: flotta overlay apply {slug}"),
        (None, false, Language::En) => format!("its rehearsal: flotta operation watch {rehearsal}"),
        (None, false, Language::Sv) => format!("dess repetition: flotta operation watch {rehearsal}"),
        (None, true, Language::En) => format!("it was not rehearsed: flotta municipality rehearse {slug} --release {release}"),
        (None, true, Language::Sv) => format!("den är inte repeterad: flotta municipality rehearse {slug} --release {release}"),
    };
    match language {
        Language::En => format!("{environment}: {release} does not have version {version} yet; {next}"),
        Language::Sv => format!("{environment}: {release} har inte version {version} än; {next}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_read_as() {
        let given = ["A=5", "B=true", "C=256M", "D=\"5\"", "E=a=b", "F=", "G=[1]"].map(str::to_owned);
        let all = constants(&given).unwrap();
        let expected = json!({"A": 5, "B": true, "C": "256M", "D": "5", "E": "a=b", "F": "", "G": "[1]"});
        assert_eq!(Value::Object(all), expected);
        assert_eq!(constants(&["A".to_owned()]).unwrap_err().field, "constant");
        assert_eq!(constants(&["DB_NAME=x".to_owned()]).unwrap_err().code, "fixed-constant");
    }
}
