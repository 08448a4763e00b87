// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality rehearse`: tries a release on a copy of the municipality's data, and says what it found.

use clap::Args;
use serde_json::{Value, json};

use super::{Context, Waiting, Which, path, settle, succeeded};
use crate::cli::{
    failure::{Failure, Outcome},
    language::Language,
    output::{Column, column, line, text},
    style,
};

/// What to rehearse.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality rehearse ale --release 6.8-2
  flotta municipality rehearse ale --release 6.8-2 --pages 20

The municipality's own sites go on as they are: both releases run on a copy of its data, from which nothing leads out. The end
is 1 where the release fails, so that a script can stop there.")]
pub struct Rehearse {
    #[command(flatten)]
    which: Which,
    /// The release to try.
    #[arg(long, value_name = "RELEASE")]
    release: String,
    /// Pages of each site to look at, at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pages: Option<u32>,
    #[command(flatten)]
    waiting: Waiting,
}

const FINDINGS: &[Column] = &[
    column("Level", "Nivå", |v| text(v, "/level")),
    column("About", "Gäller", |v| text(v, "/about")),
    column("Finding", "Iakttagelse", |v| text(v, "/detail")),
];

pub(super) async fn run(context: &Context, args: &Rehearse) -> Outcome {
    let slug = &args.which.slug;
    let mut body = args.which.body();
    body.insert("release".to_owned(), json!(args.release));
    if let Some(pages) = args.pages {
        body.insert("pages".to_owned(), json!(pages));
    }
    let answer =
        context.client.post(&path(slug, Some("rehearsals")), &Value::Object(body), args.waiting.idempotency_key.as_deref()).await?;
    let Some((work, json)) = settle(context, &answer, &args.waiting).await? else { return Ok(()) };
    if work.state != "done" {
        if context.output.is_json() {
            context.output.json(&json)?;
        }
        return succeeded(context, &work);
    }
    let answer = context.client.get(&["api", "v1", "operations", &work.id, "evidence"], &[]).await?;
    let found: Value = answer.read()?;
    if context.output.is_json() {
        context.output.json(&answer.text)?;
    } else {
        let findings = found["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !findings.is_empty() {
            line(&style::clean(&context.output.table(FINDINGS, findings)))?;
        }
        line(&style::clean(&told(&found, context.language())))?;
    }
    if found["level"] == "fail" {
        let see = format!("flotta operation show {}", work.id);
        let (message, fix) = match context.language() {
            Language::En => {
                (format!("{} fails on {slug}", args.release), format!("do not roll it out there; the whole evidence: {see}, or its page"))
            }
            Language::Sv => (
                format!("{} fungerar inte för {slug}", args.release),
                format!("rulla inte ut den där; hela underlaget: {see}, eller dess sida"),
            ),
        };
        return Err(Failure::failed(message, fix));
    }
    Ok(())
}

/// The verdict in one line.
fn told(found: &Value, language: Language) -> String {
    let count = |list: &str| found[list].as_array().map_or(0, Vec::len);
    let data = match text(found, "/migration").as_str() {
        "none" => language.pick("nothing is migrated", "inga data flyttas om"),
        "data" => language.pick("data is migrated", "data skrivs om"),
        _ => language.pick("tables are changed", "tabeller ändras"),
    };
    let level = match text(found, "/level").as_str() {
        "pass" => language.pick("passes", "godkänd"),
        "warn" => language.pick("passes, with something to look at", "godkänd, med något att titta på"),
        _ => language.pick("fails", "underkänd"),
    };
    let (to, pages, pictures) = (text(found, "/to"), count("pages"), count("pictures"));
    match language {
        Language::En => format!("{to} {level}: {pages} pages and {pictures} pictures compared; {data}."),
        Language::Sv => format!("{to} är {level}: {pages} sidor och {pictures} bilder jämförda; {data}."),
    }
}
