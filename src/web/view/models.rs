// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What each page shows, as plain data. A handler fills one of these and knows nothing of HTML.
//!
//! Forms keep what was typed as text, so that a page with errors gives it back unchanged.

mod account;
mod audit;
mod components;
mod evidence;
mod findings;
mod fleet;
mod health;
mod insides;
mod municipality;
mod notices;
mod onboard;
mod operation;
mod outside;
mod overlay;
mod problem;
mod release;
mod rollout;
mod session;
mod settings;
mod shell;
mod site;
mod status;
mod user;

use serde::Serialize;

pub use account::AccountPage;
pub use audit::{AuditFilter, AuditPage, AuditRow};
pub use components::ComponentsPage;
pub use evidence::{EvidencePage, FindingRow, PageRow, PictureRow, SideOfPage};
pub use findings::{FindingPage, FindingsPage, FoundRow, QuestionsPage, Seen};
pub use fleet::{County, FleetEntry, FleetFilter, FleetLayout, FleetOrder, FleetPage, FleetSummary, urgency};
pub use health::{CheckRow, HealthPage, HealthTile, IncidentLine, IncidentMember, IncidentPage, IncidentRow, MunicipalityHealthPage};
pub use insides::{ErrorRow, InUse, SiteInsides};
pub use municipality::{
    BackupRow, HoldForm, InstanceCard, InstanceFacts, Invitation, MunicipalityActions, MunicipalityPage, OffboardPage, Updates,
};
pub use notices::{ReceiverForm, ReceiverPage, ReceiverRow, ReceiversPage, SentRow, SilenceForm, SilenceRow, SilencesPage};
pub use onboard::{DomainCheck, DomainVerdict, KnownChoice, OnboardForm, OnboardPage, Plan, PlannedStep, ReleaseChoice};
pub use operation::{NextSteps, OperationFilter, OperationPage, OperationRow, OperationsPage, StepLine, StepState};
pub use outside::{AddressForm, CertificateLine, CertificatesPage, OutsidePage, OutsideRow};
pub use overlay::{OverlayCard, OverlayConstant, OverlayLine, OverlayPast, OverlayRow};
pub use problem::ProblemPage;
pub use release::{PartRow, ReleaseForm, ReleasePage, ReleaseRow, ReleasesPage, RunsOn};
pub use rollout::{
    GateRecord, HistoryLine, Loss, MemberTile, PlannedMember, PlannedRollout, PlannedWave, RolloutActions, RolloutForm, RolloutMemberPage,
    RolloutPage, RolloutPlanPage, RolloutRevertPage, RolloutRow, RolloutsPage, WaveColumn,
};
pub use session::LogInPage;
pub use settings::{PlatformPart, Setting, SettingSource, SettingsGroup, SettingsPage, Wellness};
pub use shell::{Notice, Shell, SignedIn, Theme};
pub use site::{Chart, ChartRow, ObjectiveCard, ReportIncident, ReportPage, ReportRow, SitePage};
pub use status::{StatusCard, StatusModel};
pub use user::{PermissionChoice, TokenForm, TokenRow, UserForm, UserPage, UserRow, UsersPage};

use super::Page;

/// A model that has a page of its own.
pub trait Model: Serialize {
    /// That page.
    const PAGE: Page;
}

/// Where a list stands among its pages. Addresses keep the filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Default)]
pub struct Pager {
    /// Number of the first row shown, from 1; 0 when nothing is shown.
    pub from: u64,
    /// Number of the last row shown.
    pub to: u64,
    /// How many rows there are in all.
    pub total: u64,
    /// Address of the page before, where there is one.
    pub previous: Option<String>,
    /// Address of the page after, where there is one.
    pub next: Option<String>,
}

impl Pager {
    /// The pager of page `page` (from 1) with `size` rows each. `path` and `query` are the list's address; `query` holds
    /// the filter's pairs, without `page`.
    #[must_use]
    pub fn of(page: u64, size: u64, total: u64, path: &str, query: &[(&str, &str)]) -> Self {
        let page = page.max(1);
        let before = (page - 1).saturating_mul(size);
        let to = before.saturating_add(size).min(total);
        let address = |page: u64| {
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
                pairs.append_pair(name, value);
            }
            pairs.append_pair("page", &page.to_string());
            format!("{path}?{}", pairs.finish())
        };
        Self {
            from: if before < total { before + 1 } else { 0 },
            to: if before < total { to } else { 0 },
            total,
            previous: (page > 1).then(|| address(page - 1)),
            next: (to < total).then(|| address(page + 1)),
        }
    }
}

/// Every state that a page can show, by kind.
#[cfg(test)]
pub(super) fn components_states() -> &'static [(&'static str, &'static [&'static str])] {
    &components::STATES
}

/// One value to choose in a list; its word comes from the texts of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown, where no text of the page says it.
    pub label: String,
}

/// A command line for people to copy: each part quoted where the shell needs it.
#[must_use]
pub fn command_line<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@=,+".contains(c);
    parts
        .into_iter()
        .map(
            |part| {
                if !part.is_empty() && part.chars().all(plain) { part.to_owned() } else { format!("'{}'", part.replace('\'', r"'\''")) }
            },
        )
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_knows_its_neighbours() {
        let first = Pager::of(1, 50, 120, "/audit", &[("actor", "a&b"), ("result", "")]);
        assert_eq!((first.from, first.to, first.previous.as_deref()), (1, 50, None));
        assert_eq!(first.next.as_deref(), Some("/audit?actor=a%26b&page=2"));
        let last = Pager::of(3, 50, 120, "/audit", &[]);
        assert_eq!((last.from, last.to, last.next), (101, 120, None));
        let none = Pager::of(1, 50, 0, "/audit", &[]);
        assert_eq!((none.from, none.to), (0, 0));
        let beyond = Pager::of(9, 50, 120, "/audit", &[]);
        assert_eq!((beyond.from, beyond.next), (0, None));
    }

    #[test]
    fn commands_are_quoted_for_the_shell() {
        assert_eq!(command_line(["flotta", "--name", "Habo kommun", "it's", ""]), r"flotta --name 'Habo kommun' 'it'\''s' ''");
        assert_eq!(command_line(["a;b", "$(x)", "malmö.se"]), "'a;b' '$(x)' malmö.se");
    }
}
