// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One municipality, and what is done with its instance. Where it has several, forms mean the one that their field
//! `environment` names, else the only one, else production.

use std::{collections::HashMap, time::Duration};

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Form, Path},
};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{in_place, operation, overlay};
use crate::{
    access::Caller,
    drivers::wordpress::site_host,
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{
        Backup, Channel, Desired, Environment, Instance, InstanceState, Municipality, Operation, OperationKind, Overlaid, Policy, Release,
        ReleaseId, access::Permission, known,
    },
    instances::facts,
    onboarding::lifecycle,
    rollouts::waiting::{HoldRequest, PolicyRequest},
    store::{self, PageRequest, operations::Filter},
    web::{
        Web,
        api::{self, municipalities::set_off},
        guard::Note,
        input::Key,
        problem::Answer,
        view::{
            language::Language,
            models::{
                BackupRow, HoldForm, InstanceCard, InstanceFacts, Invitation, MunicipalityActions, MunicipalityPage, Notice, OffboardPage,
                StatusCard, Updates,
            },
        },
        visit::{Visit, see_other, see_other_with},
    },
};

/// How long a page waits for what WordPress tells of itself.
const FACTS: Duration = Duration::from_secs(2);
/// How many operations and backups its page shows.
const LATEST: u32 = 10;
const BACKUPS: u32 = 100;

/// Which instance a form means.
#[derive(Debug, Deserialize)]
pub struct Which {
    #[serde(default)]
    environment: String,
}

/// The form that confirms offboarding, sent.
#[derive(Debug, Deserialize)]
pub struct Confirmed {
    #[serde(default)]
    confirm: String,
    keep_backup: Option<String>,
    #[serde(default)]
    environment: String,
}

/// One municipality.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, visit.shell.language, &path).await?)
}

/// Stops its instance.
pub async fn suspend(web: Data<Web>, visit: Visit, caller: Caller, note: Note, key: Key, path: Path<String>, form: Form<Which>) -> Answer {
    let started = begin(&web, &caller, &note, key, &path, &form.environment, OperationKind::Suspend).await;
    follow(&web, visit, &caller, &note, &path, started).await
}

/// Starts its instance again.
pub async fn resume(web: Data<Web>, visit: Visit, caller: Caller, note: Note, key: Key, path: Path<String>, form: Form<Which>) -> Answer {
    let started = begin(&web, &caller, &note, key, &path, &form.environment, OperationKind::Resume).await;
    follow(&web, visit, &caller, &note, &path, started).await
}

/// Makes a single-use link for its administrator and shows it, once.
pub async fn invite(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<Which>) -> Answer {
    let made = match api::municipalities::invited(&web, &caller, &note, &path, Some(form.environment.as_str())).await {
        Ok(made) => made,
        Err(refused) => return refuse(&web, visit, &caller, &note, &path, refused).await,
    };
    let (instance, link) = made;
    let expires_at = link
        .expires_at
        .parse::<Timestamp>()
        .map_err(|_| Error::outside("wordpress", OutsideKind::Failed, "the agent did not say when the link ends; make another one"))?;
    let mut page = model(&web, &caller, visit.shell.language, &path).await?;
    page.invitation = Some(Invitation { login: instance.admin_login, url: link.url, expires_at });
    let mut answer = at_home(visit, &page.slug).page(&web, &page)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// Holds its instance back from rollouts for some days.
pub async fn hold(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<HoldForm>) -> Answer {
    let form = form.into_inner();
    let days = form.days.trim().parse::<u16>().ok().filter(|days| (1..=365).contains(days));
    let done = match days.and_then(|days| web.now().checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()) {
        None => {
            let said = format!("`{}` is no number of days", form.days.trim().escape_debug());
            Err(FieldError::new("days", "not-a-number", said, "give 1 to 14").into())
        }
        Some(until) => keep(&web, &caller, &note, &path, &form.environment, Some((&form.reason, until))).await,
    };
    match done {
        Ok(()) => Ok(see_other_with(&format!("/municipalities/{}", *path), Notice::Saved)),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let errors = errors.into_iter().map(|e| match e.field.as_str() {
                "hold.until" => e.at("days"),
                "hold.reason" => e.at("reason"),
                _ => e,
            });
            let page =
                MunicipalityPage { errors: errors.collect(), hold: form, ..model(&web, &caller, visit.shell.language, &path).await? };
            at_home(visit, &page.slug).page_as(&web, status, &page)
        }
    }
}

/// Ends its hold.
pub async fn unhold(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<Which>) -> Answer {
    match keep(&web, &caller, &note, &path, &form.environment, None).await {
        Ok(()) => Ok(see_other_with(&format!("/municipalities/{}", *path), Notice::Saved)),
        Err(refused) => refuse(&web, visit, &caller, &note, &path, refused).await,
    }
}

/// The form that opens or closes the status page, sent.
#[derive(Debug, Deserialize)]
pub struct Published {
    #[serde(default)]
    open: String,
}

/// Opens or closes its status page.
pub async fn status_page(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<Published>) -> Answer {
    match api::status_page::decided(&web, &caller, &note, &path, form.open == "yes").await {
        Ok(_) => Ok(see_other_with(&format!("/municipalities/{}", *path), Notice::Saved)),
        Err(refused) => refuse(&web, visit, &caller, &note, &path, refused).await,
    }
}

async fn status_card(web: &Web, caller: &Caller, language: Language, found: &Municipality) -> Result<StatusCard> {
    let page = api::status_page::shown(web, caller, found).await?;
    let (_, _, snippet) = api::shapes_open::addresses(&web.app.config.public_url, found.slug.as_str(), language);
    let may = caller.principal.may(Permission::PublishStatus);
    Ok(StatusCard { open: page.open, by: page.opened_by.unwrap_or_default(), url: page.url, snippet, may })
}

/// Changes the hold and leaves the rest of the policy as it is.
async fn keep(web: &Web, caller: &Caller, note: &Note, slug: &str, environment: &str, hold: Option<(&str, Timestamp)>) -> Result<()> {
    let (_, instance) = target(web, caller, note, slug, environment).await?;
    let before = store::policies::get(web.store(), &caller.principal.scope(), &instance).await?;
    let names = store::releases::names(web.store()).await?;
    let wanted = PolicyRequest {
        environment: Some(instance.environment.to_string()),
        hold: hold.map(|(reason, until)| HoldRequest { reason: reason.to_owned(), until: Some(until) }),
        pin: before.pin.and_then(|id| names.get(&id).cloned()),
        window: before.window.as_ref().map(ToString::to_string),
    };
    api::policy::decided(web, caller, note, slug, &wanted).await.map(drop)
}

/// What offboarding takes away, and the slug to type.
pub async fn offboard_form(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let found = api::municipalities::find(&web, &caller, &path).await?;
    let instance = api::municipalities::instance(&web, &caller, &found, None).await?;
    visit.page(&web, &farewell(&web, &found, &instance).await?)
}

/// Offboards. What was wrongly confirmed stays in the form.
pub async fn offboard(
    web: Data<Web>,
    visit: Visit,
    caller: Caller,
    note: Note,
    key: Key,
    path: Path<String>,
    form: Form<Confirmed>,
) -> Answer {
    let Confirmed { confirm, keep_backup, environment } = form.into_inner();
    let keep = keep_backup.is_some();
    let (found, instance) = target(&web, &caller, &note, &path, &environment).await?;
    note.detail("keep_backups", keep);
    let by = caller.principal.user.email.as_str();
    let started = lifecycle::offboard(web.tools(), &instance, confirm.trim(), keep, by, key.0).await;
    let refused = match started {
        Ok(started) => {
            set_off(&web, &note, &started);
            return Ok(see_other(&format!("/operations/{}", started.operation.id)));
        }
        Err(refused) => refused,
    };
    if let Some(live) = twice(&web, &caller, &note, &instance, OperationKind::Offboard, &refused).await? {
        return Ok(see_other(&format!("/operations/{}", live.id)));
    }
    let (status, errors) = in_place::told(&note, refused)?;
    let page = farewell(&web, &found, &instance).await?;
    let command = OffboardPage::command_for(found.slug.as_str(), keep);
    visit.page_as(&web, status, &OffboardPage { confirm, keep_backup: keep, errors, command, ..page })
}

/// The instance to work on, noted for the audit log.
pub(super) async fn target(web: &Web, caller: &Caller, note: &Note, slug: &str, environment: &str) -> Result<(Municipality, Instance)> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = api::municipalities::find(web, caller, slug).await?;
    note.municipality(found.id);
    let instance = api::municipalities::instance(web, caller, &found, Some(environment)).await?;
    Ok((found, instance))
}

async fn begin(web: &Web, caller: &Caller, note: &Note, key: Key, slug: &str, environment: &str, kind: OperationKind) -> Result<Operation> {
    let (_, instance) = target(web, caller, note, slug, environment).await?;
    let by = caller.principal.user.email.as_str();
    let started = match kind {
        OperationKind::Suspend => lifecycle::suspend(web.tools(), &instance, by, key.0).await,
        _ => lifecycle::resume(web.tools(), &instance, by, key.0).await,
    };
    match started {
        Ok(started) => {
            set_off(web, note, &started);
            Ok(started.operation)
        }
        Err(refused) => twice(web, caller, note, &instance, kind, &refused).await?.ok_or(refused),
    }
}

/// On to the operation, or back to the page with what is wrong.
pub(super) async fn follow(web: &Web, visit: Visit, caller: &Caller, note: &Note, slug: &str, started: Result<Operation>) -> Answer {
    match started {
        Ok(operation) => Ok(see_other(&format!("/operations/{}", operation.id))),
        Err(refused) => refuse(web, visit, caller, note, slug, refused).await,
    }
}

pub(super) async fn refuse(web: &Web, visit: Visit, caller: &Caller, note: &Note, slug: &str, refused: Error) -> Answer<HttpResponse> {
    let (status, errors): (StatusCode, _) = in_place::told(note, refused)?;
    let page = MunicipalityPage { errors, ..model(web, caller, visit.shell.language, slug).await? };
    at_home(visit, &page.slug).page_as(web, status, &page)
}

/// A page that a form's own address shows: language and theme are changed at the municipality's.
fn at_home(mut visit: Visit, slug: &str) -> Visit {
    visit.shell.here = format!("/municipalities/{slug}");
    visit
}

/// A double click: the same was asked by the same person a moment ago and goes on. Then that operation is the answer.
async fn twice(
    web: &Web,
    caller: &Caller,
    note: &Note,
    instance: &Instance,
    kind: OperationKind,
    refused: &Error,
) -> Result<Option<Operation>> {
    if !matches!(refused, Error::Conflict(_)) {
        return Ok(None);
    }
    let live = store::operations::live_on(web.store(), instance.id).await?;
    let same = live.filter(|o| o.kind == kind && o.requested_by == caller.principal.user.email.as_str());
    if let Some(live) = &same {
        note.detail("operation", live.id.text()).detail("repeated", true);
    }
    Ok(same)
}

/// What is shown of a municipality.
async fn model(web: &Web, caller: &Caller, language: Language, slug: &str) -> Result<MunicipalityPage> {
    let (store, scope) = (web.store(), caller.principal.scope());
    let found = api::municipalities::find(web, caller, slug).await?;
    let instances = store::instances::of(store, &scope, found.id).await?;
    let overlaid = store::derived::overlaid(store).await?;
    let mut releases: HashMap<ReleaseId, Release> = HashMap::new();
    for instance in &instances {
        if let std::collections::hash_map::Entry::Vacant(place) = releases.entry(instance.release) {
            place.insert(store::releases::get(store, overlaid.plain(instance.release)).await?);
        }
    }
    let told = join_all(instances.iter().map(|i| facts::ask(web.tools(), i, FACTS))).await;
    let filter = Filter { municipality: Some(found.id), ..Filter::default() };
    let operations = store::operations::list(store, &scope, &filter, PageRequest::new(None, Some(LATEST))?).await?.items;
    let backups = store::backups::list(store, &scope, Some(found.slug.as_str()), PageRequest::new(None, Some(BACKUPS))?).await?.items;
    let code = found.code.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(MunicipalityPage {
        may: actions(web, caller, &found).await?,
        backups: backups.into_iter().filter(|b| b.municipality == found.id).map(|b| backup(b, &instances)).collect(),
        operations: operation::rows(web, &operations, &operation::names(std::slice::from_ref(&found))),
        instances: cards(web, &instances, &releases, &overlaid, told).await?,
        overlay: overlay::card(web, caller, &found, language).await?,
        status: status_card(web, caller, language, &found).await?,
        hold: HoldForm::default(),
        county: known::by_code(&code).map(|k| k.county.to_owned()).unwrap_or_default(),
        command: MunicipalityPage::command_for(found.slug.as_str()),
        slug: found.slug.to_string(),
        name: found.name,
        contact_email: found.contact_email.to_string(),
        created_at: found.created_at,
        invitation: None,
        errors: Vec::new(),
        code,
    })
}

async fn cards(
    web: &Web,
    instances: &[Instance],
    releases: &HashMap<ReleaseId, Release>,
    overlaid: &Overlaid,
    told: Vec<Option<facts::Facts>>,
) -> Result<Vec<InstanceCard>> {
    let policies = store::policies::all(web.store()).await?;
    let names = store::releases::names(web.store()).await?;
    let of = |i: &Instance, facts| {
        let updates = policies.get(&i.id).map(|p| updates(p, &names, web.now())).unwrap_or_default();
        InstanceCard { updates, overlay: overlaid.version(i.release), ..card(web, i, releases.get(&i.release), facts) }
    };
    Ok(instances.iter().zip(told).map(|(i, facts)| of(i, facts)).collect())
}

fn updates(policy: &Policy, names: &HashMap<ReleaseId, String>, now: Timestamp) -> Updates {
    let hold = policy.hold_at(now);
    Updates {
        held: hold.is_some(),
        reason: hold.map(|h| h.reason.clone()).unwrap_or_default(),
        until: hold.and_then(|h| h.until),
        by: hold.map(|h| h.by.clone()).unwrap_or_default(),
        pin: policy.pin.and_then(|id| names.get(&id).cloned()).unwrap_or_default(),
        window: policy.window.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

fn card(web: &Web, i: &Instance, release: Option<&Release>, told: Option<facts::Facts>) -> InstanceCard {
    let settings = &web.tools().settings;
    InstanceCard {
        id: i.id.text(),
        environment: i.environment,
        state: i.state,
        desired: i.desired,
        reason: i.reason.clone(),
        domain: i.domain.display(),
        address: format!("https://{}/", site_host(&i.domain, settings.https_port)),
        release: release.map(|r| r.name.clone()).unwrap_or_default(),
        overlay: None,
        channel: release.map_or(Channel::Retired, |r| r.channel),
        network_kind: i.network_kind,
        locale: i.locale.clone(),
        admin_login: i.admin_login.clone(),
        admin_email: i.admin_email.clone(),
        limits: i.limits,
        generation: i.generation,
        container: settings.container(i),
        schema: i.schema(),
        created_at: i.created_at,
        facts: told.map(|f| InstanceFacts {
            wordpress: f.wordpress,
            php: f.php,
            theme: f.theme,
            plugins: f.plugins,
            sites: f.sites,
            users: f.users,
            seen_at: web.now(),
        }),
        updates: Updates::default(),
    }
}

/// A backup tells its environment by its instance, or, where that one is gone, by its folder.
fn backup(b: Backup, instances: &[Instance]) -> BackupRow {
    let known = instances.iter().find(|i| i.id == b.instance).map(|i| i.environment);
    let by_folder = || {
        let folder = b.path.split('/').next().unwrap_or_default();
        folder.rsplit('-').next().and_then(|word| word.parse::<Environment>().ok())
    };
    BackupRow {
        kind: b.kind,
        environment: known.or_else(by_folder).unwrap_or_default(),
        created_at: b.created_at,
        size_bytes: b.size_bytes,
        verified_at: b.verified_at,
        path: b.path,
    }
}

/// What the page offers: what the caller may do and makes sense now.
async fn actions(web: &Web, caller: &Caller, found: &Municipality) -> Result<MunicipalityActions> {
    let instance = match api::municipalities::instance(web, caller, found, None).await {
        Ok(instance) => instance,
        Err(Error::NotFound { .. } | Error::Invalid(_)) => return Ok(MunicipalityActions::default()),
        Err(other) => return Err(other),
    };
    let idle = store::operations::live_on(web.store(), instance.id).await?.is_none();
    let manage = idle && caller.principal.may(Permission::ManageMunicipalities);
    let aside = instance.state == InstanceState::Quarantined;
    let postpones = caller.principal.may(Permission::PostponeUpdates);
    let held = store::policies::get(web.store(), &caller.principal.scope(), &instance).await?.hold_at(web.now()).is_some();
    Ok(MunicipalityActions {
        suspend: manage && instance.desired == Desired::Running && instance.state == InstanceState::Running,
        resume: manage && (instance.desired == Desired::Suspended || aside),
        offboard: manage,
        invite: caller.principal.may(Permission::InviteAdministrator) && instance.state == InstanceState::Running,
        hold: postpones && !held,
        unhold: postpones && held,
    })
}

async fn farewell(web: &Web, found: &Municipality, instance: &Instance) -> Result<OffboardPage> {
    let domains = store::instances::domains(web.store()).await?;
    let sites = facts::ask(web.tools(), instance, FACTS).await.map(|f| f.sites).filter(|sites| *sites > 0);
    Ok(OffboardPage {
        slug: found.slug.to_string(),
        name: found.name.clone(),
        domains: domains.into_iter().filter(|(_, id, _)| *id == instance.id).map(|(name, ..)| name.display()).collect(),
        sites,
        archive_folder: web.tools().settings.archives().join(instance.key()).to_string_lossy().into_owned(),
        confirm: String::new(),
        keep_backup: false,
        errors: Vec::new(),
        command: OffboardPage::command_for(found.slug.as_str(), false),
    })
}
