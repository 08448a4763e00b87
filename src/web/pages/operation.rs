// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Operations: the list, one with its journal, and trying again.

use std::collections::{BTreeMap, HashMap, HashSet};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use url::form_urlencoded;

use super::asked;
use crate::{
    access::Caller,
    catalogue,
    drivers::wordpress::site_host,
    error::{Error, Result},
    fleet::{
        Instance, InstanceId, InstanceState, Municipality, MunicipalityId, Operation, OperationKind, OperationState, Scope, Slug,
        access::Permission,
    },
    rollouts::rehearsals,
    store::{self, PageRequest, operations::Filter},
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::{
            Page,
            models::{Choice, NextSteps, Notice, OperationFilter, OperationPage, OperationRow, OperationsPage, command_line},
        },
        visit::{Visit, see_other, see_other_with},
    },
};

/// Rows on one page of the list.
const ROWS: u32 = 50;
/// So many past operations tell how long one usually takes.
const PAST: u32 = 20;

/// Operations, newest first. An unknown value in the address counts as none.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    let mut filter = OperationFilter::default();
    for (name, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match &*name {
            "municipality" => value.trim().clone_into(&mut filter.municipality),
            "kind" if value.parse::<OperationKind>().is_ok() => filter.kind = value.into_owned(),
            "state" if value.parse::<OperationState>().is_ok() => filter.state = value.into_owned(),
            _ => {}
        }
    }
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let wanted = Filter { municipality: None, slug: given(&filter.municipality), state: given(&filter.state), kind: given(&filter.kind) };
    let page = asked::page(&request, ROWS)?;
    let (store, scope) = (web.store(), caller.principal.scope());
    // What is no slug is nobody's.
    let sensible = wanted.slug.as_ref().is_none_or(|slug| slug.parse::<Slug>().is_ok());
    let (found, total) = if sensible {
        let found = store::operations::list(store, &scope, &wanted, page).await?;
        (found.items, found.total)
    } else {
        (Vec::new(), 0)
    };
    let municipalities = store::municipalities::all(store, &scope).await?;
    let instances = store::instances::all(store, &scope).await?;
    let flags = [("--municipality", &filter.municipality), ("--kind", &filter.kind), ("--state", &filter.state)];
    let flags = flags.into_iter().filter(|(_, value)| !value.is_empty()).flat_map(|(flag, value)| [flag, value.as_str()]);
    let query = [("municipality", filter.municipality.as_str()), ("kind", &filter.kind), ("state", &filter.state)];
    let model = OperationsPage {
        filtered: filter != OperationFilter::default(),
        rows: rows(&web, &found, &names(&municipalities)),
        live: usize::try_from(live(&web, &scope, 1).await?.1).unwrap_or(0),
        stopped: stopped(&web, &scope, &instances).await?.len(),
        municipality_choices: municipalities.into_iter().map(|m| Choice { value: m.slug.to_string(), label: m.name }).collect(),
        pager: asked::pager(page, total, "/operations", &query),
        command: command_line(["flotta", "operation", "list"].into_iter().chain(flags)),
        filter,
    };
    visit.page(&web, &model)
}

/// One operation with its journal.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, &path).await?)
}

/// The part of its page that changes while it goes on.
pub async fn live_part(web: Data<Web>, mut visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let model = model(&web, &caller, &path).await?;
    visit.shell.here = format!("/operations/{}", model.id);
    let html = web.views.render(Page::OperationLive, &visit.shell, &model)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

/// Makes an operation that stopped go on. One that goes on already, as after a double click, is shown.
pub async fn retry(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let found = api::operations::find(&web, &caller, &path).await?;
    let place = format!("/operations/{}", found.id);
    match api::operations::go_on(&web, &caller, &note, &found).await {
        Ok(_) => Ok(see_other_with(&place, Notice::RetryAsked)),
        Err(Error::Conflict(_)) if api::operations::find(&web, &caller, &path).await?.state == OperationState::Live => {
            note.detail("repeated", true);
            Ok(see_other(&place))
        }
        Err(other) => Err(other.into()),
    }
}

/// What is shown of an operation.
async fn model(web: &Web, caller: &Caller, id: &str) -> Result<OperationPage> {
    let (store, scope) = (web.store(), caller.principal.scope());
    let operation = api::operations::find(web, caller, id).await?;
    let journal = store::operations::events_after(store, operation.id, 0).await?;
    let instance = there(store::instances::get(store, &scope, operation.instance).await)?;
    // Another municipality may have the slug by now.
    let municipality =
        there(store::municipalities::by_slug(store, &scope, &operation.slug).await)?.filter(|m| m.id == operation.municipality);
    let may = |permission| caller.principal.may(permission);
    let stopped = matches!(operation.state, OperationState::Failed | OperationState::Parked);
    let runs = instance.as_ref().is_some_and(|i| i.state == InstanceState::Running);
    let onboarded = operation.kind == OperationKind::Onboard && operation.state == OperationState::Done;
    let mut page = OperationPage::new(&operation, &step_names(operation.kind), journal, web.now());
    page.expected_seconds = usual_seconds(web, operation.kind).await?;
    page.has_evidence = rehearsals::evidence::whole(web.tools(), operation.id).await?.is_some();
    page.may_retry = stopped && instance.is_some() && may(Permission::ManageMunicipalities);
    page.may_invite = runs && may(Permission::InviteAdministrator);
    page.next = instance.filter(|_| onboarded && runs).map(|i| {
        let address = format!("https://{}/", site_host(&i.domain, web.tools().settings.https_port));
        NextSteps { admin_address: format!("{address}wp-admin/"), address, admin_email: i.admin_email }
    });
    if let Some(municipality) = municipality {
        page.name = municipality.name;
        page.municipality_exists = true;
    }
    Ok(page)
}

/// What is not there is none; other failures stay failures.
fn there<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The steps of a kind of operation, in order.
pub(super) fn step_names(kind: OperationKind) -> Vec<&'static str> {
    catalogue::all().iter().find(|w| w.kind == kind).map(|w| w.names()).unwrap_or_default()
}

/// Official names by id.
pub(super) fn names(municipalities: &[Municipality]) -> HashMap<MunicipalityId, String> {
    municipalities.iter().map(|m| (m.id, m.name.clone())).collect()
}

/// Operations as rows of a list.
pub(super) fn rows(web: &Web, operations: &[Operation], names: &HashMap<MunicipalityId, String>) -> Vec<OperationRow> {
    let row = |operation: &Operation| {
        let row = OperationRow::of(operation, web.now());
        let name = names.get(&operation.municipality).cloned().unwrap_or_else(|| row.name.clone());
        OperationRow { name, ..row }
    };
    operations.iter().map(row).collect()
}

/// Operations that go on: at most so many, and how many there are.
pub(super) async fn live(web: &Web, scope: &Scope, at_most: u32) -> Result<(Vec<Operation>, i64)> {
    let filter = Filter { state: Some(OperationState::Live.to_string()), ..Filter::default() };
    let found = store::operations::list(web.store(), scope, &filter, PageRequest::new(None, Some(at_most))?).await?;
    Ok((found.items, found.total))
}

/// Operations that stopped and wait for a person, newest first: their instance is still there, and nothing was done with it since.
pub(super) async fn stopped(web: &Web, scope: &Scope, instances: &[Instance]) -> Result<Vec<Operation>> {
    let there: HashSet<InstanceId> = instances.iter().map(|i| i.id).collect();
    let mut latest: BTreeMap<InstanceId, Operation> = BTreeMap::new();
    for state in [OperationState::Failed, OperationState::Parked] {
        let filter = Filter { state: Some(state.to_string()), ..Filter::default() };
        let found = store::operations::list(web.store(), scope, &filter, PageRequest::new(None, Some(500))?).await?;
        for operation in found.items.into_iter().filter(|o| there.contains(&o.instance)) {
            if latest.get(&operation.instance).is_none_or(|known| known.created_at < operation.created_at) {
                latest.insert(operation.instance, operation);
            }
        }
    }
    let mut waiting = Vec::new();
    for operation in latest.into_values() {
        let filter = Filter { municipality: Some(operation.municipality), ..Filter::default() };
        let since = store::operations::list(web.store(), scope, &filter, PageRequest::new(None, Some(PAST))?).await?;
        if since.items.iter().find(|o| o.instance == operation.instance).is_none_or(|newest| newest.id == operation.id) {
            waiting.push(operation);
        }
    }
    waiting.sort_by_key(|o| std::cmp::Reverse(o.created_at));
    Ok(waiting)
}

/// The latest operations of a kind that were done, newest first. Only their times are shown, so the whole fleet's count.
pub(super) async fn past(web: &Web, kind: OperationKind, at_most: u32) -> Result<Vec<Operation>> {
    let filter = Filter { kind: Some(kind.to_string()), state: Some(OperationState::Done.to_string()), ..Filter::default() };
    Ok(store::operations::list(web.store(), &Scope::Fleet, &filter, PageRequest::new(None, Some(at_most))?).await?.items)
}

/// How many seconds a kind of operation usually takes here; none where none was done yet.
pub(super) async fn usual_seconds(web: &Web, kind: OperationKind) -> Result<Option<f64>> {
    let done = past(web, kind, PAST).await?;
    let took = |o: &Operation| Some(o.finished_at?.duration_since(o.created_at).as_secs_f64().max(0.0));
    Ok(median(done.iter().filter_map(took).collect()))
}

/// The one in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::view::Language;

    #[test]
    fn every_kind_and_step_has_a_word_in_both_languages() {
        for language in Language::ALL {
            for workflow in catalogue::all() {
                let title = format!("operation-title-{}", workflow.kind);
                let named = std::collections::HashMap::from([("name".into(), "Ale".into())]);
                assert!(language.text(&title, &named).is_some(), "{language} {title}");
                let kind = format!("kind-{}", workflow.kind);
                assert_ne!(language.plain(&kind), kind, "{language}");
                for step in workflow.names() {
                    let key = format!("step-{step}");
                    assert_ne!(language.plain(&key), key, "{language}");
                }
            }
        }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!((median(vec![]), median(vec![9.0, 1.0, 2.0])), (None, Some(2.0)));
    }
}
