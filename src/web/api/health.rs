// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What machines ask: whether the control plane lives, is ready, its figures, and the gateway's question about certificates.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Query},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    error::{Error, FieldError},
    fleet::{
        Desired, Domain, Scope,
        facts::{LATE, MISSED},
        health::Health,
        incident::CauseKind,
    },
    platform, store,
    store::{PageRequest, operations::Filter},
    web::{Web, metrics, problem::Answer},
};

/// Longer than this nobody who asks waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process lives.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// Everything that onboarding needs answers: the store and the platform's services.
pub async fn ready(web: Data<Web>) -> HttpResponse {
    let store = timeout(PATIENCE, store::users::any(web.store())).await.is_ok_and(|answer| answer.is_ok());
    let services = timeout(PATIENCE, platform::status(web.tools())).await.unwrap_or_default();
    let ready = store && !services.is_empty() && services.iter().all(|s| s.well);
    let mut parts: BTreeMap<&str, bool> = services.iter().map(|s| (s.name, s.well)).collect();
    parts.insert("store", store);
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(json!({"ready": ready, "parts": parts}).to_string())
}

/// Figures for Prometheus.
pub async fn metrics(web: Data<Web>) -> Answer {
    let mut states: BTreeMap<String, f64> =
        ["onboarding", "running", "suspended", "repairing", "updating", "quarantined", "offboarding"].map(|s| (s.to_owned(), 0.0)).into();
    for instance in store::instances::all(web.store(), &Scope::Fleet).await? {
        *states.entry(instance.state.to_string()).or_default() += 1.0;
    }
    for (state, count) in states {
        metrics::set("flotta_instances", "state", state, count);
    }
    for state in ["live", "failed", "parked"] {
        let filter = Filter { state: Some(state.to_owned()), ..Filter::default() };
        let total = store::operations::list(web.store(), &Scope::Fleet, &filter, PageRequest { page: 1, per_page: 1 }).await?.total;
        metrics::set("flotta_operations", "state", state.to_owned(), f64::from(u32::try_from(total).unwrap_or(u32::MAX)));
    }
    let mut checks: BTreeMap<Health, u32> = Health::ALL.map(|health| (health, 0)).into();
    let tallies = store::checks::tallies(web.store(), &Scope::Fleet).await?;
    for (health, count) in tallies.iter().flat_map(|tally| &tally.states) {
        *checks.entry(*health).or_default() += count;
    }
    for (health, count) in checks {
        metrics::set("flotta_checks", "health", health.to_string(), f64::from(count));
    }
    super::history::figures(&web).await?;
    for kind in CauseKind::ALL {
        let open = store::incidents::open_of(web.store(), kind).await?;
        metrics::set("flotta_incidents_open", "cause", kind.to_string(), f64::from(open));
    }
    for (word, seconds) in [("late", LATE), ("missed", MISSED)] {
        let sites = store::facts::overdue(web.store(), seconds).await?;
        metrics::set("flotta_sites_overdue", "jobs", word.to_owned(), f64::from(sites));
    }
    for (kind, open) in store::findings::counts(web.store()).await? {
        metrics::set("flotta_findings_open", "kind", kind.to_string(), f64::from(open));
    }
    metrics::followers(web.pulse.followers());
    if let Some(at) = web.app.status.get().and_then(|public| public.as_of) {
        metrics::public_age(web.now().duration_since(at).as_secs_f64());
    }
    let text = metrics::text() + &metrics::municipalities(&tallies);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// The gateway's question.
#[derive(Debug, Deserialize)]
pub struct Ask {
    domain: String,
}

/// Whether the gateway may get a certificate for a host name: only for those that lead to an instance.
pub async fn tls_ask(web: Data<Web>, query: Query<Ask>) -> Answer {
    let Ok(domain) = query.domain.parse::<Domain>() else {
        return Err(FieldError::new("domain", "invalid-domain", "that is not a host name", "ask for a full host name").into());
    };
    match store::instances::by_domain(web.store(), &domain).await? {
        Some((_, Desired::Running | Desired::Suspended)) => Ok(HttpResponse::Ok().finish()),
        _ => Err(Error::not_found("domain").into()),
    }
}
