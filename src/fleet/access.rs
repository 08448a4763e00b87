// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who may do what: roles, scopes, users, tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Email, MunicipalityId, TokenId, UserId, instance::text_enum};

/// What a caller may see of the municipalities. Every store function on a municipality's data takes one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole fleet.
    Fleet,
    /// Only these; others are answered as if they did not exist.
    Municipalities(Vec<MunicipalityId>),
}

impl Scope {
    /// Whether the municipality may be known.
    #[must_use]
    pub fn covers(&self, municipality: MunicipalityId) -> bool {
        match self {
            Self::Fleet => true,
            Self::Municipalities(ids) => ids.contains(&municipality),
        }
    }
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything, users and settings included.
    Administrator,
    /// Municipalities, rollouts, incidents.
    Operator,
    /// Releases and rollouts; reads the fleet.
    ReleaseManager,
    /// Reads and runs the sites of the municipalities that the user is bound to.
    WebManager,
    /// Reads everything, the audit log included; changes nothing.
    Auditor,
}

text_enum!(Role, "role", [
    Role::Administrator => "administrator", Role::Operator => "operator", Role::ReleaseManager => "release-manager",
    Role::WebManager => "web-manager", Role::Auditor => "auditor",
]);

impl Role {
    /// Every role, in the order shown to people.
    pub const ALL: [Self; 5] = [Self::Administrator, Self::Operator, Self::ReleaseManager, Self::WebManager, Self::Auditor];

    /// Whether the role may do this.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Administrator => true,
            Self::Operator => !matches!(permission, P::ManageUsers | P::ReadAudit | P::ManageReleases),
            Self::ReleaseManager => {
                matches!(permission, P::ReadFleet | P::ManageReleases | P::ManageRollouts | P::PostponeUpdates | P::OwnAccount)
            }
            Self::WebManager => {
                matches!(
                    permission,
                    P::ReadFleet
                        | P::InviteAdministrator
                        | P::PostponeUpdates
                        | P::ManageIncidents
                        | P::ManageAddresses
                        | P::PublishStatus
                        | P::OwnAccount
                )
            }
            Self::Auditor => matches!(permission, P::ReadFleet | P::ReadAudit | P::ReadUsers | P::OwnAccount),
        }
    }
}

/// What a route may ask of its caller. Each route names exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Read municipalities, instances, operations, releases (within the caller's scope).
    ReadFleet,
    /// Onboard, suspend, resume, offboard; retry operations.
    ManageMunicipalities,
    /// Make a single-use log-in link for a municipality's administrator.
    InviteAdministrator,
    /// Register, promote, retire releases.
    ManageReleases,
    /// Start, pause, halt, revert rollouts; pin releases and set windows.
    ManageRollouts,
    /// Hold an instance back from rollouts for a while.
    PostponeUpdates,
    /// Take incidents on; say what availability is aimed at.
    ManageIncidents,
    /// Add and remove addresses that are checked besides the sites; ask for a look from outside.
    ManageAddresses,
    /// Open and close a municipality's public status page.
    PublishStatus,
    /// See users and tokens.
    ReadUsers,
    /// Create, change, disable users; revoke other people's tokens.
    ManageUsers,
    /// Read the audit log.
    ReadAudit,
    /// One's own password, language and tokens.
    OwnAccount,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 12] = [
        Self::ReadFleet,
        Self::ManageMunicipalities,
        Self::InviteAdministrator,
        Self::ManageReleases,
        Self::ManageRollouts,
        Self::PostponeUpdates,
        Self::ManageIncidents,
        Self::ManageAddresses,
        Self::PublishStatus,
        Self::ReadUsers,
        Self::ManageUsers,
        Self::ReadAudit,
        Self::OwnAccount,
    ];
}

text_enum!(Permission, "scope", [
    Permission::ReadFleet => "read-fleet", Permission::ManageMunicipalities => "manage-municipalities",
    Permission::InviteAdministrator => "invite-administrator", Permission::ManageReleases => "manage-releases",
    Permission::ManageRollouts => "manage-rollouts", Permission::PostponeUpdates => "postpone-updates",
    Permission::ManageIncidents => "manage-incidents", Permission::ManageAddresses => "manage-addresses",
    Permission::PublishStatus => "publish-status",
    Permission::ReadUsers => "read-users", Permission::ManageUsers => "manage-users", Permission::ReadAudit => "read-audit",
    Permission::OwnAccount => "own-account",
]);

/// Someone who can log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Log-in name.
    pub email: Email,
    /// Name shown to others.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// The municipalities that a web manager is bound to; empty for the other roles.
    pub municipalities: Vec<MunicipalityId>,
    /// Language of pages: `sv` or `en`; none means the browser's.
    pub language: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Since when the account cannot be used.
    pub disabled_at: Option<Timestamp>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// The token's id.
    pub id: TokenId,
    /// Whose it is; it can never do more than its user.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// The first characters of its secret, to recognise it by.
    pub prefix: String,
    /// What it may do; at most what the user's role may.
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Who calls, resolved from a session or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: User,
    /// The token, where one was used in place of a session.
    pub token: Option<ApiToken>,
}

impl Principal {
    /// Whether the caller may do this: the role allows it, and so does the token where one is used.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.user.role.may(permission) && self.token.as_ref().is_none_or(|token| token.permissions.contains(&permission))
    }

    /// The municipalities that the caller may know of.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.user.role {
            Role::WebManager => Scope::Municipalities(self.user.municipalities.clone()),
            _ => Scope::Fleet,
        }
    }
}
