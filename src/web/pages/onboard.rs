// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Onboarding: the form, the plan, and what is said beside the domain.

use std::collections::BTreeMap;

use actix_web::{
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;
use url::Host;

use super::{domain, in_place, operation};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{Channel, Instance, Operation, OperationKind, OperationState, Scope, Slug},
    onboarding::{self, Preview, Request},
    store::{
        self, PageRequest,
        operations::{Filter, Idempotency},
    },
    web::{
        Web,
        api::municipalities::set_off,
        guard::Note,
        input::Key,
        problem::Answer,
        view::models::{KnownChoice, OnboardForm, OnboardPage, OperationPage, Plan, PlannedStep, ReleaseChoice},
        visit::{Visit, see_other},
    },
};

/// What WordPress in the releases speaks: Swedish is built in, English is WordPress's own.
const LOCALES: [&str; 2] = ["sv_SE", "en_US"];
/// So many past onboardings tell how long each step usually takes.
const PAST: u32 = 5;

/// The form, sent.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// `onboard`, or else only the plan is shown.
    #[serde(default)]
    intent: String,
    #[serde(flatten)]
    form: OnboardForm,
}

/// What is typed in the field of the domain.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    domain: String,
}

/// The form with the usual values.
pub async fn form(web: Data<Web>, visit: Visit) -> Answer {
    let limits = web.tools().settings.limits;
    let usual = OnboardForm {
        memory_mib: limits.memory_mib.to_string(),
        cpu_milli: limits.cpu_milli.to_string(),
        pids: limits.pids.to_string(),
        ..OnboardForm::default()
    };
    visit.page(&web, &page(&web, usual).await?)
}

/// What is said beside the domain while it is typed.
pub async fn domain_check(web: Data<Web>, visit: Visit, query: Query<Typed>) -> Answer {
    visit.page(&web, &domain::check(&web, &query.domain).await?)
}

/// Shows the plan, or onboards. What is wrong stands beside the fields, which keep what was typed.
pub async fn send(web: Data<Web>, visit: Visit, caller: Caller, note: Note, key: Key, sent: Form<Sent>) -> Answer {
    let Sent { intent, mut form } = sent.into_inner();
    let begin = intent == "onboard";
    if !begin {
        note.nothing();
        form.fill_from_code(&suffix(&web, &store::instances::all(web.store(), &Scope::Fleet).await?));
    }
    note.target(form.slug.chars().filter(|c| !c.is_control()).take(100).collect::<String>());
    let done = match request(&web, &form) {
        Err(errors) => Err(Error::Invalid(errors)),
        Ok(request) if begin => match start(&web, &caller, &note, key.0, &request).await {
            Ok(operation) => return Ok(see_other(&format!("/operations/{}", operation.id))),
            Err(refused) => Err(refused),
        },
        Ok(request) => plan(&web, &request).await,
    };
    let (status, plan, errors) = match done {
        Ok(plan) => (StatusCode::OK, Some(plan), Vec::new()),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            (status, None, errors)
        }
    };
    // What is wrong with the domain stands at the field already.
    let said = form.domain.trim().is_empty() || errors.iter().any(|e| e.field == "domain");
    let domain_check = if said { None } else { Some(domain::check(&web, &form.domain).await?) };
    let page = page(&web, form).await?;
    visit.page_as(&web, status, &OnboardPage { plan, errors, domain_check, ..page })
}

/// Starts, or finds what the same person started with the same form a moment ago.
async fn start(web: &Web, caller: &Caller, note: &Note, key: Option<Idempotency>, request: &Request) -> Result<Operation> {
    let by = caller.principal.user.email.as_str();
    match onboarding::start(web.tools(), request, by, key).await {
        Ok(started) => {
            set_off(web, note, &started);
            Ok(started.operation)
        }
        Err(Error::Conflict(refused)) => {
            let before = before(web, request, by).await?.ok_or(Error::Conflict(refused))?;
            note.municipality(before.municipality).detail("operation", before.id.text()).detail("repeated", true);
            Ok(before)
        }
        Err(other) => Err(other),
    }
}

/// A double click: the same request by the same person, still worked on.
async fn before(web: &Web, request: &Request, by: &str) -> Result<Option<Operation>> {
    let Ok(slug) = request.slug.trim().parse::<Slug>() else { return Ok(None) };
    let input = serde_json::to_value(request).map_err(|e| Error::Internal(e.to_string()))?;
    let filter = Filter {
        municipality: None,
        slug: Some(slug.to_string()),
        state: Some(OperationState::Live.to_string()),
        kind: Some(OperationKind::Onboard.to_string()),
    };
    let live = store::operations::list(web.store(), &Scope::Fleet, &filter, PageRequest::default()).await?.items;
    Ok(live.into_iter().find(|o| o.requested_by == by && o.input == input))
}

/// The request that a form is, or everything that is wrong with it in itself.
fn request(web: &Web, form: &OnboardForm) -> Result<Request, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut number = |field: &str, text: &str| {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let wrong = |_| {
            FieldError::new(
                field,
                "not-a-number",
                format!("`{}` is not a whole number", text.escape_debug()),
                "write digits only, such as 512",
            )
        };
        text.parse().map_err(|e| errors.push(wrong(e))).ok()
    };
    let (memory_mib, cpu_milli, pids) =
        (number("memory_mib", &form.memory_mib), number("cpu_milli", &form.cpu_milli), number("pids", &form.pids));
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let request = Request {
        slug: form.slug.trim().to_owned(),
        name: given(&form.name),
        code: given(&form.code),
        domain: form.domain.trim().to_owned(),
        admin_email: form.admin_email.trim().to_owned(),
        admin_login: None,
        locale: given(&form.locale),
        release: given(&form.release),
        environment: given(&form.environment),
        network: given(&form.network),
        memory_mib,
        cpu_milli,
        pids,
    };
    match request.wish(web.tools().settings.limits) {
        Ok(_) if errors.is_empty() => Ok(request),
        Ok(_) => Err(errors),
        Err(mut more) => {
            more.append(&mut errors);
            Err(more)
        }
    }
}

/// What would be made; changes nothing.
async fn plan(web: &Web, request: &Request) -> Result<Plan> {
    let (wish, release, preview) = onboarding::check(web.tools(), request).await?;
    let Preview { address, release: name, steps, memory_promised_mib, memory_capacity_mib, .. } = preview;
    let (_, instance) = onboarding::planned(&wish, &release, web.now());
    // Its end is made from the id that the instance will get.
    let schema = instance.schema().rsplit_once('_').map_or_else(String::new, |(start, _)| format!("{start}_…"));
    let before = memory_promised_mib.saturating_sub(u64::from(wish.limits.memory_mib));
    let mut usual = usual_steps(web).await?;
    Ok(Plan {
        steps: steps.into_iter().map(|name| PlannedStep { expected_seconds: usual.remove(&name), name }).collect(),
        address,
        container: web.tools().settings.container(&instance),
        schema,
        release: name,
        free_memory_mib: Some(memory_capacity_mib.saturating_sub(before)),
        free_disk_bytes: web.tools().engine.free_disk_bytes().await.ok(),
    })
}

/// How many seconds each step of onboarding usually takes here.
async fn usual_steps(web: &Web) -> Result<BTreeMap<String, f64>> {
    let names = operation::step_names(OperationKind::Onboard);
    let mut took: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for done in operation::past(web, OperationKind::Onboard, PAST).await? {
        let journal = store::operations::events_after(web.store(), done.id, 0).await?;
        for step in OperationPage::new(&done, &names, journal, web.now()).steps {
            took.entry(step.name).or_default().extend(step.seconds);
        }
    }
    Ok(took.into_iter().filter_map(|(name, seconds)| Some((name, operation::median(seconds)?))).collect())
}

/// The page around a form.
async fn page(web: &Web, form: OnboardForm) -> Result<OnboardPage> {
    let store = web.store();
    let municipalities = store::municipalities::all(store, &Scope::Fleet).await?;
    let taken: Vec<&str> = municipalities.iter().filter_map(|m| m.code.as_ref()).map(|code| code.as_str()).collect();
    let instances = store::instances::all(store, &Scope::Fleet).await?;
    let releases = store::releases::list(store, PageRequest::default()).await?.items;
    Ok(OnboardPage {
        known: KnownChoice::all_but(&taken),
        releases: releases
            .into_iter()
            .filter(|r| r.channel != Channel::Retired)
            .map(|r| ReleaseChoice { name: r.name, channel: r.channel })
            .collect(),
        locales: LOCALES.map(str::to_owned).to_vec(),
        domain_suffix: suffix(web, &instances),
        expected_seconds: operation::usual_seconds(web, OperationKind::Onboard).await?,
        command: form.command(),
        domain_check: None,
        errors: Vec::new(),
        plan: None,
        form,
    })
}

/// What domains of this fleet usually end in; before the first, what Flotta's own address suggests.
fn suffix(web: &Web, instances: &[Instance]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for last in instances.iter().filter_map(|i| i.domain.as_str().rsplit('.').next()) {
        *counts.entry(last).or_default() += 1;
    }
    if let Some((usual, _)) = counts.into_iter().max_by_key(|(_, count)| *count) {
        return usual.to_owned();
    }
    let trial = match web.app.config.public_url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    };
    if trial { "localhost" } else { "se" }.to_owned()
}
