// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a municipality adds on top of every release, on its page: what it is, where it stands, applying it, going back.

use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::municipality::{follow, refuse, target};
use crate::{
    access::Caller,
    error::{FieldError, Result},
    fleet::{Municipality, access::Permission},
    releases::overlay::change,
    rollouts,
    store::{self, PageRequest},
    web::{
        Web,
        api::{municipalities::set_off, overlays, shapes_overlay::OverlayPart},
        guard::Note,
        input::Key,
        problem::Answer,
        view::{
            language::Language,
            models::{Notice, OverlayCard, OverlayConstant, OverlayLine, OverlayPast, OverlayRow, command_line},
        },
        visit::{Visit, see_other_with},
    },
};

/// How many earlier versions its page shows.
const LATEST: u32 = 10;

/// The form that applies it, sent.
#[derive(Debug, Deserialize)]
pub struct Applying {
    #[serde(default)]
    environment: String,
    despite_failed_rehearsal: Option<String>,
}

/// The form that goes back, sent.
#[derive(Debug, Deserialize)]
pub struct Restoring {
    #[serde(default)]
    version: String,
}

/// Moves an instance to what it runs with the present overlay.
pub async fn apply(web: Data<Web>, visit: Visit, caller: Caller, note: Note, key: Key, path: Path<String>, form: Form<Applying>) -> Answer {
    let form = form.into_inner();
    let started = async {
        let (_, instance) = target(&web, &caller, &note, &path, &form.environment).await?;
        let (despite, by) = (form.despite_failed_rehearsal.is_some(), caller.principal.user.email.as_str());
        note.detail("despite_failed_rehearsal", despite);
        let started = rollouts::overlay::apply(web.tools(), &instance, despite, by, key.0).await?;
        set_off(&web, &note, &started);
        Ok(started.operation)
    };
    let started = started.await;
    follow(&web, visit, &caller, &note, &path, started).await
}

/// Makes an earlier version the present one.
pub async fn restore(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<Restoring>) -> Answer {
    match restored(&web, &caller, &note, &path, &form.version).await {
        Ok(()) => Ok(see_other_with(&format!("/municipalities/{}", *path), Notice::Saved)),
        Err(refused) => refuse(&web, visit, &caller, &note, &path, refused).await,
    }
}

async fn restored(web: &Web, caller: &Caller, note: &Note, slug: &str, version: &str) -> Result<()> {
    let found = overlays::noted(web, caller, note, slug).await?;
    let number = version.trim().parse::<u32>().map_err(|_| {
        let said = format!("`{}` is no version", version.chars().take(40).collect::<String>().escape_debug());
        FieldError::new("version", "not-a-number", said, "choose one in the list")
    })?;
    let by = caller.principal.user.email.as_str();
    note.detail("restored", number);
    let overlay = change::restore(web.tools(), &caller.principal.scope(), &found, number, by).await?;
    overlays::begin(web, caller, note, &found, &overlay).await
}

/// What the municipality's page shows of it.
pub(super) async fn card(web: &Web, caller: &Caller, found: &Municipality, language: Language) -> Result<OverlayCard> {
    let shown = overlays::shown(web, caller, found).await?;
    let history =
        store::overlays::list(web.store(), &caller.principal.scope(), found.id, PageRequest::new(None, Some(LATEST))?).await?.items;
    let line = |part: OverlayPart| OverlayLine { slug: part.slug, name: part.name, version: part.version, replaces: part.replaces };
    let may = |permission| caller.principal.may(permission);
    let slug = found.slug.as_str();
    let present = shown.present;
    Ok(OverlayCard {
        version: present.version,
        is_empty: present.digest.is_empty(),
        plugins: present.plugins.into_iter().map(line).collect(),
        mu_plugins: present.mu_plugins.into_iter().map(line).collect(),
        constants: present.constants.into_iter().map(|(name, value)| OverlayConstant { name, value: value.to_string() }).collect(),
        by: present.by,
        created_at: present.created_at,
        instances: shown
            .instances
            .into_iter()
            .map(|i| OverlayRow {
                environment: i.environment,
                release: i.release,
                runs: i.runs,
                waits: !i.applied,
                rehearsal: i.rehearsal.unwrap_or_default(),
                verdict: match i.level.as_deref() {
                    None => "none",
                    Some("fail") => "failed",
                    Some(_) => "passed",
                }
                .to_owned(),
                passed: i.level.as_deref().is_some_and(|level| level != "fail"),
                words: if language == Language::Sv { i.words.sv } else { i.words.en },
            })
            .collect(),
        history: history
            .into_iter()
            .skip(1)
            .map(|o| OverlayPast {
                version: o.version,
                parts: o.holds.plugins.len() + o.holds.must_use.len() + o.holds.constants.len(),
                by: o.by,
                created_at: o.created_at,
            })
            .collect(),
        may_apply: may(Permission::ManageRollouts),
        may_change: may(Permission::ManageReleases),
        command: command_line(["flotta", "overlay", "show", slug]),
        add: command_line(["flotta", "overlay", "add", slug, "--plugin", "plugin.zip"]),
    })
}
