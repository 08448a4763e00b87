// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Checking a request against the fleet as it is, and starting the operation.

use jiff::Timestamp;
use serde::Serialize;

use super::request::{Request, Wish};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Channel, Desired, Instance, InstanceId, InstanceState, Municipality, MunicipalityId, NetworkKind, OperationKind, Release, Scope,
    },
    instances::Tools,
    store::{
        self,
        operations::{self, Admission, Idempotency, NewOperation, Started},
    },
    workflow::decide::later,
};

/// What would be made.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Short name.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// Address of the main site.
    pub address: String,
    /// Release by name.
    pub release: String,
    /// What the instance is for.
    pub environment: String,
    /// How its sites are laid out.
    pub network: String,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// Memory promised to instances with this one, in MiB.
    pub memory_promised_mib: u64,
    /// Memory that may be promised, in MiB.
    pub memory_capacity_mib: u64,
}

/// Checks a request in itself and against the fleet, changing nothing.
///
/// # Errors
/// `Invalid` with every wrong field, `Conflict` when something is taken, `NotFound` as a wrong field when the release is unknown,
/// `Exhausted` when the host has no room for one more.
pub async fn check(tools: &Tools, request: &Request) -> Result<(Wish, Release, Preview)> {
    let wish = request.wish(tools.settings.limits).map_err(Error::Invalid)?;
    let release = release(tools, &wish).await?;
    taken(tools, &wish).await?;
    let (promised, capacity) = room(tools, &wish).await?;
    let host = crate::drivers::wordpress::site_host(&wish.domain, tools.settings.https_port);
    let preview = Preview {
        slug: wish.slug.to_string(),
        name: wish.name.clone(),
        address: format!("https://{host}/"),
        release: release.name.clone(),
        environment: wish.environment.to_string(),
        network: wish.network.to_string(),
        steps: super::workflows::all()
            .iter()
            .find(|w| w.kind == OperationKind::Onboard)
            .map(|w| w.names().iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        memory_promised_mib: promised,
        memory_capacity_mib: capacity,
    };
    Ok((wish, release, preview))
}

/// Checks and starts. A repeat with the same idempotency key gives the same operation, without being checked again.
///
/// # Errors
/// As [`check`]; nothing is changed then.
pub async fn start(tools: &Tools, request: &Request, requested_by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    if let Some(key) = &idempotency
        && let Some(before) = operations::repeated(&tools.store, key).await?
    {
        return Ok(Started { operation: before, repeated: true });
    }
    let (wish, release, _) = match (check(tools, request).await, &idempotency) {
        // The same request, made twice at once, stands in its own way.
        (Err(Error::Conflict(taken)), Some(key)) => {
            return match operations::repeated(&tools.store, key).await? {
                Some(before) => Ok(Started { operation: before, repeated: true }),
                None => Err(Error::Conflict(taken)),
            };
        }
        (checked, _) => checked?,
    };
    let now = tools.clock.now();
    let (municipality, instance) = planned(&wish, &release, now);
    let workflow = super::workflows::all()
        .into_iter()
        .find(|w| w.kind == OperationKind::Onboard)
        .ok_or_else(|| Error::Internal("no onboarding".into()))?;
    let mut operation = operations::blank(OperationKind::Onboard, municipality.id, wish.slug.clone(), instance.id, now);
    operation.workflow_version = workflow.version;
    operation.deadline_at = later(now, workflow.deadline);
    requested_by.clone_into(&mut operation.requested_by);
    operation.input = serde_json::to_value(request).map_err(|e| Error::Internal(e.to_string()))?;
    let domains = vec![(wish.domain.clone(), wish.network == NetworkKind::SubDomain)];
    operations::start(
        &tools.store,
        &NewOperation { operation, admission: Some(Admission { municipality, instance, domains }), state: None, idempotency },
    )
    .await
}

/// What a wish becomes: the municipality and its instance, with new ids each time.
#[must_use]
pub fn planned(wish: &Wish, release: &Release, now: Timestamp) -> (Municipality, Instance) {
    let municipality = Municipality {
        id: MunicipalityId::generate(),
        slug: wish.slug.clone(),
        name: wish.name.clone(),
        code: wish.code.clone(),
        contact_email: wish.admin_email.clone(),
        created_at: now,
    };
    let instance = Instance {
        id: InstanceId::generate(),
        municipality: municipality.id,
        slug: wish.slug.clone(),
        title: wish.name.clone(),
        environment: wish.environment,
        network_kind: wish.network,
        domain: wish.domain.clone(),
        locale: wish.locale.clone(),
        admin_login: wish.admin_login.clone(),
        admin_email: wish.admin_email.to_string(),
        release: release.id,
        desired: Desired::Running,
        state: InstanceState::Onboarding,
        reason: String::new(),
        slot: 0,
        generation: 1,
        paused: false,
        limits: wish.limits,
        created_at: now,
    };
    (municipality, instance)
}

async fn release(tools: &Tools, wish: &Wish) -> Result<Release> {
    let unknown = |message: String, fix: &str| Error::field(FieldError::new("release", "unknown-release", message, fix));
    let release = match &wish.release {
        Some(name) => store::releases::by_name(&tools.store, name).await.map_err(|e| match e {
            Error::NotFound { .. } => unknown(format!("there is no release `{name}`"), "`flotta release list` shows them"),
            other => other,
        })?,
        None => store::releases::newest_stable(&tools.store).await?.ok_or_else(|| {
            unknown("there is no stable release".to_owned(), "register one with `flotta release register IMAGE --name NAME` and promote it")
        })?,
    };
    if release.channel == Channel::Retired {
        return Err(unknown(format!("release `{}` is retired", release.name), "choose one that is stable or a candidate"));
    }
    if tools.engine.image(&release.image_id).await?.is_none() {
        return Err(unknown(
            format!("the image of release `{}` is not on this engine", release.name),
            "pull or build it again, or choose another release",
        ));
    }
    Ok(release)
}

/// The unique indexes have the last word; this only gives the answer before anything is written, and to a preview.
async fn taken(tools: &Tools, wish: &Wish) -> Result<()> {
    if let Some((_, _)) = store::instances::by_domain(&tools.store, &wish.domain).await? {
        return Err(Error::Conflict(FieldError::new(
            "domain",
            "domain-taken",
            format!("the domain `{}` leads to another instance of this fleet", wish.domain.display()),
            "choose another domain",
        )));
    }
    if let Ok(there) = store::municipalities::by_slug(&tools.store, &Scope::Fleet, &wish.slug).await {
        let instances = store::instances::of(&tools.store, &Scope::Fleet, there.id).await?;
        if instances.iter().any(|i| i.environment == wish.environment) {
            return Err(Error::Conflict(FieldError::new(
                "slug",
                "slug-taken",
                format!("`{}` has a {} instance already, or one is being made", wish.slug, wish.environment),
                "choose another slug or another environment, or offboard that one first",
            )));
        }
    }
    Ok(())
}

/// Whether the host has room for one more: memory promised to all instances against what may be promised, and free disk.
async fn room(tools: &Tools, wish: &Wish) -> Result<(u64, u64)> {
    let (info, free) = tokio::try_join!(tools.engine.info(), tools.engine.free_disk_bytes())?;
    let instances = store::instances::all(&tools.store, &Scope::Fleet).await?;
    let promised = instances.iter().map(|i| u64::from(i.limits.memory_mib)).sum::<u64>() + u64::from(wish.limits.memory_mib);
    let usable = info.memory_mib.saturating_sub(tools.settings.reserved_memory_mib);
    // Only rounds down by less than a MiB.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let capacity = (usable as f64 * tools.settings.memory_overcommit) as u64;
    if promised > capacity {
        return Err(Error::Exhausted {
            what: format!("not enough memory: {promised} MiB would be promised to instances, and this host may promise {capacity} MiB"),
            fix: "give a smaller memory_mib, offboard an instance, or raise network.memory_overcommit".to_owned(),
        });
    }
    let free_mib = free / (1024 * 1024);
    if free_mib < tools.settings.reserved_disk_mib {
        return Err(Error::Exhausted {
            what: format!("not enough disk: {free_mib} MiB are free, and {} MiB must stay free", tools.settings.reserved_disk_mib),
            fix: "free some disk, or lower network.reserved_disk_mib".to_owned(),
        });
    }
    Ok((promised, capacity))
}
