// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whose fault a failure is: the release's, the instance's own, or the platform's. Pure.

use crate::fleet::rollout::Blame;

/// What is seen around a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Whether the engine, the database server or the gateway does not answer.
    pub disturbed: bool,
    /// Instances of other releases that were looked at in the same minute, and how many of them are ill too.
    pub others: usize,
    /// How many of those are ill.
    pub others_ill: usize,
    /// Instances of the same release that are well: watched or through their soak.
    pub well: usize,
    /// Instances of the same rollout that failed before.
    pub failed: usize,
}

/// Whose fault it is, given whose it seems to be from the instance alone.
///
/// The instance is blamed only while failures are rare among those that have the release: a release that breaks every third
/// instance is to blame itself, however many are well.
#[must_use]
pub fn attribute(seems: Blame, around: &Around) -> Blame {
    let everywhere = around.others_ill >= 2 && around.others_ill * 2 >= around.others;
    if seems == Blame::Infrastructure || around.disturbed || everywhere {
        return Blame::Infrastructure;
    }
    if seems == Blame::Release && around.well >= 2 && (around.failed + 1) * 2 <= around.well {
        return Blame::Instance;
    }
    seems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_canary_is_the_releases_fault() {
        assert_eq!(attribute(Blame::Release, &Around::default()), Blame::Release);
        assert_eq!(attribute(Blame::Release, &Around { well: 1, ..Around::default() }), Blame::Release);
    }

    #[test]
    fn one_among_many_well_ones_is_its_own_fault_but_not_every_third() {
        let around = |well, failed| Around { well, failed, ..Around::default() };
        assert_eq!(attribute(Blame::Release, &around(2, 0)), Blame::Instance);
        assert_eq!(attribute(Blame::Release, &around(2, 1)), Blame::Release);
        assert_eq!(attribute(Blame::Release, &around(20, 9)), Blame::Instance);
        assert_eq!(attribute(Blame::Release, &around(20, 10)), Blame::Release);
        assert_eq!(attribute(Blame::Instance, &around(0, 5)), Blame::Instance);
    }

    #[test]
    fn what_ails_the_platform_or_others_too_is_nobodys_here() {
        for seems in [Blame::Release, Blame::Instance, Blame::Infrastructure] {
            assert_eq!(attribute(seems, &Around { disturbed: true, well: 9, ..Around::default() }), Blame::Infrastructure);
            assert_eq!(attribute(seems, &Around { others: 3, others_ill: 2, ..Around::default() }), Blame::Infrastructure);
        }
        assert_eq!(attribute(Blame::Release, &Around { others: 3, others_ill: 1, ..Around::default() }), Blame::Release);
        assert_eq!(attribute(Blame::Release, &Around { others: 9, others_ill: 2, ..Around::default() }), Blame::Release);
    }
}
