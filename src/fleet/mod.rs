// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The shared nouns. Everything here is plain data and pure functions: no I/O, no clock, no database, no engine.

pub mod access;
pub mod advisory;
pub mod audit;
pub mod backup;
pub mod check;
pub mod constant;
pub mod container;
pub mod contents;
pub mod domain;
pub mod evidence;
pub mod facts;
pub mod finding;
pub mod health;
pub mod id;
pub mod incident;
pub mod instance;
pub mod inventory;
pub mod knobs;
pub mod known;
pub mod municipality;
pub mod notice;
pub mod operation;
pub mod outside;
pub mod overlay;
pub mod policy;
pub mod release;
pub mod rollout;
pub mod settings;
pub mod status;
pub mod update;

pub use access::{Principal, Role, Scope};
pub use audit::{AuditEntry, AuditId, AuditResult};
pub use backup::Backup;
pub use check::Check;
pub use domain::Domain;
pub use finding::{Finding, FindingId, FindingKind};
pub use id::{FleetId, Id};
pub use incident::{Incident, IncidentId};
pub use instance::{Desired, Environment, Instance, InstanceState, Limits, NetworkKind};
pub use inventory::{Inventory, Origin};
pub use municipality::{Code, Email, Municipality, Slug};
pub use notice::{Receiver, ReceiverId, Silence, SilenceId};
pub use operation::{Direction, EventKind, Operation, OperationEvent, OperationKind, OperationState};
pub use overlay::{Holds, Overlaid, Overlay, OverlayId};
pub use policy::Policy;
pub use release::{Channel, Contract, Release};
pub use rollout::{Rollout, RolloutId};
pub use settings::{FleetSettings, GatewaySettings, Subnet};

/// Identifies a municipality.
pub type MunicipalityId = Id<Municipality>;
/// Identifies an instance.
pub type InstanceId = Id<Instance>;
/// Identifies a release.
pub type ReleaseId = Id<Release>;
/// Identifies an operation.
pub type OperationId = Id<Operation>;
/// Identifies a user of the control plane.
pub type UserId = Id<access::User>;
/// Identifies an API token.
pub type TokenId = Id<access::ApiToken>;
/// Identifies a backup.
pub type BackupId = Id<Backup>;
