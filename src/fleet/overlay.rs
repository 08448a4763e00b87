// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a municipality adds on top of every release that it runs, and which release it runs for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Id, Inventory, MunicipalityId, ReleaseId, inventory::Component};

/// Identifies one version of an overlay.
pub type OverlayId = Id<Overlay>;

/// One version of a municipality's overlay. It never changes; a change makes the next version.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// Its id.
    pub id: OverlayId,
    /// Whose.
    pub municipality: MunicipalityId,
    /// Counts the municipality's versions, from 1.
    pub version: u32,
    /// SHA-256 of all that is in it, which names its file; empty where it holds nothing.
    pub digest: String,
    /// What is in it.
    pub holds: Holds,
    /// Who made it.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

impl Overlay {
    /// Whether it adds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digest.is_empty()
    }
}

/// What an overlay holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Holds {
    /// Plugins, by folder.
    pub plugins: Vec<Component>,
    /// Must-use plugins, by file.
    pub must_use: Vec<Component>,
    /// What lies beside the must-use plugins and is none itself: folders and files that they load.
    pub beside: BTreeSet<String>,
    /// Constants of `wp-config.php`.
    pub constants: BTreeMap<String, Value>,
    /// Names of plugins and must-use plugins that may take the place of the release's own.
    pub replaces: BTreeSet<String>,
}

impl Holds {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.plugins.is_empty() && self.must_use.is_empty() && self.beside.is_empty() && self.constants.is_empty()
    }

    /// What a release holds with this on top.
    #[must_use]
    pub fn over(&self, plain: &Inventory) -> Inventory {
        let mut all = plain.clone();
        for (of, more) in [(&mut all.plugins, &self.plugins), (&mut all.must_use, &self.must_use)] {
            of.retain(|one| more.iter().all(|new| new.slug != one.slug));
            of.extend(more.iter().cloned());
        }
        all
    }
}

/// A release with an overlay, as the store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Derived {
    /// The release that it was put on.
    pub base: ReleaseId,
    /// The overlay.
    pub overlay: OverlayId,
}

/// Which municipality has which overlay now, and which releases were made for them: who is to run what.
#[derive(Clone, Debug, Default)]
pub struct Overlaid {
    /// The present overlay of each municipality that has one.
    pub current: HashMap<MunicipalityId, OverlayId>,
    /// Releases with an overlay.
    pub derived: HashMap<ReleaseId, Derived>,
    /// The numbers of all overlays.
    pub versions: HashMap<OverlayId, u32>,
}

impl Overlaid {
    /// The release without an overlay that this one was made from; itself where it has none.
    #[must_use]
    pub fn plain(&self, release: ReleaseId) -> ReleaseId {
        self.derived.get(&release).map_or(release, |derived| derived.base)
    }

    /// What a municipality is to run for a release; none where that has not been begun.
    #[must_use]
    pub fn target(&self, municipality: MunicipalityId, plain: ReleaseId) -> Option<ReleaseId> {
        let Some(overlay) = self.current.get(&municipality) else { return Some(plain) };
        let wanted = Derived { base: plain, overlay: *overlay };
        self.derived.iter().find(|(_, derived)| **derived == wanted).map(|(id, _)| *id)
    }

    /// The number of the overlay that a release has; none for one without.
    #[must_use]
    pub fn version(&self, release: ReleaseId) -> Option<u32> {
        self.versions.get(&self.derived.get(&release)?.overlay).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_runs_what_their_overlay_makes_of_a_release() {
        let (ale, mora, plain, with) =
            (MunicipalityId::generate(), MunicipalityId::generate(), ReleaseId::generate(), ReleaseId::generate());
        let (old, new) = (OverlayId::generate(), OverlayId::generate());
        let mut all = Overlaid {
            current: HashMap::from([(ale, old)]),
            derived: HashMap::from([(with, Derived { base: plain, overlay: old })]),
            versions: HashMap::from([(old, 1), (new, 2)]),
        };
        assert_eq!((all.target(ale, plain), all.target(mora, plain)), (Some(with), Some(plain)));
        assert_eq!((all.plain(with), all.plain(plain)), (plain, plain));
        assert_eq!((all.version(with), all.version(plain)), (Some(1), None));
        // Another release, and another overlay: that is to be made first.
        assert_eq!(all.target(ale, ReleaseId::generate()), None);
        all.current.insert(ale, new);
        assert_eq!(all.target(ale, plain), None);
    }

    #[test]
    fn what_is_on_top_takes_the_place_of_what_is_below() {
        let component = |slug: &str, version: &str| Component { slug: slug.into(), version: version.into(), ..Component::default() };
        let plain = Inventory { plugins: vec![component("a", "1"), component("b", "1")], ..Inventory::default() };
        let holds = Holds { plugins: vec![component("b", "2"), component("c", "1")], ..Holds::default() };
        let seen: Vec<_> = holds.over(&plain).plugins.into_iter().map(|c| c.slug + &c.version).collect();
        assert_eq!(seen, ["a1", "b2", "c1"]);
    }
}
