// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The verdict on a rehearsal, from what both sides gave. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Baseline, Candidate, Picture};
use crate::{
    fleet::evidence::{Finding, Level, Verdict},
    rollouts::{
        compare::{Mask, compare_masked, is_well},
        complaints,
    },
};

/// Shares of a picture that differ: look at it; say so.
const CHANGED: (f64, f64) = (0.2, 0.005);

/// What is to be said of the release that was tried.
#[must_use]
pub fn judge(baseline: &Baseline, candidate: &Candidate) -> Verdict {
    if let Some(why) = &candidate.failed {
        let mut findings = vec![finding(Level::Fail, "release", "start", why.clone())];
        findings.extend(complaints::compare(&baseline.output, &candidate.output));
        return Verdict::of(findings);
    }
    let mask = Mask::of(&baseline.looks.0, &baseline.looks.1);
    let mut findings = compare_masked(&baseline.looks.0, &candidate.look, &mask).findings;
    sites(baseline, candidate, &mut findings);
    half_way(baseline, candidate, &mut findings);
    findings.extend(complaints::compare(&baseline.output, &candidate.output));
    findings.extend(candidate.pictures.iter().filter_map(picture));
    Verdict::of(findings)
}

fn finding(level: Level, about: &str, what: &str, detail: String) -> Finding {
    Finding { level, about: about.to_owned(), what: what.to_owned(), detail }
}

/// Every site by itself.
fn sites(baseline: &Baseline, candidate: &Candidate, findings: &mut Vec<Finding>) {
    let address = |id: &u64| baseline.sites.get(id).map_or_else(|| format!("site {id}"), |site| site.address.clone());
    for (id, why) in &candidate.upgrades {
        findings.push(finding(Level::Fail, &address(id), "upgrade", format!("its tables could not be upgraded: {why}")));
    }
    for (id, how) in &candidate.fronts {
        let home = baseline.looks.0.pages.iter().find(|page| page.page.blog == *id && page.page.kind == "home");
        if home.is_none() || home.is_some_and(is_well) {
            findings.push(finding(Level::Fail, &address(id), "broken", format!("its first visit: {how}")));
        }
    }
    for (id, site) in &candidate.sites {
        if candidate.wanted.is_some_and(|wanted| wanted != site.db_version) && !candidate.upgrades.contains_key(id) {
            let detail = format!("its tables are at version {}, not {}", site.db_version, candidate.wanted.unwrap_or_default());
            findings.push(finding(Level::Fail, &site.address, "db-version", detail));
        }
        let known = baseline.sites.get(id).map(|site| site.locks.as_slice()).unwrap_or_default();
        for lock in site.locks.iter().filter(|lock| !known.contains(lock)) {
            findings.push(finding(Level::Fail, &site.address, "lock", format!("a migration has left its lock `{lock}`")));
        }
    }
}

/// A version that went on for some sites and stood still for others that had the same.
fn half_way(baseline: &Baseline, candidate: &Candidate, findings: &mut Vec<Finding>) {
    let mut ways: BTreeMap<(&str, &str), BTreeSet<Option<&str>>> = BTreeMap::new();
    let moves = || {
        baseline.sites.iter().filter_map(|(id, was)| Some((was, candidate.sites.get(id)?))).flat_map(|(was, is)| {
            was.versions.iter().map(move |(name, version)| (is, name.as_str(), version.as_str(), is.versions.get(name).map(String::as_str)))
        })
    };
    for (_, name, was, is) in moves() {
        ways.entry((name, was)).or_default().insert(is);
    }
    for (site, name, was, is) in moves() {
        if is == Some(was) && ways.get(&(name, was)).is_some_and(|ways| ways.len() > 1) {
            let detail = format!("{name} is still `{was}`, though other sites went on");
            findings.push(finding(Level::Fail, &site.address, "migration", detail));
        }
    }
}

fn picture(picture: &Picture) -> Option<Finding> {
    let level = if picture.changed >= CHANGED.0 { Level::Warn } else { Level::Pass };
    let about = format!("{}{}", picture.page.host, picture.page.path);
    (picture.changed >= CHANGED.1)
        .then(|| finding(level, &about, "picture", format!("{:.1} % of its picture is another", picture.changed * 100.0)))
}

#[cfg(test)]
mod tests {
    use super::{super::classify::Classified, super::evidence::SiteState, *};
    use crate::fleet::{
        evidence::{Look, Sampled, SeenPage},
        update::Migration,
    };

    fn sites(version: &[&str]) -> BTreeMap<u64, SiteState> {
        let site = |(at, version): (usize, &&str)| {
            let versions = BTreeMap::from([("theme_version".to_owned(), (*version).to_owned())]);
            (at as u64 + 1, SiteState { address: format!("ale.se/{at}/"), db_version: 1, versions, locks: Vec::new() })
        };
        version.iter().enumerate().map(site).collect()
    }

    fn look() -> Look {
        let page = Sampled { blog: 1, kind: "home".into(), host: "ale.se".into(), path: "/".into() };
        Look { pages: vec![SeenPage { page, status: 200, title: "Ale".into(), ..SeenPage::default() }], db_versions: BTreeMap::new() }
    }

    fn baseline() -> Baseline {
        Baseline { looks: (look(), look()), sites: sites(&["1", "1", "1"]), ..Baseline::default() }
    }

    fn candidate() -> Candidate {
        let nothing = Classified { migration: Migration::None, changes: Vec::new(), count: 0 };
        Candidate {
            failed: None,
            wanted: Some(1),
            look: look(),
            sites: sites(&["1", "1", "1"]),
            ..Candidate::failed(String::new(), String::new(), nothing)
        }
    }

    fn whats(candidate: &Candidate) -> Vec<(Level, String)> {
        judge(&baseline(), candidate).findings.into_iter().map(|f| (f.level, f.what)).collect()
    }

    #[test]
    fn the_same_passes() {
        assert_eq!(judge(&baseline(), &candidate()).findings, []);
        let on = Candidate { sites: sites(&["2", "2", "2"]), ..candidate() };
        assert_eq!(whats(&on), [], "all sites went on");
    }

    #[test]
    fn each_fault_fails() {
        let fail = |what: &str| vec![(Level::Fail, what.to_owned())];
        assert_eq!(whats(&Candidate { failed: Some("it never listened".into()), ..candidate() }), fail("start"));
        assert_eq!(whats(&Candidate { upgrades: BTreeMap::from([(2, "died".into())]), ..candidate() }), fail("upgrade"));
        assert_eq!(whats(&Candidate { fronts: BTreeMap::from([(1, "500".into())]), ..candidate() }), fail("broken"));
        assert_eq!(whats(&Candidate { wanted: Some(2), ..candidate() }).len(), 3);
        assert_eq!(whats(&Candidate { sites: sites(&["2", "1", "2"]), ..candidate() }), fail("migration"));
        let mut locked = candidate();
        locked.sites.get_mut(&2).unwrap().locks.push("upgrade_lock_3".into());
        assert_eq!(whats(&locked), fail("lock"));
    }

    #[test]
    fn pictures_warn_at_most() {
        let of = |changed| Picture {
            page: Sampled::default(),
            old: String::new(),
            new: String::new(),
            difference: String::new(),
            changed,
            unsteady: 0.0,
        };
        let told = |changed| whats(&Candidate { pictures: vec![of(changed)], ..candidate() });
        assert_eq!(told(0.001), []);
        assert_eq!(told(0.01), [(Level::Pass, "picture".to_owned())]);
        assert_eq!(told(0.9), [(Level::Warn, "picture".to_owned())]);
    }
}
