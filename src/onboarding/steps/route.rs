// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The gateway leads the instance's host names to it. From here on it is public.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, unseen};
use crate::{
    drivers::gateway::{Route as GatewayRoute, Target},
    error::Result,
    instances::spec,
    store,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Route;

async fn wanted(cx: &Context, target: Target) -> Result<GatewayRoute> {
    let domains = store::instances::domains(&cx.target.tools.store).await?;
    Ok(spec::route_to(&cx.target.instance, &domains, target))
}

/// Makes the gateway lead to the instance.
///
/// # Errors
/// As [`show`].
pub async fn serve(cx: &Context) -> Result<()> {
    show(cx, spec::serving(cx.target.address()?)).await
}

/// Makes the gateway show a page in place of the instance.
///
/// # Errors
/// When the store or the gateway fails.
pub async fn show(cx: &Context, target: Target) -> Result<()> {
    let route = wanted(cx, target).await?;
    let _alone = cx.target.tools.routing.lock().await;
    cx.target.tools.gateway.put(&route).await
}

/// Makes the gateway forget the instance.
///
/// # Errors
/// When the gateway fails.
pub async fn forget(cx: &Context) -> Result<()> {
    let _alone = cx.target.tools.routing.lock().await;
    cx.target.tools.gateway.remove(cx.target.instance.id).await
}

/// Compares the gateway's entry with the wanted one.
///
/// # Errors
/// When the store fails.
pub async fn observe(cx: &Context, target: Target) -> Result<Observation> {
    let wanted = wanted(cx, target).await?;
    unseen(cx.target.tools.gateway.routes().await, |routes| {
        let own = routes.iter().find(|route| route.instance == wanted.instance);
        let other =
            routes.iter().find(|route| route.instance != wanted.instance && route.domains.iter().any(|d| wanted.domains.contains(d)));
        match (own, other) {
            (Some(_), Some(other)) => Observation::Partial(format!("a route, and one of instance {} to the same domain", other.instance)),
            (None, Some(other)) => Observation::Foreign(format!("a route of instance {} to the same domain", other.instance)),
            (Some(own), None) if *own == wanted => Observation::Present(json!({"domains": wanted.domains, "target": wanted.target})),
            (Some(_), None) => Observation::Partial("a route to something else".into()),
            (None, None) => Observation::Absent,
        }
    })
}

#[async_trait]
impl Step<Context> for Route {
    fn name(&self) -> &'static str {
        "route"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        observe(cx, spec::serving(cx.target.address()?)).await
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        serve(cx).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        forget(cx).await
    }

    fn is_undone(&self, _: &Context, seen: &Observation) -> bool {
        // Foreign means that only another's is there.
        matches!(seen, Observation::Absent | Observation::Foreign(_))
    }
}
