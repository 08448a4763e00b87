// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Confirmed problems: a cause, the checks that it makes fail, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, MunicipalityId, Slug, health::Failure, instance::text_enum};

/// Identifies an incident.
pub type IncidentId = Id<Incident>;

/// What can be ill and make others ill. In the order in which it is believed where several explain the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The site or address itself.
    Check,
    /// A step of a rollout or of another operation that is under way.
    Operation,
    /// A certificate.
    Certificate,
    /// A zone of the domain name system.
    Zone,
    /// The network of one municipality, with its container.
    Instance,
    /// A plugin in one version.
    Plugin,
    /// A database server.
    DatabaseServer,
    /// A host that runs containers.
    Node,
    /// A disk on which less is free than must be.
    Disk,
    /// The gateway.
    Gateway,
    /// The resolver by which Flotta finds names outside.
    Resolver,
    /// Flotta's way out to other addresses.
    Egress,
    /// The one who looks.
    Observer,
}

impl CauseKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Check,
        Self::Operation,
        Self::Certificate,
        Self::Zone,
        Self::Instance,
        Self::Plugin,
        Self::DatabaseServer,
        Self::Node,
        Self::Disk,
        Self::Gateway,
        Self::Resolver,
        Self::Egress,
        Self::Observer,
    ];

    /// Whether it is what is looked through, and not what is looked at: while it is ill nothing is known, and the operators alone are told.
    #[must_use]
    pub const fn is_sight(self) -> bool {
        matches!(self, Self::Resolver | Self::Egress | Self::Observer)
    }

    /// Whether it is a part of the platform, on which every site of every municipality hangs.
    #[must_use]
    pub const fn is_platform(self) -> bool {
        matches!(self, Self::DatabaseServer | Self::Node | Self::Gateway)
    }
}

text_enum!(CauseKind, "cause", [
    CauseKind::Check => "check", CauseKind::Operation => "operation", CauseKind::Certificate => "certificate", CauseKind::Zone => "zone",
    CauseKind::Instance => "instance", CauseKind::Plugin => "plugin", CauseKind::DatabaseServer => "database-server",
    CauseKind::Node => "node", CauseKind::Disk => "disk", CauseKind::Gateway => "gateway",
    CauseKind::Resolver => "resolver", CauseKind::Egress => "egress", CauseKind::Observer => "observer",
]);

/// One thing that is, or may be, to blame.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// Which one: a check's number, an instance's id, a domain, a server's name.
    pub of: String,
}

/// One confirmed problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What is to blame.
    pub cause: Cause,
    /// The cause's name for people.
    pub label: String,
    /// How its checks fail, where they do.
    pub failure: Option<Failure>,
    /// Whether the cause's own check says so too, or it is what the failing ones have in common.
    pub certain: bool,
    /// Whose it is; none where it is nobody's in particular.
    pub municipality: Option<MunicipalityId>,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// When somebody took it on.
    pub acknowledged_at: Option<Timestamp>,
    /// Who did.
    pub acknowledged_by: String,
    /// What that person wrote.
    pub note: String,
    /// The wider incident that it turned out to be part of.
    pub merged_into: Option<IncidentId>,
    /// How many checks it ever had.
    pub members: u32,
    /// How many of them fail now.
    pub failing: u32,
}

impl Incident {
    /// Whether every site of the fleet is touched, also those that are not asked meanwhile: a part of the platform is ill, and its own
    /// check says so.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.certain && self.cause.kind.is_platform()
    }

    /// A new one that nothing else is known of yet.
    #[must_use]
    pub fn opened(cause: Cause, label: String, municipality: Option<MunicipalityId>, at: Timestamp) -> Self {
        Self {
            id: Id::generate(),
            cause,
            label,
            failure: None,
            certain: false,
            municipality,
            opened_at: at,
            resolved_at: None,
            acknowledged_at: None,
            acknowledged_by: String::new(),
            note: String::new(),
            merged_into: None,
            members: 0,
            failing: 0,
        }
    }
}

/// A check that an incident makes, or made, fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The check's number.
    pub number: u32,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// That municipality's slug; empty where it is gone.
    pub slug: Option<Slug>,
    /// The check's address.
    pub label: String,
    /// How it failed.
    pub failure: Failure,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none while it fails.
    pub until: Option<Timestamp>,
}

/// What happened in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEvent {
    /// Counts from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What, in one word: `opened`, `spread`, `merged`, `acknowledged`, `resolved`.
    pub word: String,
    /// Who did it; empty where Flotta did.
    pub who: String,
    /// More, for people.
    pub message: String,
}
