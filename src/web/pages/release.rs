// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One release: what it is and holds, what differs from the one before, where it runs.

use actix_web::{
    http::StatusCode,
    web::{Data, Path},
};
use tracing::warn;

use super::form::{Refused, refused};
use crate::{
    access::Caller,
    error::{FieldError, Result},
    fleet::{Channel, Inventory, access::Permission, inventory::Component},
    releases, store,
    web::{
        Web,
        api::{
            releases::{Words, compared},
            shapes,
        },
        guard::Note,
        problem::Answer,
        view::{
            Language,
            models::{Notice, PartRow, ReleasePage, ReleaseRow, RunsOn, command_line},
        },
        visit::{Visit, see_other_with},
    },
};

/// One release.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let model = page(&web, &caller, visit.shell.language, &path, Vec::new()).await?;
    visit.page(&web, &model)
}

/// Makes it stable.
pub async fn promote(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    move_to(&web, visit, &caller, &note, &path, Channel::Stable, Notice::ReleasePromoted).await
}

/// Retires it.
pub async fn retire(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    move_to(&web, visit, &caller, &note, &path, Channel::Retired, Notice::ReleaseRetired).await
}

async fn move_to(web: &Web, visit: Visit, caller: &Caller, note: &Note, name: &str, channel: Channel, notice: Notice) -> Answer {
    match releases::move_to(web.tools(), name, channel).await {
        Ok(release) => Ok(see_other_with(&format!("/releases/{}", release.name), notice)),
        Err(error) => {
            let Refused { status, errors } = refused(note, error)?;
            sent_back(web, visit, caller, name, status, errors).await
        }
    }
}

async fn sent_back(web: &Web, mut visit: Visit, caller: &Caller, name: &str, status: StatusCode, errors: Vec<FieldError>) -> Answer {
    let model = page(web, caller, visit.shell.language, name, errors).await?;
    visit.shell.here = format!("/releases/{name}");
    visit.page_as(web, status, &model)
}

async fn page(web: &Web, caller: &Caller, language: Language, name: &str, errors: Vec<FieldError>) -> Result<ReleasePage> {
    let release = store::releases::by_name(web.store(), name).await?;
    let default = store::releases::newest_stable(web.store()).await?.map(|r| r.id);
    // The engine may be away or the image gone: what the store knows is shown all the same.
    let inventory = match releases::inventory::of(web.tools(), &release).await {
        Ok(inventory) => Some(inventory),
        Err(error) => {
            warn!(release = release.name, %error, "the inventory of a release cannot be shown");
            None
        }
    };
    let (before, words) = match compared(web, &release, None).await {
        Ok(difference) => (difference.before, difference.words),
        Err(error) => {
            warn!(release = release.name, %error, "a release cannot be compared with the one before it");
            (releases::before(web.tools(), &release).await?.map(|r| r.name), Words::default())
        }
    };
    let changes = match language {
        Language::Sv => words.sv,
        Language::En => words.en,
    };
    let mut instances = shapes::by_release(web, &caller.principal.scope()).await?;
    instances.retain(|instance| instance.release == release.id);
    let runs_on: Vec<RunsOn> = instances
        .into_iter()
        .map(|i| RunsOn { slug: i.slug.to_string(), name: i.title, environment: i.environment, state: i.state })
        .collect();
    let may = caller.principal.may(Permission::ManageReleases);
    let origin = store::releases::origin(web.store(), release.id).await?;
    let Inventory { wordpress, php, themes, plugins, must_use, packages } = inventory.clone().unwrap_or_default();
    let changing = [("promote", Channel::Stable), ("retire", Channel::Retired)];
    let mut commands = vec![command_line(["flotta", "release", "diff", name])];
    if may {
        let moves = changing.iter().filter(|(_, to)| *to != release.channel);
        commands.extend(moves.map(|(verb, _)| command_line(["flotta", "release", verb, name])));
        commands.push(command_line(["flotta", "release", "build", "--base", name, "--theme", "theme.zip"]));
        commands.push(command_line(["flotta", "release", "delete", name]));
    }
    Ok(ReleasePage {
        before,
        built: origin.is_some(),
        changes,
        known: inventory.is_some(),
        wordpress: wordpress.as_ref().map(|core| core.version.clone()),
        db_version: wordpress.map(|core| core.db_version),
        php,
        themes: parts(themes),
        plugins: parts(plugins),
        must_use: parts(must_use),
        packages: packages
            .into_iter()
            .map(|p| PartRow { slug: p.name.clone(), name: p.name, version: p.version, parent: String::new() })
            .collect(),
        may_promote: may && release.channel != Channel::Stable,
        may_retire: may && release.channel != Channel::Retired,
        errors,
        command: command_line(["flotta", "release", "show", name, "--inventory"]),
        commands,
        release: ReleaseRow {
            instances: runs_on.len(),
            is_default: Some(release.id) == default,
            name: release.name,
            image: release.image,
            image_id: release.image_id,
            contract: release.contract,
            channel: release.channel,
            created_at: release.created_at,
        },
        runs_on,
    })
}

fn parts(all: Vec<Component>) -> Vec<PartRow> {
    all.into_iter().map(|one| PartRow { slug: one.slug, name: one.name, version: one.version, parent: one.parent }).collect()
}
