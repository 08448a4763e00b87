// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Turns view models into pages: templates, two languages, dates and numbers, icons, assets.
//!
//! A handler fills a model from [`models`] and a [`Shell`] (who looks, in which language, with which CSRF secret), and calls
//! [`Views::page`]. Nothing here knows HTTP: what comes out is a string of HTML.
//!
//! Templates are strict: a field that a template names and a model lacks is an error, and so is a text that a language lacks.

pub mod assets;
pub mod badge;
mod format;
mod helpers;
pub mod language;
pub mod models;
pub mod picture;
mod tone;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use handlebars::Handlebars;
use jiff::tz::TimeZone;
use serde::Serialize;

pub use assets::{Asset, Assets};
pub use language::Language;
pub use models::{Model, Shell};

use crate::{
    clock::Clock,
    error::{Error, Result},
};

/// Every page and page fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// Log-in form.
    LogIn,
    /// Every municipality with its state.
    Fleet,
    /// One municipality.
    Municipality,
    /// What offboarding takes away, and the slug to type.
    Offboard,
    /// The onboarding form.
    Onboard,
    /// Fragment: what the onboarding form says beside the domain while it is typed.
    DomainCheck,
    /// One operation.
    Operation,
    /// Fragment: the part of the operation page that changes while the operation goes on.
    OperationLive,
    /// What a rehearsal has seen.
    Evidence,
    /// Operations, newest first.
    Operations,
    /// Releases.
    Releases,
    /// One release.
    Release,
    /// Rollouts, newest first.
    Rollouts,
    /// One rollout: the board.
    Rollout,
    /// Fragment: the part of the board that changes while the rollout goes on.
    RolloutLive,
    /// One municipality in a rollout.
    RolloutMember,
    /// The form that plans a rollout.
    RolloutPlan,
    /// What going back loses, and the word to type.
    RolloutRevert,
    /// How the fleet is: the board.
    Health,
    /// Fragment: the part of the board that changes.
    HealthLive,
    /// How a municipality's sites are.
    MunicipalityHealth,
    /// Fragment: the part of it that changes.
    MunicipalityHealthLive,
    /// One site of a municipality, or another address, with its history.
    Site,
    /// A municipality's month.
    Report,
    /// One incident.
    Incident,
    /// How a municipality's sites and addresses are from outside.
    Outside,
    /// Certificates by their end.
    Certificates,
    /// What needs somebody.
    Findings,
    /// One finding.
    Finding,
    /// Questions over the fleet.
    Questions,
    /// Who is told of incidents.
    Receivers,
    /// One of them, and what it was sent.
    Receiver,
    /// When nobody is told.
    Silences,
    /// Fragment: the part of it that changes.
    IncidentLive,
    /// What anybody may see of a municipality.
    Status,
    /// The audit log.
    Audit,
    /// People who can log in.
    Users,
    /// One user: made, changed, disabled; the user's tokens.
    User,
    /// One's own account.
    Account,
    /// Configuration and platform, read-only.
    Settings,
    /// Something went wrong.
    Problem,
    /// Every component, for looking at and for tests.
    Components,
}

impl Page {
    /// Every page and fragment.
    pub const ALL: [Self; 42] = [
        Self::LogIn,
        Self::Fleet,
        Self::Municipality,
        Self::Offboard,
        Self::Onboard,
        Self::DomainCheck,
        Self::Operation,
        Self::OperationLive,
        Self::Evidence,
        Self::Operations,
        Self::Releases,
        Self::Release,
        Self::Rollouts,
        Self::Rollout,
        Self::RolloutLive,
        Self::RolloutMember,
        Self::RolloutPlan,
        Self::RolloutRevert,
        Self::Health,
        Self::HealthLive,
        Self::MunicipalityHealth,
        Self::MunicipalityHealthLive,
        Self::Site,
        Self::Report,
        Self::Incident,
        Self::Outside,
        Self::Certificates,
        Self::Findings,
        Self::Finding,
        Self::Questions,
        Self::Receivers,
        Self::Receiver,
        Self::Silences,
        Self::IncidentLive,
        Self::Status,
        Self::Audit,
        Self::Users,
        Self::User,
        Self::Account,
        Self::Settings,
        Self::Problem,
        Self::Components,
    ];

    /// Path of its template, relative to `templates/`, without the ending.
    #[must_use]
    pub fn template(self) -> &'static str {
        match self {
            Self::LogIn => "session/log-in",
            Self::Fleet => "fleet/overview",
            Self::Municipality => "municipality/show",
            Self::Offboard => "municipality/offboard",
            Self::Onboard => "municipality/onboard",
            Self::DomainCheck => "municipality/domain-check",
            Self::Operation => "operation/show",
            Self::OperationLive => "operation/live",
            Self::Evidence => "operation/evidence",
            Self::Operations => "operation/list",
            Self::Releases => "release/list",
            Self::Release => "release/show",
            Self::Rollouts => "rollout/list",
            Self::Rollout => "rollout/show",
            Self::RolloutLive => "rollout/live",
            Self::RolloutMember => "rollout/member",
            Self::RolloutPlan => "rollout/plan",
            Self::RolloutRevert => "rollout/revert",
            Self::Health => "health/board",
            Self::HealthLive => "health/board-live",
            Self::MunicipalityHealth => "health/municipality",
            Self::MunicipalityHealthLive => "health/municipality-live",
            Self::Site => "health/site",
            Self::Report => "health/report",
            Self::Incident => "health/incident",
            Self::Outside => "health/outside",
            Self::Certificates => "health/certificates",
            Self::Findings => "finding/list",
            Self::Finding => "finding/show",
            Self::Questions => "finding/questions",
            Self::Receivers => "notice/receivers",
            Self::Receiver => "notice/receiver",
            Self::Silences => "notice/silences",
            Self::IncidentLive => "health/incident-live",
            Self::Status => "status/show",
            Self::Audit => "audit/list",
            Self::Users => "user/list",
            Self::User => "user/form",
            Self::Account => "account/show",
            Self::Settings => "settings/show",
            Self::Problem => "problem/show",
            Self::Components => "components/show",
        }
    }

    /// The entry of the navigation that it belongs to; empty for none.
    fn section(self) -> &'static str {
        match self {
            Self::Fleet | Self::Municipality | Self::Offboard | Self::Onboard | Self::DomainCheck => "fleet",
            Self::Operation | Self::OperationLive | Self::Evidence | Self::Operations => "operations",
            Self::Releases | Self::Release => "releases",
            Self::Rollouts | Self::Rollout | Self::RolloutLive | Self::RolloutMember | Self::RolloutPlan | Self::RolloutRevert => {
                "rollouts"
            }
            Self::Findings | Self::Finding | Self::Questions | Self::Outside | Self::Certificates | Self::Site | Self::Report => "health",
            Self::Receivers | Self::Receiver | Self::Silences => "health",
            Self::Health
            | Self::HealthLive
            | Self::MunicipalityHealth
            | Self::MunicipalityHealthLive
            | Self::Incident
            | Self::IncidentLive => "health",
            Self::Audit => "audit",
            Self::Users | Self::User => "users",
            Self::Account => "account",
            Self::Settings => "settings",
            Self::LogIn | Self::Status | Self::Problem | Self::Components => "",
        }
    }
}

/// What every page of one control plane shares.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The fleet's own name, shown in the foot.
    pub fleet: String,
    /// Flotta's version, shown in the foot.
    pub version: String,
    /// IANA name of the time zone that times are shown in.
    pub time_zone: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self { fleet: "flotta".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), time_zone: "Europe/Stockholm".to_owned() }
    }
}

/// Renders pages. Made once; cheap to share behind an [`Arc`].
pub struct Views {
    swedish: Handlebars<'static>,
    english: Handlebars<'static>,
    assets: Arc<Assets>,
    setup: Setup,
    zone_name: String,
}

#[derive(Serialize)]
struct Context<'a, M> {
    shell: &'a Shell,
    page: &'a M,
    section: &'static str,
    fleet: &'a str,
    version: &'a str,
    zone: &'a str,
}

impl Views {
    /// Reads every template, text and asset of the binary.
    ///
    /// # Errors
    /// A defect in a template, which the tests find before anybody else.
    pub fn new(setup: Setup, clock: Arc<dyn Clock>) -> Result<Self> {
        let assets = Arc::new(Assets::load());
        let (zone, zone_name) = format::zone(&setup.time_zone);
        let registry = |language| registry(language, &assets, &clock, &zone);
        Ok(Self { swedish: registry(Language::Sv)?, english: registry(Language::En)?, assets: Arc::clone(&assets), setup, zone_name })
    }

    /// Renders a model's own page, in the language of the shell.
    ///
    /// # Errors
    /// A defect: a template names what the model lacks, or a text that the language lacks.
    pub fn page<M: Model>(&self, shell: &Shell, model: &M) -> Result<String> {
        self.render(M::PAGE, shell, model)
    }

    /// Renders a page or fragment that is not the model's own, such as [`Page::OperationLive`].
    ///
    /// # Errors
    /// As [`Views::page`].
    pub fn render<M: Serialize>(&self, page: Page, shell: &Shell, model: &M) -> Result<String> {
        let registry = match shell.language {
            Language::Sv => &self.swedish,
            Language::En => &self.english,
        };
        let context = Context {
            shell,
            page: model,
            section: page.section(),
            fleet: &self.setup.fleet,
            version: &self.setup.version,
            zone: &self.zone_name,
        };
        registry.render(page.template(), &context).map_err(|error| Error::Internal(format!("template {}: {error}", page.template())))
    }

    /// The time zone that times are shown in.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        format::zone(&self.setup.time_zone).0
    }

    /// The style sheets, scripts and pictures.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.assets
    }
}

fn registry(language: Language, assets: &Arc<Assets>, clock: &Arc<dyn Clock>, zone: &TimeZone) -> Result<Handlebars<'static>> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    for (name, text) in assets::templates() {
        registry.register_template_string(&name, text).map_err(|error| Error::Internal(format!("template {name}: {error}")))?;
    }
    helpers::register(
        &mut registry,
        helpers::Surroundings { language, assets: Arc::clone(assets), clock: Arc::clone(clock), zone: zone.clone() },
    );
    Ok(registry)
}
