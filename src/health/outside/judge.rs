// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a look means, together with the one before. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::fleet::{
    health::Failure,
    outside::{Earlier, Look, NameState, Plain, Remark, Trust, WayEnd},
};

/// The steps, in days, at which the end of a certificate is told of.
const STEPS: [u16; 3] = [3, 14, 30];
/// The gateway renews its own by itself a third of their life before they end; only what should have been renewed is told of.
const OURS: u16 = 14;
/// So long it is told that another authority signs.
const CHANGED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is remembered of the look before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Before {
    /// Whether the name ever led somewhere.
    pub led: bool,
    /// Who signed the certificate.
    pub signer: Option<String>,
    /// Who signed before that.
    pub earlier: Option<Earlier>,
    /// How visitors failed.
    pub failure: Option<Failure>,
}

impl Before {
    /// What to remember of a look.
    #[must_use]
    pub fn of(look: &Look) -> Self {
        Self {
            led: look.led,
            signer: look.certificate.as_ref().map(|certificate| certificate.signer().to_owned()),
            earlier: look.earlier.clone(),
            failure: look.failure,
        }
    }
}

/// The look, with what follows from the one before. `ours` is whether the gateway should serve it: then the name and the certificate
/// tell whether visitors come through, and whether they are served is another check's question.
#[must_use]
pub fn conclude(mut look: Look, before: &Before, ours: bool) -> Look {
    look.led = before.led || matches!(look.names.state, NameState::Leads | NameState::Local);
    let signer = look.certificate.as_ref().map(|certificate| certificate.signer().to_owned());
    look.earlier = match (signer, &before.signer) {
        (Some(now), Some(then)) if now != *then => Some(Earlier { signer: then.clone(), seen_at: look.at }),
        _ => before.earlier.clone().filter(|earlier| look.at < earlier.seen_at + CHANGED),
    };
    if ours {
        // A site whose name never led here is not on the air yet, and one that leads elsewhere is served there.
        let name = look.names.state.failure().filter(|_| before.led);
        let certificate = look.certificate.as_ref().and_then(|certificate| certificate.trust.failure());
        look.failure = name.or_else(|| certificate.filter(|_| look.names.here != Some(false)));
    }
    look
}

/// What of a look needs somebody.
#[must_use]
pub fn remarks(look: &Look, ours: bool, now: Timestamp) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if let Some(certificate) = &look.certificate {
        if certificate.trust.failure().is_some() {
            remarks.push(Remark::CertificateBad { trust: certificate.trust });
        } else if certificate.trust == Trust::Trusted {
            let (left, life) = (certificate.ends.duration_since(now), certificate.ends.duration_since(certificate.begins));
            let most = if ours { OURS } else { u16::MAX };
            // One that lives for days only is renewed within days too.
            let near = |days: &&u16| left <= SignedDuration::from_hours(i64::from(**days) * 24) && **days <= most && left < life / 3;
            remarks.extend(STEPS.iter().find(near).map(|days| Remark::CertificateEnds { within_days: *days }));
        }
        if let Some(earlier) = look.earlier.as_ref().filter(|_| certificate.trust != Trust::Internal) {
            remarks.push(Remark::IssuerChanged { from: earlier.signer.clone(), to: certificate.signer().to_owned() });
        }
    }
    match look.names.state {
        NameState::Leads | NameState::Local | NameState::Unanswered => {}
        state => remarks.push(Remark::NameGone { state }),
    }
    if look.names.here == Some(false) {
        remarks.push(Remark::NameElsewhere);
    }
    if !look.noindex.is_empty() {
        remarks.push(Remark::NoIndex);
    }
    match look.end {
        WayEnd::Page | WayEnd::Unseen => {}
        end => remarks.push(Remark::WayWrong { end }),
    }
    if look.plain == Plain::Serves {
        remarks.push(Remark::PlainServed);
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::outside::{Certificate, Names};

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
    }

    fn certificate(begins: i64, ends: i64, issuer: &str) -> Certificate {
        Certificate {
            fingerprint: "00".into(),
            issuer: issuer.into(),
            names: vec!["lund.se".into()],
            begins: at(begins),
            ends: at(ends),
            chain: 2,
            trust: Trust::Trusted,
        }
    }

    fn good(now: i64) -> Look {
        Look {
            names: Names { state: NameState::Leads, ..Names::default() },
            certificate: Some(certificate(0, 90, "R11 (Let's Encrypt)")),
            end: WayEnd::Page,
            plain: Plain::Redirects,
            ..Look::blank(at(now))
        }
    }

    fn days(look: &Look, ours: bool, now: i64) -> Option<u16> {
        remarks(look, ours, at(now)).into_iter().find_map(|remark| match remark {
            Remark::CertificateEnds { within_days } => Some(within_days),
            _ => None,
        })
    }

    #[test]
    fn the_end_of_a_certificate_comes_in_steps() {
        let year = Look { certificate: Some(certificate(0, 365, "X")), ..good(0) };
        for (now, step) in [(0, None), (334, None), (335, Some(30)), (350, Some(30)), (351, Some(14)), (362, Some(3)), (365, Some(3))] {
            assert_eq!(days(&year, false, now), step, "day {now}");
        }
        // The gateway's own are not told of before they should have been renewed.
        assert_eq!((days(&good(0), true, 61), days(&good(0), true, 76)), (None, Some(14)));
        // One for six days is in its last third only for two.
        let short = Look { certificate: Some(certificate(0, 6, "X")), ..good(0) };
        assert_eq!((days(&short, false, 3), days(&short, false, 5)), (None, Some(3)));
        // What the fleet's own authority signs lives for hours, and nobody has to renew it.
        let internal = Certificate { trust: Trust::Internal, ..certificate(0, 1, "Flotta") };
        assert_eq!(remarks(&Look { certificate: Some(internal), ..good(0) }, true, at(1)), []);
    }

    #[test]
    fn an_authority_that_changes_is_told_of_for_a_week() {
        let first = conclude(good(0), &Before::default(), true);
        assert!(first.led && first.earlier.is_none());
        let same = Look { certificate: Some(certificate(0, 90, "E7 (Let's Encrypt)")), ..good(1) };
        assert_eq!(conclude(same, &Before::of(&first), true).earlier, None);
        let other = Look { certificate: Some(certificate(0, 90, "Evil CA")), ..good(1) };
        let mut look = conclude(other.clone(), &Before::of(&first), true);
        for day in 1..10 {
            let told =
                remarks(&look, true, at(day)).contains(&Remark::IssuerChanged { from: "Let's Encrypt".into(), to: "Evil CA".into() });
            assert_eq!(told, day < 8, "day {day}");
            look = conclude(Look { at: at(day + 1), ..other.clone() }, &Before::of(&look), true);
        }
        // A look without a certificate forgets nobody.
        let none = conclude(Look { certificate: None, ..good(2) }, &Before::of(&first), true);
        assert_eq!(none.earlier, None);
    }

    #[test]
    fn a_name_counts_once_it_has_led_somewhere() {
        let gone = Look { names: Names { state: NameState::Gone, ..Names::default() }, failure: Some(Failure::Name), ..Look::blank(at(0)) };
        let new = conclude(gone.clone(), &Before::default(), true);
        assert_eq!((new.failure, remarks(&new, true, at(0))), (None, vec![Remark::NameGone { state: NameState::Gone }]));
        let led = Before { led: true, ..Before::default() };
        assert_eq!(conclude(gone.clone(), &led, true).failure, Some(Failure::Name));
        // Whoever added an address wants to know at once.
        assert_eq!(conclude(gone, &Before::default(), false).failure, Some(Failure::Name));
    }

    #[test]
    fn whether_visitors_of_a_site_come_through_is_the_certificate_too() {
        let with = |trust, here| {
            let certificate = Certificate { trust, ..certificate(0, 90, "X") };
            let names = Names { state: NameState::Leads, here, ..Names::default() };
            conclude(Look { names, certificate: Some(certificate), ..good(0) }, &Before::default(), true)
        };
        assert_eq!(with(Trust::Trusted, None).failure, None);
        assert_eq!(with(Trust::Expired, None).failure, Some(Failure::CertificateExpired));
        assert_eq!(with(Trust::OtherName, Some(true)).failure, Some(Failure::CertificateWrong));
        let elsewhere = with(Trust::OtherName, Some(false));
        assert_eq!(elsewhere.failure, None);
        assert!(remarks(&elsewhere, true, at(0)).contains(&Remark::NameElsewhere));
        // Whether it answers is asked each minute by another way.
        let slow = Look { failure: Some(Failure::TimedOut), ..good(0) };
        assert_eq!(conclude(slow, &Before::default(), true).failure, None);
    }

    #[test]
    fn what_a_visitor_would_not_notice_is_told() {
        let look = Look { noindex: vec!["meta".into()], end: WayEnd::Circle, plain: Plain::Serves, ..good(0) };
        assert_eq!(remarks(&look, true, at(0)), [Remark::NoIndex, Remark::WayWrong { end: WayEnd::Circle }, Remark::PlainServed]);
        assert_eq!(remarks(&good(0), true, at(0)), []);
    }
}
