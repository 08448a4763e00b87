// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The fleet: every municipality with its state.

use std::collections::HashMap;

use actix_web::{HttpRequest, web::Data};
use url::form_urlencoded;

use super::{operation, rollouts};
use crate::{
    access::Caller,
    fleet::{Instance, MunicipalityId},
    store,
    web::{
        Web,
        problem::Answer,
        view::models::{FleetEntry, FleetFilter, FleetPage, urgency},
        visit::Visit,
    },
};

/// The overview, as far as the caller may know the fleet.
pub async fn overview(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    let pairs: Vec<_> = form_urlencoded::parse(request.query_string().as_bytes()).collect();
    let filter = FleetFilter::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)));
    let (store, scope) = (web.store(), caller.principal.scope());
    let municipalities = store::municipalities::all(store, &scope).await?;
    let instances = store::instances::all(store, &scope).await?;
    let releases = store::releases::names(store).await?;
    // Of several instances, the one that most needs a person; production before others.
    let mut shown: HashMap<MunicipalityId, &Instance> = HashMap::new();
    for instance in &instances {
        let rank = |i: &Instance| (urgency(i.state), i.environment);
        let best = shown.entry(instance.municipality).or_insert(instance);
        if rank(instance) < rank(best) {
            *best = instance;
        }
    }
    let entry = |m: &crate::fleet::Municipality| {
        let instance = shown.get(&m.id)?;
        let code = m.code.as_ref().map(ToString::to_string);
        Some(FleetEntry {
            slug: m.slug.to_string(),
            short: FleetEntry::short_name(code.as_deref(), &m.name),
            name: m.name.clone(),
            code: code.unwrap_or_default(),
            state: instance.state,
            environment: instance.environment,
            domain: instance.domain.display(),
            release: releases.get(&instance.release).cloned().unwrap_or_default(),
            created_at: m.created_at,
        })
    };
    let entries = municipalities.iter().filter_map(entry).collect();
    let names = operation::names(&municipalities);
    let (live, _) = operation::live(&web, &scope, 500).await?;
    let stopped = operation::stopped(&web, &scope, &instances).await?;
    let page = FleetPage::new(entries, filter, operation::rows(&web, &live, &names), operation::rows(&web, &stopped, &names));
    visit.page(&web, &page.with_rollouts(rollouts::unfinished(&web, &scope).await?))
}
