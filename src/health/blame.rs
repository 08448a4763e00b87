// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is to blame for what fails. Pure.
//!
//! First what is seen to be ill by itself takes everything that hangs on it. Of what is left, the narrowest thing is to blame that
//! covers most of what fails in the same way and fails far more often than the rest does; where there is none, each site stands for
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{health::Failure, incident::CauseKind as Kind};

/// So much of what fails must hang on it.
const COVERS: f64 = 0.8;
/// So many times as often must its own fail as all others.
const TIMES: f64 = 10.0;
/// And so many of its own, for what is not seen to be ill by itself.
const SHARE: f64 = 0.5;

/// So many sites outweigh the own check of what they hang on.
const MANY: usize = 5;

/// Whether a thing of this kind, when it is ill, makes sites fail like this.
#[must_use]
pub fn explains(kind: Kind, failure: Failure) -> bool {
    use Failure as F;
    let on_the_way = matches!(failure, F::Refused | F::Unreachable | F::TimedOut | F::Broken | F::NoUpstream);
    let inside = matches!(failure, F::ServerError | F::ClientError | F::Empty | F::Fatal | F::Unlike | F::Astray);
    match kind {
        Kind::Check => true,
        Kind::Operation => failure.may_be_inside(),
        Kind::Observer | Kind::Resolver | Kind::Egress => false,
        Kind::Certificate => matches!(failure, F::CertificateExpired | F::CertificateWrong | F::Handshake),
        Kind::Zone => failure == F::Name,
        Kind::Instance => inside || matches!(failure, F::NoUpstream | F::TimedOut | F::Broken | F::SetUp | F::NoDatabase | F::Maintenance),
        Kind::Plugin => inside || failure == F::TimedOut,
        Kind::DatabaseServer => inside || matches!(failure, F::NoDatabase | F::SetUp | F::TimedOut | F::NoUpstream | F::Broken),
        // Pages are served from a full disk; only a database server that could not write is its doing.
        Kind::Disk => failure == F::NoDatabase,
        Kind::Node => on_the_way || matches!(failure, F::ServerError | F::NoDatabase),
        Kind::Gateway => on_the_way || matches!(failure, F::Handshake | F::CertificateWrong),
    }
}

/// Something that sites hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// What it is.
    pub kind: Kind,
    /// How many sites hang on it, the ones that are well included.
    pub sites: usize,
    /// How many of them were looked at since the first of them failed, which says how they are now.
    pub seen: usize,
    /// What its own check says, where it has one: whether it is ill.
    pub ill: Option<bool>,
}

/// A site that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Which site.
    pub site: u32,
    /// How.
    pub failure: Failure,
    /// When it was seen to last, in milliseconds; 0 where that was before a restart.
    pub at: u64,
    /// What it hangs on: places in the list of parents; of two of a kind where one is within the other, the inner one first.
    pub parents: Vec<usize>,
}

/// One thing that went wrong, and the sites that it makes fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blamed {
    /// The place in the list of parents; none where the site stands for itself.
    pub parent: Option<usize>,
    /// Whether its own check says so too.
    pub certain: bool,
    /// The sites, in ascending order.
    pub sites: Vec<u32>,
}

/// Blames. `checked` is how many sites there are in all that were looked at.
#[must_use]
pub fn blame(parents: &[Parent], failing: &[Failing], checked: usize) -> Vec<Blamed> {
    let mut left: Vec<&Failing> = failing.iter().collect();
    let mut found = Vec::new();
    let mut take = |left: &mut Vec<&Failing>, at: usize, certain: bool| {
        let kind = parents[at].kind;
        let mut sites: Vec<u32> = left.extract_if(.., |f| hangs(f, at, kind)).map(|f| f.site).collect();
        sites.sort_unstable();
        found.push(Blamed { parent: Some(at), certain, sites });
    };
    // The widest first: what stands behind a gateway that is down cannot be judged.
    let mut ill: Vec<usize> = (0..parents.len()).filter(|at| parents[*at].ill == Some(true)).collect();
    ill.sort_by_key(|at| std::cmp::Reverse((parents[*at].kind, parents[*at].sites)));
    for at in ill {
        take(&mut left, at, true);
    }
    while let Some(at) = guess(parents, &left, checked) {
        take(&mut left, at, false);
    }
    // What changes an instance is to blame for a single site of it too: that both happen by chance is rare.
    let is_operation = |at: &usize| parents.get(*at).is_some_and(|parent| parent.kind == Kind::Operation);
    let operations: BTreeSet<usize> = left.iter().flat_map(|f| f.parents.iter().copied()).filter(is_operation).collect();
    for at in operations {
        take(&mut left, at, false);
    }
    // What everything hangs on is told of even where nothing else fails yet.
    let is_told = |blamed: &Blamed| !blamed.sites.is_empty() || blamed.parent.is_some_and(|at| parents[at].kind >= Kind::DatabaseServer);
    found.retain(is_told);
    let mut alone: Vec<u32> = left.iter().map(|f| f.site).collect();
    alone.sort_unstable();
    found.extend(alone.into_iter().map(|site| Blamed { parent: None, certain: false, sites: vec![site] }));
    found
}

/// Among how many that were looked at so many failing ones are too small a share ([`SHARE`]), so that counting on is of no use.
#[must_use]
pub fn enough(failed: usize) -> usize {
    failed.saturating_mul(2).saturating_add(1)
}

fn hangs(failing: &Failing, at: usize, kind: Kind) -> bool {
    explains(kind, failing.failure) && failing.parents.contains(&at)
}

/// What most likely makes fail what is left; none where nothing is shared.
fn guess(parents: &[Parent], left: &[&Failing], checked: usize) -> Option<usize> {
    // Two things at once: what covers too little of everything may cover all that fails in one way.
    let ways: BTreeSet<Failure> = left.iter().map(|f| f.failure).collect();
    let whole = std::iter::once(left.to_vec());
    let by_way = ways.iter().map(|way| left.iter().filter(|f| f.failure == *way).copied().collect());
    let some: Vec<Vec<&Failing>> = whole.chain(by_way).collect();
    let doubted = |some: &Vec<&Failing>| narrowest(parents, some, checked, MANY, |_| true);
    some.iter()
        .find_map(|some| narrowest(parents, some, checked, 2, |parent| parent.ill != Some(false)))
        // Its own check sees nothing, but nothing else explains so many.
        .or_else(|| some.iter().find_map(doubted))
}

fn narrowest(parents: &[Parent], failing: &[&Failing], checked: usize, least: usize, may_be: impl Fn(&Parent) -> bool) -> Option<usize> {
    // How many of them hang on it, and how far out it is at most.
    let mut own: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for one in failing {
        for (out, at) in one.parents.iter().enumerate() {
            // What is seen to be well by itself is not to blame.
            if parents.get(*at).is_some_and(|p| may_be(p) && explains(p.kind, one.failure)) {
                let (failed, most) = own.entry(*at).or_default();
                (*failed, *most) = (*failed + 1, out.max(*most));
            }
        }
    }
    own.into_iter()
        .filter(|(at, (failed, _))| {
            let (inside, all) = (parents[*at].sites.max(*failed), failing.len());
            let outside = checked.saturating_sub(inside);
            let rate = *failed as f64 / parents[*at].seen.clamp(*failed, inside) as f64;
            let elsewhere = if outside == 0 { 0.0 } else { (all - failed) as f64 / outside as f64 };
            *failed >= least && *failed as f64 >= COVERS * all as f64 && rate >= SHARE && rate >= TIMES * elsewhere
        })
        .min_by_key(|(at, (_, out))| (parents[*at].sites, parents[*at].kind, *out))
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ten municipalities of thirty sites on two database servers behind one gateway; a plugin runs in every third.
    struct Town(Vec<Parent>);

    const SITES: usize = 300;
    const GATEWAY: usize = 0;
    const PLUGIN: usize = 3;

    impl Town {
        fn new() -> Self {
            let mut parents = vec![
                Parent { kind: Kind::Gateway, sites: SITES, seen: SITES, ill: Some(false) },
                Parent { kind: Kind::DatabaseServer, sites: SITES / 2, seen: SITES / 2, ill: Some(false) },
                Parent { kind: Kind::DatabaseServer, sites: SITES / 2, seen: SITES / 2, ill: Some(false) },
                Parent { kind: Kind::Plugin, sites: 120, seen: 120, ill: None },
            ];
            parents.extend([Parent { kind: Kind::Instance, sites: 30, seen: 30, ill: None }; 10]);
            Self(parents)
        }

        fn instance(site: u32) -> usize {
            4 + site as usize / 30
        }

        fn failing(sites: impl IntoIterator<Item = u32>, failure: Failure) -> Vec<Failing> {
            let parents = |site: u32| {
                let mut all = vec![GATEWAY, 1 + site as usize / 150, Self::instance(site)];
                if (site / 30).is_multiple_of(3) {
                    all.push(PLUGIN);
                }
                all
            };
            sites.into_iter().map(|site| Failing { site, failure, at: 0, parents: parents(site) }).collect()
        }

        fn ill(mut self, at: usize) -> Self {
            self.0[at].ill = Some(true);
            self
        }

        fn blamed(&self, failing: &[Failing]) -> Vec<(Option<usize>, usize)> {
            blame(&self.0, failing, SITES).into_iter().map(|b| (b.parent, b.sites.len())).collect()
        }
    }

    #[test]
    fn the_gateway_takes_everything_and_makes_one_incident() {
        let failing = Town::failing(0..300, Failure::Refused);
        assert_eq!(Town::new().ill(GATEWAY).blamed(&failing), [(Some(GATEWAY), 300)]);
        // Also before any site was seen to fail.
        assert_eq!(Town::new().ill(GATEWAY).blamed(&[]), [(Some(GATEWAY), 0)]);
    }

    #[test]
    fn counting_ends_where_the_share_is_too_small() {
        for failed in [1, 2, 7, 43_500] {
            assert!(failed as f64 / ((enough(failed) - 1) as f64) >= SHARE);
            assert!((failed as f64 / enough(failed) as f64) < SHARE);
        }
    }

    #[test]
    fn a_full_disk_is_told_and_takes_no_site_that_fails_otherwise() {
        let mut town = Town::new();
        town.0.push(Parent { kind: Kind::Disk, sites: SITES, seen: SITES, ill: Some(true) });
        let disk = town.0.len() - 1;
        let mut failing = Town::failing([61], Failure::Fatal);
        failing[0].parents.push(disk);
        assert_eq!(town.blamed(&failing), [(Some(disk), 0), (None, 1)]);
    }

    #[test]
    fn a_database_server_is_blamed_for_its_own_and_not_for_a_certificate() {
        let mut failing = Town::failing(0..150, Failure::NoDatabase);
        failing.extend(Town::failing([200], Failure::CertificateExpired));
        assert_eq!(Town::new().ill(1).blamed(&failing), [(Some(1), 150), (None, 1)]);
    }

    #[test]
    fn the_narrowest_is_blamed() {
        let town = Town::new();
        assert_eq!(town.blamed(&Town::failing(60..90, Failure::NoUpstream)), [(Some(Town::instance(60)), 30)]);
        assert_eq!(town.blamed(&Town::failing([61], Failure::Fatal)), [(None, 1)]);
        // Two of thirty are not the municipality's network.
        assert_eq!(town.blamed(&Town::failing([61, 75], Failure::Fatal)), [(None, 1), (None, 1)]);
        // Where it runs, and nowhere else.
        let with_plugin = (0..300).filter(|site| (site / 30) % 3 == 0);
        assert_eq!(town.blamed(&Town::failing(with_plugin, Failure::Fatal)), [(Some(PLUGIN), 120)]);
    }

    #[test]
    fn an_operation_is_blamed_for_a_single_site_but_not_for_its_name() {
        let mut town = Town::new();
        town.0.push(Parent { kind: Kind::Operation, sites: 30, seen: 30, ill: None });
        let operation = town.0.len() - 1;
        let fails = |failure| {
            Town::failing([61], failure).into_iter().map(|mut f| {
                f.parents.push(operation);
                f
            })
        };
        assert_eq!(town.blamed(&fails(Failure::Fatal).collect::<Vec<_>>()), [(Some(operation), 1)]);
        assert_eq!(town.blamed(&fails(Failure::Name).collect::<Vec<_>>()), [(None, 1)]);
        assert_eq!(town.blamed(&Town::failing([61], Failure::Fatal)), [(None, 1)]);
    }

    #[test]
    fn what_was_not_looked_at_since_is_no_witness() {
        let mut town = Town::new();
        let five = Town::failing(60..65, Failure::ServerError);
        assert!(town.blamed(&five).iter().all(|(parent, _)| parent.is_none()));
        town.0[Town::instance(60)].seen = 5;
        assert_eq!(town.blamed(&five), [(Some(Town::instance(60)), 5)]);
    }

    #[test]
    fn two_things_at_once_are_two() {
        let town = Town::new();
        let mut failing = Town::failing(30..60, Failure::NoUpstream);
        failing.extend(Town::failing(150..180, Failure::Fatal));
        let mut blamed = town.blamed(&failing);
        blamed.sort_unstable();
        assert_eq!(blamed, [(Some(Town::instance(30)), 30), (Some(Town::instance(150)), 30)]);
        // A fault of its own beside a gateway that is down stays its own.
        let mut failing = Town::failing(0..299, Failure::Refused);
        failing.extend(Town::failing([299], Failure::CertificateExpired));
        assert_eq!(town.ill(GATEWAY).blamed(&failing), [(Some(GATEWAY), 299), (None, 1)]);
    }

    #[test]
    fn chance_has_no_cause() {
        let town = Town::new();
        let some = Town::failing((0..300).step_by(37), Failure::TimedOut);
        assert!(town.blamed(&some).iter().all(|(parent, sites)| parent.is_none() && *sites == 1));
    }

    proptest! {
        #[test]
        fn every_failure_is_told_once(picked in proptest::collection::btree_map(0_u32..300, 1_u8..=18, 0..300), ill in proptest::option::of(0_usize..14)) {
            let town = ill.map_or_else(Town::new, |at| Town::new().ill(at));
            let failing: Vec<Failing> =
                picked.iter().flat_map(|(site, way)| Town::failing([*site], Failure::of_number(*way).unwrap())).collect();
            let blamed = blame(&town.0, &failing, SITES);
            let mut told: Vec<u32> = blamed.iter().flat_map(|b| b.sites.clone()).collect();
            told.sort_unstable();
            prop_assert!(told.into_iter().eq(picked.keys().copied()));
            for one in blamed {
                match one.parent {
                    Some(at) => prop_assert!(one.certain == (Some(at) == ill) && (one.certain || one.sites.len() > 1)),
                    None => prop_assert_eq!(one.sites.len(), 1),
                }
            }
        }
    }
}
