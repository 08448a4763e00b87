// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The API's own words for the nouns: what programs see of them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    drivers::wordpress::site_host,
    error::Result,
    fleet::{self, MunicipalityId, Overlaid, ReleaseId, Scope, access},
    onboarding::workflows,
    store::{self, Page},
    web::Web,
};

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
    /// Which page this is, from 1.
    pub page: u32,
    /// Rows on a full page.
    pub per_page: u32,
    /// Rows in all.
    pub total: i64,
}

impl<T: ToSchema> Listing<T> {
    /// A page of the store as the API shows it.
    pub fn of<S>(page: Page<S>, mut show: impl FnMut(S) -> T) -> Self {
        Self { page: page.page, per_page: page.per_page, total: page.total, items: page.items.into_iter().map(&mut show).collect() }
    }
}

/// A municipality with its instances.
#[derive(Debug, Serialize, ToSchema)]
pub struct Municipality {
    /// Short name.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// Four-digit code from Statistics Sweden.
    pub code: Option<String>,
    /// Whom to write to.
    pub contact_email: String,
    /// When it was onboarded.
    pub created_at: Timestamp,
    /// Its instances, production first.
    pub instances: Vec<Instance>,
}

/// One running WordPress network of a municipality.
#[derive(Debug, Serialize, ToSchema)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// What it does: `onboarding`, `running`, `suspended`, `repairing`, `updating`, `quarantined` or `offboarding`.
    pub state: String,
    /// What it should be doing: `running`, `suspended` or `removed`.
    pub desired: String,
    /// Why it is in that state; empty where there is nothing to say.
    pub reason: String,
    /// Host name of its main site.
    pub domain: String,
    /// Address of its main site.
    pub address: String,
    /// `single`, `sub-directory` or `sub-domain`.
    pub network: String,
    /// WordPress locale.
    pub locale: String,
    /// Release by name.
    pub release: String,
    /// The version of its municipality's overlay that it runs on top; only where it runs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<u32>,
    /// Log-in name of its first administrator.
    pub admin_login: String,
    /// Address of its first administrator.
    pub admin_email: String,
    /// What it may use.
    pub limits: Limits,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What one instance may use of its host.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Processor time in thousandths of a core.
    pub cpu_milli: u32,
    /// Processes.
    pub pids: u32,
}

/// A durable piece of work.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// `onboard`, `suspend`, `resume`, `offboard` or `repair`.
    pub kind: String,
    /// The municipality's slug; that one may be gone by now.
    pub municipality: String,
    /// The instance's id.
    pub instance: String,
    /// `live`, `done`, `undone`, `failed` or `parked`.
    pub state: String,
    /// The step at hand.
    pub step: String,
    /// `forward`, `back` or `aside`.
    pub direction: String,
    /// Failed tries of that step.
    pub attempts: i32,
    /// What stopped it; empty while nothing has.
    pub error: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it must be over.
    pub deadline_at: Timestamp,
    /// Its steps, in order.
    pub steps: Vec<String>,
    /// Its journal; only when one operation is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
}

/// One line of an operation's journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// Counts the operation's events from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// `intent`, `done`, `failed`, `undoing`, `undone` or `note`.
    pub kind: String,
    /// For people.
    pub message: String,
    /// What was seen.
    pub evidence: Value,
}

/// A release.
#[derive(Debug, Serialize, ToSchema)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The image as it was named when registered.
    pub image: String,
    /// The image's id, which instances run.
    pub image_id: String,
    /// `wordpress` or `municipio`.
    pub contract: String,
    /// `candidate`, `stable` or `retired`.
    pub channel: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// How many instances that the caller may know of run it.
    pub instances: usize,
}

/// One archive of an instance.
#[derive(Debug, Serialize, ToSchema)]
pub struct Backup {
    /// Its id.
    pub id: String,
    /// The municipality's slug.
    pub municipality: String,
    /// The instance's id.
    pub instance: String,
    /// `onboarding`, `final` or `manual`.
    pub kind: String,
    /// Where it lies in the archive folder of the fleet's home.
    pub path: String,
    /// Bytes of all its files.
    pub size_bytes: i64,
    /// SHA-256 of its manifest, in hex.
    pub manifest_sha256: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a restore of it was last proved.
    pub verified_at: Option<Timestamp>,
}

/// Someone who can log in.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// The user's id.
    pub id: String,
    /// Log-in name.
    pub email: String,
    /// Name shown to others.
    pub name: String,
    /// `administrator`, `operator`, `release-manager`, `web-manager` or `auditor`.
    pub role: String,
    /// Slugs of the municipalities that a web manager is bound to.
    pub municipalities: Vec<String>,
    /// Language of pages: `sv` or `en`; none means the browser's.
    pub language: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when it cannot be used.
    pub disabled_at: Option<Timestamp>,
}

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// The token's id.
    pub id: String,
    /// Whose it is, by id.
    pub user: String,
    /// What it is for.
    pub name: String,
    /// The first characters of its secret.
    pub prefix: String,
    /// What it may do.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLine {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who: a log-in name, `system` or `anonymous`.
    pub actor: String,
    /// What, as noun and verb.
    pub action: String,
    /// On what.
    pub target: String,
    /// The slug of the municipality that it concerns, where that one is still here.
    pub municipality: Option<String>,
    /// From which address.
    pub address: String,
    /// `done`, `refused` or `failed`.
    pub result: String,
    /// More, as data.
    pub detail: Value,
}

/// What instances refer to, by id, to be shown by name.
pub struct Names {
    releases: HashMap<ReleaseId, String>,
    overlaid: Overlaid,
    https_port: u16,
}

impl Names {
    /// Reads them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(web: &Web) -> Result<Self> {
        let (releases, overlaid) = (store::releases::names(web.store()).await?, store::derived::overlaid(web.store()).await?);
        Ok(Self { releases, overlaid, https_port: web.tools().settings.https_port })
    }

    /// An instance as the API shows it.
    #[must_use]
    pub fn instance(&self, i: &fleet::Instance) -> Instance {
        Instance {
            id: i.id.text(),
            environment: i.environment.to_string(),
            state: i.state.to_string(),
            desired: i.desired.to_string(),
            reason: i.reason.clone(),
            domain: i.domain.to_string(),
            address: format!("https://{}/", site_host(&i.domain, self.https_port)),
            network: i.network_kind.to_string(),
            locale: i.locale.clone(),
            release: self.releases.get(&i.release).cloned().unwrap_or_default(),
            overlay: self.overlaid.version(i.release),
            admin_login: i.admin_login.clone(),
            admin_email: i.admin_email.clone(),
            limits: Limits { memory_mib: i.limits.memory_mib, cpu_milli: i.limits.cpu_milli, pids: i.limits.pids },
            created_at: i.created_at,
        }
    }

    /// A municipality with its instances.
    #[must_use]
    pub fn municipality(&self, m: &fleet::Municipality, instances: &[fleet::Instance]) -> Municipality {
        Municipality {
            slug: m.slug.to_string(),
            name: m.name.clone(),
            code: m.code.as_ref().map(ToString::to_string),
            contact_email: m.contact_email.to_string(),
            created_at: m.created_at,
            instances: instances.iter().filter(|i| i.municipality == m.id).map(|i| self.instance(i)).collect(),
        }
    }
}

/// An operation without its journal.
#[must_use]
pub fn operation(o: &fleet::Operation) -> Operation {
    let steps = workflows::all().iter().find(|w| w.kind == o.kind).map(|w| w.names().iter().map(ToString::to_string).collect());
    Operation {
        id: o.id.text(),
        kind: o.kind.to_string(),
        municipality: o.slug.to_string(),
        instance: o.instance.text(),
        state: o.state.to_string(),
        step: o.step.clone(),
        direction: o.direction.to_string(),
        attempts: o.attempts,
        error: o.error.clone(),
        requested_by: o.requested_by.clone(),
        created_at: o.created_at,
        updated_at: o.updated_at,
        finished_at: o.finished_at,
        deadline_at: o.deadline_at,
        steps: steps.unwrap_or_default(),
        events: None,
    }
}

/// A line of the journal.
#[must_use]
pub fn event(e: fleet::OperationEvent) -> Event {
    Event { seq: e.seq, at: e.at, step: e.step, kind: e.kind.to_string(), message: e.message, evidence: e.evidence }
}

/// A release, with the number of instances in the scope that run it.
#[must_use]
pub fn release(r: fleet::Release, instances: &[fleet::Instance]) -> Release {
    Release {
        instances: instances.iter().filter(|i| i.release == r.id).count(),
        name: r.name,
        image: r.image,
        image_id: r.image_id,
        contract: r.contract.to_string(),
        channel: r.channel.to_string(),
        created_at: r.created_at,
    }
}

/// A backup.
#[must_use]
pub fn backup(b: fleet::Backup) -> Backup {
    Backup {
        id: b.id.text(),
        municipality: b.slug.to_string(),
        instance: b.instance.text(),
        kind: b.kind.to_string(),
        path: b.path,
        size_bytes: b.size_bytes,
        manifest_sha256: b.manifest_sha256,
        created_at: b.created_at,
        verified_at: b.verified_at,
    }
}

/// A user; `slugs` names the municipalities.
#[must_use]
pub fn user(u: access::User, slugs: &HashMap<MunicipalityId, fleet::Slug>) -> User {
    User {
        id: u.id.text(),
        email: u.email.to_string(),
        name: u.name,
        role: u.role.to_string(),
        municipalities: u.municipalities.iter().filter_map(|id| slugs.get(id)).map(ToString::to_string).collect(),
        language: u.language,
        created_at: u.created_at,
        disabled_at: u.disabled_at,
    }
}

/// A token.
#[must_use]
pub fn token(t: access::ApiToken) -> Token {
    Token {
        id: t.id.text(),
        user: t.user.text(),
        name: t.name,
        prefix: t.prefix,
        permissions: t.permissions.iter().map(ToString::to_string).collect(),
        created_at: t.created_at,
        expires_at: t.expires_at,
        last_used_at: t.last_used_at,
        revoked_at: t.revoked_at,
    }
}

/// A line of the audit log.
#[must_use]
pub fn audit(e: fleet::AuditEntry, slugs: &HashMap<MunicipalityId, fleet::Slug>) -> AuditLine {
    AuditLine {
        id: e.id.text(),
        at: e.at,
        actor: e.actor,
        action: e.action,
        target: e.target,
        municipality: e.municipality.and_then(|id| slugs.get(&id)).map(ToString::to_string),
        address: e.address,
        result: e.result.to_string(),
        detail: e.detail,
    }
}

/// The instances that a scope covers.
///
/// # Errors
/// When the store fails.
pub async fn instances(web: &Web, scope: &Scope) -> Result<Vec<fleet::Instance>> {
    store::instances::all(web.store(), scope).await
}

/// The instances that a scope covers, each with the release that it runs without an overlay; for counting them by release.
///
/// # Errors
/// When the store fails.
pub async fn by_release(web: &Web, scope: &Scope) -> Result<Vec<fleet::Instance>> {
    let overlaid = store::derived::overlaid(web.store()).await?;
    let plain = |i: fleet::Instance| fleet::Instance { release: overlaid.plain(i.release), ..i };
    Ok(instances(web, scope).await?.into_iter().map(plain).collect())
}
