// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta release build`: packs, sends, and shows the log as it comes.

use clap::Args;
use serde_json::Value;

use super::{
    ONE, ROOT,
    pack::{Folder, Pack},
    source,
};
use crate::{
    cli::{
        Context,
        client::Answer,
        failure::{Failure, Outcome, Refusal},
        output, style,
    },
    error::FieldError,
    fleet::{Contract, release::release_name},
};

/// What to build.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta release build --base 6.8-1 --theme helsingborg-1.1.zip
  flotta release build --base 6.8-1 --theme https://example.se/theme.git#v1.1 --plugin ./events --name 6.8-2
  flotta release build ./fork --name 2026.11-1
  flotta release build --base 6.8-1 --theme helsingborg=theme-main.zip

A theme or plugin is a folder, a zip or a repository (https://, ssh://, file:///folder, with #branch-or-tag), and gets the
name of its folder unless NAME= gives it another. The same content under the same name is built once.")]
pub struct Build {
    /// The fork's folder with its Dockerfile, or a repository that holds it.
    #[arg(value_name = "DIR|GIT-URL[#REF]", required_unless_present = "base", conflicts_with = "base")]
    source: Option<String>,
    /// The release to put themes and plugins on.
    #[arg(long, value_name = "RELEASE", value_parser = release_name)]
    base: Option<String>,
    /// A theme to put on it; may be given again.
    #[arg(long, value_name = "[NAME=]ZIP|DIR|GIT-URL", requires = "base")]
    theme: Vec<String>,
    /// A plugin to put on it; may be given again.
    #[arg(long, value_name = "[NAME=]ZIP|DIR|GIT-URL", requires = "base")]
    plugin: Vec<String>,
    /// The release's name; with --base it is made from the base's, the theme's and its version where left out.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How the image of a Dockerfile is configured; without it, found by its labels and environment.
    #[arg(long, value_name = "CONTRACT")]
    contract: Option<Contract>,
    /// Make it stable at once; otherwise it is a candidate.
    #[arg(long)]
    stable: bool,
}

pub(super) async fn run(context: &Context, args: Build) -> Outcome {
    let name = args.name.as_deref().map(release_name).transpose().map_err(|e| e.at("name"))?;
    if args.base.is_some() && args.theme.is_empty() && args.plugin.is_empty() {
        return Err(FieldError::new("theme", "nothing-added", "there is nothing to put on the base", "give --theme or --plugin").into());
    }
    if let Some(base) = &args.base {
        // Asked before much is sent: whether there is such a release, and whether one may speak to this control plane at all.
        context.client.get(&[&ROOT[..], &[base]].concat(), &[]).await?;
    }
    let work = Folder::new()?;
    let mut pack = Pack::new(&work)?;
    if let Some(text) = &args.source {
        let found = source::read("source", text)?.fetched("source", &work).await?;
        match &found {
            source::Source::Folder(folder) => pack.folder("source", folder, std::path::Path::new(""))?,
            _ => {
                return Err(Failure::usage(
                    "source",
                    format!("`{text}` is no folder"),
                    "give the fork's folder; zips go with --base and --theme",
                ));
            }
        }
    }
    for (field, top, all) in [("theme", "themes", &args.theme), ("plugin", "plugins", &args.plugin)] {
        for text in all {
            let (named, place) = named(text);
            let found = source::read(field, place)?;
            let stem = found.stem();
            pack.component(field, top, &found.fetched(field, &work).await?, named, &stem)?;
        }
    }
    let body = pack.end()?;
    let query = [
        ("name", name.unwrap_or_default()),
        ("base", args.base.unwrap_or_default()),
        ("contract", args.contract.map(|contract| contract.to_string()).unwrap_or_default()),
        ("stable", if args.stable { "true".to_owned() } else { String::new() }),
    ];
    let release = follow(context, &query, &body).await?;
    context.output.one(&Answer { text: release.to_string() }, ONE)
}

/// `NAME=PLACE`, where the part before the sign can be a name and is no place by itself.
pub(in crate::cli) fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, place)) if !name.is_empty() && !name.contains(['/', ':']) && !std::path::Path::new(text).exists() => {
            (Some(name), place)
        }
        _ => (None, text),
    }
}

/// Sends it and shows the log on standard error; what came of it is the answer.
async fn follow(context: &Context, query: &[(&str, String)], body: &std::path::Path) -> Outcome<Value> {
    let mut stream = context.client.upload(&[&ROOT[..], &["build"]].concat(), query, body).await?;
    let mut waiting = Vec::new();
    while let Some(piece) = context.client.piece(&mut stream).await? {
        waiting.extend_from_slice(&piece);
        while let Some(end) = waiting.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let mut line: Value = serde_json::from_slice(&line).map_err(|e| {
                Failure::failed(format!("the control plane's answer cannot be read: {e}"), "use the `flotta` of the same version")
            })?;
            if let Some(text) = line["log"].as_str() {
                output::tell(&style::clean(text));
            } else if line["release"].is_object() {
                return Ok(line["release"].take());
            } else if line["problem"].is_object() {
                let problem = line["problem"].take();
                let status = problem["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(500);
                return Err(Failure::Api(Box::new(Refusal::new(status, problem.to_string()))));
            }
        }
    }
    Err(Failure::failed(
        "the control plane ended its answer before the build was over",
        "`flotta release list` tells whether the release is there; otherwise build it again",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_go_before_the_place() {
        assert_eq!(named("hbg=theme.zip"), (Some("hbg"), "theme.zip"));
        assert_eq!(named("./a=b/theme.zip"), (None, "./a=b/theme.zip"));
        assert_eq!(named("https://example.se/x?a=b"), (None, "https://example.se/x?a=b"));
        assert_eq!(named("theme.zip"), (None, "theme.zip"));
    }
}
