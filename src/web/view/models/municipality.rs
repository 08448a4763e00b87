// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One municipality.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Model, OperationRow, OverlayCard, StatusCard, command_line};
use crate::{
    error::FieldError,
    fleet::{Channel, Desired, Environment, InstanceState, Limits, NetworkKind, backup::BackupKind},
    web::view::Page,
};

/// One municipality, at `GET /municipalities/{slug}`.
#[derive(Clone, Debug, Serialize)]
pub struct MunicipalityPage {
    /// Slug.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// SCB code; empty for none.
    pub code: String,
    /// Name of its county; empty for none.
    pub county: String,
    /// Whom to write to.
    pub contact_email: String,
    /// Since when it is in the fleet.
    pub created_at: Timestamp,
    /// Its instances, production first.
    pub instances: Vec<InstanceCard>,
    /// Its latest operations, newest first.
    pub operations: Vec<OperationRow>,
    /// Its backups, newest first.
    pub backups: Vec<BackupRow>,
    /// What it adds on top of every release.
    pub overlay: OverlayCard,
    /// Its public status page.
    pub status: StatusCard,
    /// Which actions the page offers.
    pub may: MunicipalityActions,
    /// A single-use link that was just made; answered once, with `Cache-Control: no-store`.
    pub invitation: Option<Invitation>,
    /// What was typed into the form that holds it: days and reason.
    pub hold: HoldForm,
    /// Why an action was refused.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

/// The form that holds an instance back from rollouts; sent to `POST /municipalities/{slug}/hold`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HoldForm {
    /// For so many days.
    pub days: String,
    /// Why.
    pub reason: String,
    /// Which of its instances.
    #[serde(skip_serializing)]
    pub environment: String,
}

impl Default for HoldForm {
    fn default() -> Self {
        Self { days: "7".to_owned(), reason: String::new(), environment: String::new() }
    }
}

impl Model for MunicipalityPage {
    const PAGE: Page = Page::Municipality;
}

impl MunicipalityPage {
    /// The command that shows the same.
    #[must_use]
    pub fn command_for(slug: &str) -> String {
        command_line(["flotta", "municipality", "show", slug])
    }
}

/// Actions to offer: each is true when the caller may do it and it makes sense now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct MunicipalityActions {
    /// `POST /municipalities/{slug}/suspend`.
    pub suspend: bool,
    /// `POST /municipalities/{slug}/resume`.
    pub resume: bool,
    /// `GET /municipalities/{slug}/offboard`, then `POST`.
    pub offboard: bool,
    /// `POST /municipalities/{slug}/invite`.
    pub invite: bool,
    /// `POST /municipalities/{slug}/hold`.
    pub hold: bool,
    /// `POST /municipalities/{slug}/unhold`.
    pub unhold: bool,
}

/// One instance on the municipality's page.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceCard {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub environment: Environment,
    /// What it is known to be doing.
    pub state: InstanceState,
    /// What it should be doing.
    pub desired: Desired,
    /// Why it is in that state, in English as stored; empty for nothing to say.
    pub reason: String,
    /// Domain as people read it.
    pub domain: String,
    /// Address of the main site, with scheme, and port where it is not the usual one.
    pub address: String,
    /// Name of its release.
    pub release: String,
    /// The version of the overlay that it runs on top; none where it runs none.
    pub overlay: Option<u32>,
    /// Where that release stands.
    pub channel: Channel,
    /// How its sites are laid out.
    pub network_kind: NetworkKind,
    /// WordPress locale.
    pub locale: String,
    /// Log-in name of its first administrator.
    pub admin_login: String,
    /// That administrator's address.
    pub admin_email: String,
    /// What it may use.
    pub limits: Limits,
    /// How many containers it has had.
    pub generation: u32,
    /// Name of its container now.
    pub container: String,
    /// Name of its schema.
    pub schema: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its agent last told; none before the first answer.
    pub facts: Option<InstanceFacts>,
    /// What its own people decided about rollouts.
    pub updates: Updates,
}

/// What an instance's own people decided about rollouts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Updates {
    /// Whether it is held.
    pub held: bool,
    /// Why.
    pub reason: String,
    /// Until when; none means until somebody ends it.
    pub until: Option<Timestamp>,
    /// Who holds it.
    pub by: String,
    /// The only release that it may be moved to; empty for any.
    pub pin: String,
    /// When it may be updated; empty for at any time.
    pub window: String,
}

/// What an instance's agent told.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceFacts {
    /// WordPress version.
    pub wordpress: String,
    /// PHP version.
    pub php: String,
    /// Name and version of the theme.
    pub theme: String,
    /// How many plugins are active.
    pub plugins: u32,
    /// How many sites the network has.
    pub sites: u32,
    /// How many users it has.
    pub users: u32,
    /// When this was told.
    pub seen_at: Timestamp,
}

/// One backup.
#[derive(Clone, Debug, Serialize)]
pub struct BackupRow {
    /// Why it was made.
    pub kind: BackupKind,
    /// Of which environment.
    pub environment: Environment,
    /// When.
    pub created_at: Timestamp,
    /// Bytes.
    pub size_bytes: i64,
    /// When a restore of it was last proved.
    pub verified_at: Option<Timestamp>,
    /// Where it lies, relative to the archive folder.
    pub path: String,
}

/// A single-use link for a municipality's administrator.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    /// For whom.
    pub login: String,
    /// The link. Never stored, never logged.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What offboarding takes away, at `GET /municipalities/{slug}/offboard`. The form sends `confirm` and, where ticked,
/// `keep_backup` to `POST` of the same address.
#[derive(Clone, Debug, Serialize)]
pub struct OffboardPage {
    /// Slug: what must be typed.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// Addresses that stop answering.
    pub domains: Vec<String>,
    /// How many sites go, where it is known.
    pub sites: Option<u32>,
    /// Where the final archive will lie.
    pub archive_folder: String,
    /// What was typed.
    pub confirm: String,
    /// Whether earlier backups are kept as well; the final archive always is.
    pub keep_backup: bool,
    /// What was wrong: field `confirm`.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for OffboardPage {
    const PAGE: Page = Page::Offboard;
}

impl OffboardPage {
    /// The command that does the same.
    #[must_use]
    pub fn command_for(slug: &str, keep_backup: bool) -> String {
        let keep = if keep_backup { &["--keep-backup"][..] } else { &[] };
        command_line(["flotta", "municipality", "offboard", slug, "--confirm", slug].into_iter().chain(keep.iter().copied()))
    }
}
