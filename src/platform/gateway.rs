// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The gateway: Caddy on the host's network. Its configuration is made from the store; it keeps the last one through restarts.

use std::{collections::HashSet, fs, time::Duration};

use crate::{
    drivers::gateway::Route,
    error::{Error, OutsideKind, Result},
    fleet::{
        InstanceId,
        container::{Attachment, ContainerSpec, Mount},
    },
    instances::Tools,
    store,
};

/// Sees to it that the gateway is there, answers, and serves what the store says.
///
/// # Errors
/// When it cannot be put right.
pub async fn ensure(tools: &Tools) -> Result<()> {
    let settings = &tools.settings;
    let (run, data) = (settings.gateway_run(), settings.home.join("gateway"));
    for folder in [&run, &data] {
        fs::create_dir_all(folder).map_err(|e| Error::outside("files", OutsideKind::Refused, format!("{}: {e}", folder.display())))?;
    }
    let bind = |source: &std::path::Path, target: &str| Mount::Bind {
        source: source.to_string_lossy().into_owned(),
        target: target.to_owned(),
        read_only: false,
    };
    let spec = ContainerSpec {
        name: settings.gateway(),
        image: super::image(tools, &settings.gateway_image).await?,
        command: Vec::new(),
        environment: Vec::new(),
        labels: super::labels(tools, "gateway"),
        mounts: vec![bind(&run, "/run/flotta-gateway"), bind(&data, "/data"), Mount::Tmpfs { target: "/tmp".to_owned(), size_mib: 64 }],
        attachment: Attachment::Host,
        extra_hosts: Vec::new(),
        limits: None,
        read_only_root: true,
        capabilities: vec!["NET_BIND_SERVICE".to_owned()],
        restart: true,
        stop_grace_seconds: 30,
        user: String::new(),
    };
    super::ensure_container(tools, &spec).await?;
    let over = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        match tools.gateway.ping().await {
            Ok(()) => break,
            Err(error) if tokio::time::Instant::now() > over => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    sync(tools).await
}

/// Makes the gateway serve what the store says. Routes of instances that an operation works on stay as that operation left them.
///
/// # Errors
/// When the store or the gateway fails.
pub async fn sync(tools: &Tools) -> Result<()> {
    let _alone = tools.routing.lock().await;
    let actual = tools.gateway.routes().await?;
    // Read after the gateway: an operation that ends in between is seen as ended, with its route in the store's answer.
    let busy: HashSet<InstanceId> = store::operations::live_instances(&tools.store).await?.into_iter().collect();
    let wanted = tools.routes().await?;
    tools.gateway.load(&merge(wanted, &actual, &busy)).await
}

/// What the gateway should serve: the store's routes, and for busy instances what it serves already, if it does; a gateway that
/// was made anew serves nothing, and then the store is the next best.
#[must_use]
pub fn merge(wanted: Vec<Route>, actual: &[Route], busy: &HashSet<InstanceId>) -> Vec<Route> {
    let kept = |route: &Route| busy.contains(&route.instance) && actual.iter().any(|there| there.instance == route.instance);
    let mut routes: Vec<Route> = wanted.into_iter().filter(|route| !kept(route)).collect();
    routes.extend(actual.iter().filter(|route| busy.contains(&route.instance)).cloned());
    routes.sort_by_key(|route| route.instance);
    routes
}
