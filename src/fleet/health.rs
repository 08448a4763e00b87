// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Nouns of health: what a check found, and in which state what is checked is.

use serde::{Deserialize, Serialize};

use super::instance::text_enum;

/// How a check failed. The numbers are written into history and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Failure {
    /// Nobody listens.
    Refused = 1,
    /// No connection came about in time.
    Unreachable = 2,
    /// A connection, but no whole answer in time.
    TimedOut = 3,
    /// The connection ended before the answer did.
    Broken = 4,
    /// The name leads nowhere, or not here.
    Name = 5,
    /// The TLS handshake failed.
    Handshake = 6,
    /// The certificate is past its end, or not valid yet.
    CertificateExpired = 7,
    /// The certificate is for another name, or signed by nobody who is trusted.
    CertificateWrong = 8,
    /// The gateway answers that it has nobody behind it (502, 503, 504).
    NoUpstream = 9,
    /// Another status from 500 on.
    ServerError = 10,
    /// A status from 400 to 499.
    ClientError = 11,
    /// It leads to WordPress's installation or upgrade.
    SetUp = 12,
    /// It leads somewhere that it should not, or in a circle.
    Astray = 13,
    /// An answer without a page.
    Empty = 14,
    /// A page that shows an error of PHP, or says that something is critically wrong.
    Fatal = 15,
    /// A page that says that there is no database.
    NoDatabase = 16,
    /// A page that lacks what every page of this site has.
    Unlike = 17,
    /// WordPress says that it is being updated.
    Maintenance = 18,
}

impl Failure {
    /// Every one, by number.
    pub const ALL: [Self; 18] = [
        Self::Refused,
        Self::Unreachable,
        Self::TimedOut,
        Self::Broken,
        Self::Name,
        Self::Handshake,
        Self::CertificateExpired,
        Self::CertificateWrong,
        Self::NoUpstream,
        Self::ServerError,
        Self::ClientError,
        Self::SetUp,
        Self::Astray,
        Self::Empty,
        Self::Fatal,
        Self::NoDatabase,
        Self::Unlike,
        Self::Maintenance,
    ];

    /// The failure with a number from history; none where a later version wrote it.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        usize::from(number).checked_sub(1).and_then(|at| Self::ALL.get(at)).copied()
    }

    /// Whether something inside an instance can make a site fail like this: names and certificates are not changed from there.
    #[must_use]
    pub const fn may_be_inside(self) -> bool {
        !matches!(self, Self::Name | Self::CertificateExpired | Self::CertificateWrong)
    }
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sample {
    /// It served, after so many milliseconds.
    Served(u32),
    /// It did not.
    Failed(Failure),
    /// Nobody looked in time: the observer was late, and nothing is known.
    Missed,
}

impl Sample {
    /// Whether it served.
    #[must_use]
    pub fn is_well(self) -> bool {
        matches!(self, Self::Served(_))
    }
}

/// In which state something checked is. In the order in which they matter: the last is the worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It serves.
    Ok,
    /// Nothing is known yet, or nothing any more.
    #[default]
    Unknown,
    /// It serves, later than people wait.
    Slow,
    /// One check failed, and whether it is ill is being found out.
    Suspect,
    /// It goes up and down, and one message for each time would be noise.
    Flapping,
    /// It does not serve: confirmed, by another way too.
    Down,
}

impl Health {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Unknown, Self::Slow, Self::Suspect, Self::Flapping, Self::Down];

    /// Whether visitors are known not to be served.
    #[must_use]
    pub const fn is_ill(self) -> bool {
        matches!(self, Self::Down | Self::Flapping)
    }
}

text_enum!(Health, "health", [
    Health::Ok => "ok", Health::Unknown => "unknown", Health::Slow => "slow", Health::Suspect => "suspect",
    Health::Flapping => "flapping", Health::Down => "down",
]);

text_enum!(Failure, "failure", [
    Failure::Refused => "refused", Failure::Unreachable => "unreachable", Failure::TimedOut => "timed-out", Failure::Broken => "broken",
    Failure::Name => "name", Failure::Handshake => "handshake", Failure::CertificateExpired => "certificate-expired",
    Failure::CertificateWrong => "certificate-wrong", Failure::NoUpstream => "no-upstream", Failure::ServerError => "server-error",
    Failure::ClientError => "client-error", Failure::SetUp => "set-up", Failure::Astray => "astray", Failure::Empty => "empty",
    Failure::Fatal => "fatal", Failure::NoDatabase => "no-database", Failure::Unlike => "unlike", Failure::Maintenance => "maintenance",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_are() {
        for (at, failure) in Failure::ALL.into_iter().enumerate() {
            assert_eq!(failure as usize, at + 1);
            assert_eq!(Failure::of_number(failure as u8), Some(failure));
            assert_eq!(serde_json::to_value(failure).unwrap(), failure.to_string());
        }
        assert_eq!(Failure::of_number(0), None);
        assert_eq!(Failure::of_number(31), None);
    }

    #[test]
    fn down_is_the_worst() {
        let all = [Health::Ok, Health::Unknown, Health::Slow, Health::Suspect, Health::Flapping, Health::Down];
        assert!(all.is_sorted());
        assert_eq!(all.iter().max(), Some(&Health::Down));
        for health in all {
            assert_eq!(serde_json::to_value(health).unwrap(), health.to_string());
        }
    }
}
