// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was seen of an instance's pages, and what differs between two such looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::instance::text_enum;

/// One page that is looked at before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sampled {
    /// The site's number.
    pub blog: u64,
    /// What it stands for: `home`, `log-in`, `newest`, `page`, `archive`, `search`, `form`.
    pub kind: String,
    /// The site's host name, without a port.
    pub host: String,
    /// Its path and query, beginning with a slash.
    pub path: String,
}

/// Whether an address is that of WordPress's installation or upgrade, where no visitor should ever be led.
#[must_use]
pub fn leads_to_set_up(address: &str) -> bool {
    ["/wp-admin/install.php", "/wp-admin/upgrade.php", "/wp-admin/setup-config.php"].iter().any(|path| address.contains(path))
}

/// What such a page gave. Of its text only digests and a short piece are kept, so that what was seen of a fleet stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPage {
    /// Which page.
    pub page: Sampled,
    /// HTTP status; 0 where none came.
    pub status: u16,
    /// Where it led to, without host, where it did.
    pub location: Option<String>,
    /// Its title.
    pub title: String,
    /// Whether its text holds a PHP error or WordPress's page for one.
    pub broken: bool,
    /// Time until the last byte, in milliseconds; the least where it was asked for more than once.
    pub milliseconds: u64,
    /// The least times of the release before and of this one, asked for in turn, in milliseconds; none where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_turn: Option<(u64, u64)>,
    /// The words that visitors read.
    #[serde(default)]
    pub words: Sketch,
    /// Its elements, each with those that it stands in.
    #[serde(default)]
    pub outline: Sketch,
    /// How many there are of what a page is known by: `main`, `nav`, `header`, `footer`, `h1`, `form`, `article`, `img`.
    #[serde(default)]
    pub landmarks: BTreeMap<String, u32>,
    /// Where its text begins, for people.
    #[serde(default)]
    pub text: String,
    /// PHP's complaints in its text, without what differs from one time to the next.
    #[serde(default)]
    pub complaints: Vec<String>,
}

/// A set of many things, kept by the least of their hashes, at most [`Sketch::MOST`]. Two sketches have the same choice of what
/// their sets share, so that shares can be told from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// How many there are, repeated ones counted each time.
    pub count: u32,
    /// The least hashes, ascending; in hex where they are written.
    #[serde(with = "hex_words")]
    pub hashes: Vec<u32>,
}

impl Sketch {
    /// So many hashes are kept.
    pub const MOST: usize = 256;

    /// Of these things.
    #[must_use]
    pub fn of<'a>(things: impl Iterator<Item = &'a str>) -> Self {
        let mut count = 0_u32;
        let mut hashes = std::collections::BTreeSet::new();
        for thing in things {
            count = count.saturating_add(1);
            hashes.insert(hash(thing));
            if hashes.len() > Self::MOST {
                hashes.pop_last();
            }
        }
        Self { count, hashes: hashes.into_iter().collect() }
    }

    /// What is in one of the two and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Vec<u32> {
        let only = |a: &Self, b: &Self| a.hashes.iter().filter(|h| !b.hashes.contains(h)).copied().collect::<Vec<_>>();
        [only(self, other), only(other, self)].concat()
    }

    /// Which shares of what was there are lost, and of what is there are new, from 0 to 1; what is in `without` is
    /// never missing.
    #[must_use]
    pub fn lost_and_new(&self, now: &Self, without: &[u32]) -> (f64, f64) {
        // Where one of the two is not whole, only what lies below its last hash can be told.
        let end = |sketch: &Self| if sketch.hashes.len() < Self::MOST { u32::MAX } else { sketch.hashes.last().copied().unwrap_or(0) };
        let end = end(self).min(end(now));
        let known = |sketch: &Self| sketch.hashes.iter().filter(|h| **h <= end).copied().collect::<Vec<_>>();
        let (was, is) = (known(self), known(now));
        let share = |of: &[u32], missing_in: &[u32]| {
            let missing = of.iter().filter(|h| missing_in.binary_search(h).is_err() && !without.contains(h)).count();
            if of.is_empty() { 0.0 } else { f64::from(u32::try_from(missing).unwrap_or(u32::MAX)) / of.len() as f64 }
        };
        (share(&was, &is), share(&is, &was))
    }
}

/// FNV-1a, mixed as MurmurHash3 ends (its high bits alone say too little) and folded to 32 bits: the same in every build, as what
/// is stored is compared later.
fn hash(text: &str) -> u32 {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let sum = (sum ^ (sum >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let sum = (sum ^ (sum >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    u32::try_from((sum ^ (sum >> 32)) & 0xffff_ffff).unwrap_or(0)
}

mod hex_words {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(words: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&words.iter().map(|word| format!("{word:08x}")).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let word = |at: usize| text.get(at..at + 8).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (0..text.len()).step_by(8).map(word).collect::<Option<_>>().ok_or_else(|| D::Error::custom("not hex"))
    }
}

/// Everything seen of an instance at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Its pages.
    pub pages: Vec<SeenPage>,
    /// Version of the tables of every site.
    pub db_versions: BTreeMap<u64, i64>,
}

/// How grave something is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As before, or better.
    Pass,
    /// Different; a person may want to look.
    Warn,
    /// Broken where it was well.
    Fail,
}

text_enum!(Level, "level", [Level::Pass => "pass", Level::Warn => "warn", Level::Fail => "fail"]);

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// The page's address without scheme, or what else it is about.
    pub about: String,
    /// What differs, by a fixed word: `status`, `redirect`, `title`, `broken`, `slow`, `gone`, `text`, `structure`, `landmark`, `form`,
    /// `complaint`, `db-version`, `upgrade`, `lock`, `log`, `start`, `picture`.
    pub what: String,
    /// What it was and is, for people.
    pub detail: String,
}

/// What a comparison says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gravest of its findings.
    pub level: Level,
    /// The findings, the gravest first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// A verdict of these findings.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|f| std::cmp::Reverse(f.level));
        Self { level: findings.first().map_or(Level::Pass, |f| f.level), findings }
    }

    /// Whether nothing but speed speaks against it, which a busy host may be to blame for.
    #[must_use]
    pub fn may_be_well(&self) -> bool {
        self.findings.iter().all(|f| f.level != Level::Fail || f.what == "slow")
    }

    /// The gravest findings in one line, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let told: Vec<String> =
            self.findings.iter().filter(|f| f.level == self.level).take(3).map(|f| format!("{}: {}", f.about, f.detail)).collect();
        told.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(words: &[&str]) -> Sketch {
        Sketch::of(words.iter().copied())
    }

    #[test]
    fn shares_are_told() {
        let (was, is) = (sketch(&["a", "b", "c", "d", "a"]), sketch(&["a", "b", "e"]));
        assert_eq!((was.count, was.hashes.len()), (5, 4));
        let (lost, new) = was.lost_and_new(&is, &[]);
        assert!((lost - 0.5).abs() < 1e-9 && (new - 1.0 / 3.0).abs() < 1e-9, "{lost} {new}");
        assert_eq!(was.lost_and_new(&is, &was.difference(&is)), (0.0, 0.0));
        assert_eq!(Sketch::default().lost_and_new(&was, &[]), (0.0, 1.0));
    }

    #[test]
    fn shares_of_large_sets_are_told_nearly() {
        let words: Vec<String> = (0..4000).map(|n| format!("ord{n}")).collect();
        let (was, is) = (Sketch::of(words.iter().map(String::as_str)), Sketch::of(words[1000..].iter().map(String::as_str)));
        assert_eq!(was.hashes.len(), Sketch::MOST);
        let (lost, new) = was.lost_and_new(&is, &[]);
        assert!((0.15..0.35).contains(&lost) && new < 0.001, "{lost} {new}");
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let page = SeenPage { words: sketch(&["hej", "kommun"]), ..SeenPage::default() };
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(serde_json::from_str::<SeenPage>(&text).unwrap(), page);
        // Written before there were words.
        let old = r#"{"page":{"blog":1,"kind":"home","host":"a.se","path":"/"},"status":200,"location":null,"title":"A","broken":false,"milliseconds":4}"#;
        assert_eq!(serde_json::from_str::<SeenPage>(old).unwrap().words, Sketch::default());
    }
}
