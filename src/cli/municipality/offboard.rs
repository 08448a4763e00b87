// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality offboard`: says what is lost and what is kept, asks for the slug, follows the steps.

use clap::Args;
use serde_json::{Value, json};

use super::{Context, Waiting, Which, path, settled};
use crate::cli::{
    failure::{Failure, Outcome},
    language::Language,
    output::{self, text},
    prompt, style,
};

/// What to offboard.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality offboard ale
  flotta municipality offboard ale --confirm ale --keep-backup

On a terminal it says what is lost and asks for the slug. Elsewhere --confirm must repeat the slug.")]
pub struct Offboard {
    #[command(flatten)]
    which: Which,
    /// The slug once more, so that nothing is removed by mistake.
    #[arg(long, value_name = "SLUG")]
    confirm: Option<String>,
    /// Keep earlier backups beside the final archive, which is always kept.
    #[arg(long)]
    keep_backup: bool,
    #[command(flatten)]
    waiting: Waiting,
}

pub(super) async fn run(context: &Context, args: &Offboard) -> Outcome {
    let slug = &args.which.slug;
    let confirm = match &args.confirm {
        Some(word) => word.clone(),
        None if prompt::is_person() => {
            let municipality: Value = context.client.get(&path(slug, None), &[]).await?.read()?;
            output::tell(&style::clean(&consequences(&municipality, args, context.language())));
            let question = context.language().pick("Type the slug to go on: ", "Skriv kortnamnet för att fortsätta: ");
            let question = question.to_owned();
            prompt::asking(move || prompt::ask(&question)).await?
        }
        None => String::new(),
    };
    if confirm != slug.as_str() {
        let (message, fix) = match context.language() {
            Language::En => (
                format!("offboarding removes every site of `{slug}` from this fleet and was not confirmed; nothing was changed"),
                format!("repeat the slug: --confirm {slug}"),
            ),
            Language::Sv => (
                format!("ett avslut tar bort varje webbplats i `{slug}` ur flottan och bekräftades inte; inget har ändrats"),
                format!("upprepa kortnamnet: --confirm {slug}"),
            ),
        };
        return Err(Failure::usage("confirm", message, fix));
    }
    let mut body = args.which.body();
    body.insert("confirm".to_owned(), json!(confirm));
    body.insert("keep_backups".to_owned(), json!(args.keep_backup));
    let answer = context.client.post(&path(slug, Some("offboard")), &Value::Object(body), args.waiting.idempotency_key.as_deref()).await?;
    let Some(work) = settled(context, &answer, &args.waiting).await? else { return Ok(()) };
    context.said(
        &format!("{slug} has left the fleet. Its final archive is kept; `flotta operation show {}` tells where.", work.id),
        &format!("{slug} har lämnat flottan. Det sista arkivet finns kvar; `flotta operation show {}` säger var.", work.id),
    )
}

fn consequences(municipality: &Value, args: &Offboard, language: Language) -> String {
    let all = municipality["instances"].as_array().map(Vec::as_slice).unwrap_or_default();
    let wanted = args.which.environment.map(|e| e.to_string());
    let addresses: Vec<String> = all
        .iter()
        .filter(|i| wanted.as_deref().is_none_or(|w| text(i, "/environment") == w))
        .map(|i| format!("  {} ({})", text(i, "/address"), text(i, "/environment")))
        .collect();
    let (name, addresses) = (text(municipality, "/name"), addresses.join("\n"));
    let earlier = if args.keep_backup { language.pick("\n  earlier backups", "\n  tidigare säkerhetskopior") } else { "" };
    match language {
        Language::En => format!(
            "Offboarding {name}.\nThis stops answering and is removed:\n{addresses}\n  its database, uploads, passwords and keys\nThis is kept:\n  a final archive of database and uploads, with checksums, proved restorable first{earlier}\n  the log of what was done"
        ),
        Language::Sv => format!(
            "Avslut av {name}.\nDetta slutar svara och tas bort:\n{addresses}\n  databasen, de uppladdade filerna, lösenord och nycklar\nDetta blir kvar:\n  ett sista arkiv av databas och filer, med kontrollsummor, som först provåterställs{earlier}\n  loggen över vad som har gjorts"
        ),
    }
}
