// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is not down but needs somebody: a job that is late, an administrator who was added, a plugin with a known weakness.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, InstanceId, MunicipalityId, Slug, instance::text_enum};

/// Identifies a finding.
pub type FindingId = Id<Finding>;

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A component runs in a version with a known weakness.
    Vulnerable,
    /// Somebody became an administrator since it was looked last.
    AdministratorAdded,
    /// Anybody may sign up, with a role that may write.
    OpenRegistration,
    /// Errors are shown or logged as for development.
    DebugOn,
    /// PHP ended with a fatal error.
    FatalError,
    /// WordPress' jobs are not run.
    CronStuck,
    /// WordPress could not send mail.
    MailFails,
    /// An update failed, or the file that says that one goes on was left.
    UpdateFailed,
    /// The database has another version than the code wants.
    DatabaseBehind,
    /// Search engines are asked to stay away.
    NotIndexed,
    /// There is no accessibility statement.
    StatementMissing,
    /// The accessibility statement was last gone over more than a year ago.
    StatementOld,
    /// What WordPress reads at each request is more than its own limit.
    AutoloadLarge,
    /// The site says to be at another address than the one that leads to it.
    AddressDiffers,
    /// The certificate is past its end, for another name, or trusted by nobody.
    CertificateBad,
    /// The certificate ends soon.
    CertificateEnds,
    /// Another authority signs the certificate than before.
    IssuerChanged,
    /// The name leads nowhere.
    NameGone,
    /// The name leads to other addresses than the gateway's.
    NameElsewhere,
    /// The way to the page ends without one: in a circle, or where it should not lead.
    RedirectsWrong,
    /// Pages are served without TLS too.
    PlainServed,
}

impl FindingKind {
    /// Every kind, what is most urgent first.
    pub const ALL: [Self; 21] = [
        Self::Vulnerable,
        Self::AdministratorAdded,
        Self::OpenRegistration,
        Self::DebugOn,
        Self::FatalError,
        Self::CronStuck,
        Self::MailFails,
        Self::UpdateFailed,
        Self::DatabaseBehind,
        Self::NotIndexed,
        Self::StatementMissing,
        Self::StatementOld,
        Self::AutoloadLarge,
        Self::AddressDiffers,
        Self::CertificateBad,
        Self::CertificateEnds,
        Self::IssuerChanged,
        Self::NameGone,
        Self::NameElsewhere,
        Self::RedirectsWrong,
        Self::PlainServed,
    ];
}

text_enum!(FindingKind, "kind", [
    FindingKind::Vulnerable => "vulnerable", FindingKind::AdministratorAdded => "administrator-added",
    FindingKind::OpenRegistration => "open-registration", FindingKind::DebugOn => "debug-on", FindingKind::FatalError => "fatal-error",
    FindingKind::CronStuck => "cron-stuck", FindingKind::MailFails => "mail-fails", FindingKind::UpdateFailed => "update-failed",
    FindingKind::DatabaseBehind => "database-behind", FindingKind::NotIndexed => "not-indexed",
    FindingKind::StatementMissing => "statement-missing", FindingKind::StatementOld => "statement-old",
    FindingKind::AutoloadLarge => "autoload-large", FindingKind::AddressDiffers => "address-differs",
    FindingKind::CertificateBad => "certificate-bad", FindingKind::CertificateEnds => "certificate-ends",
    FindingKind::IssuerChanged => "issuer-changed", FindingKind::NameGone => "name-gone", FindingKind::NameElsewhere => "name-elsewhere",
    FindingKind::RedirectsWrong => "redirects-wrong", FindingKind::PlainServed => "plain-served",
]);

/// What a finding is about. Whoever looks at one of these says everything that is found there, so that what is not said is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// An instance with all its sites.
    Instance(InstanceId),
    /// One check, by its number.
    Check(u32),
}

/// What somebody who looked has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What.
    pub kind: FindingKind,
    /// WordPress's number of the site; none where it is the whole instance's.
    pub blog: Option<u64>,
    /// What it is about, for people and to know it again: a site's address, `plugin akismet 4.1 (CVE-2021-24276)`.
    pub subject: String,
    /// What was seen (JSON).
    pub evidence: serde_json::Value,
}

/// One thing that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// What was found.
    pub kind: FindingKind,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// The municipality's slug.
    pub slug: Slug,
    /// The instance it is about.
    pub instance: Option<InstanceId>,
    /// WordPress's number of the site it is about.
    pub blog: Option<u64>,
    /// The number of the check it is about.
    pub check: Option<u32>,
    /// What it is about, for people.
    pub subject: String,
    /// What was seen last (JSON).
    pub evidence: serde_json::Value,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// When somebody put it aside.
    pub muted_at: Option<Timestamp>,
    /// Until when it is put aside; none is until it is over.
    pub muted_until: Option<Timestamp>,
    /// Who did.
    pub muted_by: String,
    /// Why.
    pub reason: String,
}

impl Finding {
    /// Whether somebody has put it aside, at this time.
    #[must_use]
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_at.is_some() && self.muted_until.is_none_or(|until| now < until)
    }
}
