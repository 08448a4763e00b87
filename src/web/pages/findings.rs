// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What needs somebody, and questions over the fleet.

use actix_web::{
    HttpRequest,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use super::{asked, in_place};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{self, access::Permission, facts::ComponentKind},
    health::questions,
    store::{self, PageRequest, findings::Filter},
    web::{
        Web,
        api::{self, shapes_findings::Mute},
        guard::Note,
        problem::Answer,
        view::models::{FindingPage, FindingsPage, FoundRow, QuestionsPage, Seen},
        visit::{Visit, see_other},
    },
};

/// Rows on one page of a list.
const ROWS: u32 = 100;
/// So many answers stand under each question.
const ANSWERS: usize = 50;
/// What of the evidence people are shown, in this order.
const SHOWN: [&str; 31] = [
    "title",
    "severity",
    "component",
    "version",
    "wanted",
    "sites",
    "reference",
    "login",
    "since",
    "registration",
    "role",
    "shown_to_visitors",
    "message",
    "file",
    "line",
    "count",
    "due_since",
    "error",
    "maintenance_for_seconds",
    "home",
    "domain",
    "bytes",
    "limit",
    "at",
    "days",
    "law",
    "source",
    "days_left",
    "not_after",
    "header",
    "address",
];

/// The list: what is open, what is put aside, what is over.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    let (scope, now) = (caller.principal.scope(), web.now());
    let page = asked::page(&request, ROWS)?;
    let unmuted = Filter { open: Some(true), muted: Some((false, now)), ..Filter::default() };
    let (state, filter) = match asked::value(&request, "state").as_deref() {
        Some("muted") => ("muted", Filter { muted: Some((true, now)), ..unmuted.clone() }),
        Some("resolved") => ("resolved", Filter { open: Some(false), ..Filter::default() }),
        _ => ("open", unmuted.clone()),
    };
    let open = store::findings::list(web.store(), &scope, &unmuted, PageRequest { page: 1, per_page: 1 }).await?.total;
    let all = store::findings::list(web.store(), &scope, &filter, page).await?;
    let model = FindingsPage {
        open: u64::try_from(open).unwrap_or_default(),
        rows: all.items.into_iter().map(|found| row(&web, found)).collect(),
        pager: asked::pager(page, all.total, "/findings", &[("state", state)]),
        state,
        command: "flotta finding list".to_owned(),
    };
    visit.page(&web, &model)
}

pub(super) fn row(web: &Web, found: fleet::Finding) -> FoundRow {
    FoundRow {
        state: match (found.resolved_at, found.is_muted(web.now())) {
            (Some(_), _) => "resolved",
            (None, true) => "muted",
            (None, false) => "open",
        },
        id: found.id.text(),
        kind: found.kind,
        slug: found.slug.to_string(),
        subject: found.subject,
        opened_at: found.opened_at,
    }
}

/// One finding.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, &path).await?)
}

async fn model(web: &Web, caller: &Caller, id: &str) -> Result<FindingPage> {
    let found = store::findings::get(web.store(), &caller.principal.scope(), api::findings::id(id)?).await?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    };
    let seen = |name: &&str| Some(Seen { name: (*name).to_owned(), value: text(&found.evidence[*name])? });
    let may = caller.principal.may(Permission::ManageIncidents);
    Ok(FindingPage {
        seen: SHOWN.iter().filter_map(seen).collect(),
        resolved_at: found.resolved_at,
        muted_until: found.muted_until,
        muted_by: found.muted_by.clone(),
        reason: found.reason.clone(),
        may_mute: found.resolved_at.is_none() && may,
        typed: found.reason.clone(),
        errors: Vec::new(),
        command: format!("flotta finding show {}", found.id),
        row: row(web, found),
    })
}

/// The form that puts a finding aside.
#[derive(Debug, Deserialize)]
pub struct PutAside {
    #[serde(default)]
    reason: String,
}

/// Puts it aside.
pub async fn mute(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<PutAside>) -> Answer {
    let id = api::findings::id(&path)?;
    let asked = Mute { reason: form.reason.clone(), until: None };
    match api::findings::put_aside(&web, &caller, &note, id, Some(&asked)).await {
        Ok(_) => Ok(see_other(&format!("/findings/{}", id.text()))),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let page = FindingPage { errors, typed: form.reason.clone(), ..model(&web, &caller, &path).await? };
            visit.shell.here = format!("/findings/{}", id.text());
            visit.page_as(&web, status, &page)
        }
    }
}

/// Takes it up again.
pub async fn unmute(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let id = api::findings::id(&path)?;
    api::findings::put_aside(&web, &caller, &note, id, None).await?;
    Ok(see_other(&format!("/findings/{}", id.text())))
}

/// Which versions run, who is behind, what throws where, what grew most.
pub async fn questions(web: Data<Web>, visit: Visit, caller: Caller) -> Answer {
    let (scope, store) = (caller.principal.scope(), web.store());
    let mut behind = Vec::new();
    for kind in [ComponentKind::Plugin, ComponentKind::Theme] {
        behind.extend(questions::versions(store, &scope, kind, None).await?.into_iter().filter(|version| version.behind));
    }
    behind.truncate(ANSWERS);
    let mut throwers = questions::throwers(store, &scope, web.now()).await?;
    throwers.truncate(ANSWERS);
    let mut growth = questions::growth(store, &scope, web.now()).await?;
    growth.truncate(ANSWERS);
    let core = questions::versions(store, &scope, ComponentKind::Core, None).await?;
    visit.page(&web, &QuestionsPage { core, behind, throwers, growth, command: "flotta fleet versions".to_owned() })
}
