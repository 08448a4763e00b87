// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an hour or a day of one municipality comes down to: the figures of each of its sites. Pure.
//!
//! ```text
//! "FS1"  zstd of (sites: u16  then column by column  site − the one before: u32, served, failed, missed, slow: u16,
//!                 median, p95, max, failure: u8)  checksum: u32                          numbers are little-endian
//! ```
//!
//! Column by column, because most of a column is the same number: sixteen bytes of a site become about four.

use super::{Block, Counts, Figures, block::MINUTES, byte};
use crate::fleet::health::{Failure, Sample};

const MAGIC: &[u8] = b"FS1";
/// How many bytes a site takes before they are packed.
const ROW: usize = 16;
/// Packs a municipality's day in a tenth of a millisecond; a higher level gains two per cent.
const LEVEL: i32 = 3;
/// No more is ever unpacked.
const MOST: usize = 2 + ROW * 65_535;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// By site number, in ascending order.
    rows: Vec<(u32, Figures)>,
}

impl Sheet {
    /// What these hours come down to: one, or those of a day. What took `slow` milliseconds or more was slow.
    #[must_use]
    pub fn of(hours: &[Block], slow: u32) -> Self {
        Self::over(hours.iter().map(|hour| (hour, MINUTES)).collect(), slow)
    }

    /// What an hour that is not over comes down to so far, together with whole ones before it.
    #[must_use]
    pub fn so_far(before: &[Block], hour: &Block, slow: u32) -> Self {
        let all = before.iter().map(|hour| (hour, MINUTES)).chain([(hour, hour.until())]).collect();
        Self::over(all, slow)
    }

    fn over(hours: Vec<(&Block, usize)>, slow: u32) -> Self {
        let mut sites: Vec<u32> = hours.iter().flat_map(|(hour, _)| hour.rows().map(|(site, _)| site)).collect();
        sites.sort_unstable();
        sites.dedup();
        let bytes = |site: u32| hours.iter().filter_map(move |(hour, until)| hour.row(site)?.get(..*until)).flatten().copied();
        Self { rows: sites.into_iter().map(|site| (site, Figures::of(bytes(site), slow))).collect() }
    }

    /// The figures of a site; none where nobody looked at it.
    #[must_use]
    pub fn row(&self, site: u32) -> Option<Figures> {
        self.rows.binary_search_by_key(&site, |(site, _)| *site).ok().map(|at| self.rows[at].1)
    }

    /// Every site with its figures, in ascending order.
    pub fn rows(&self) -> impl Iterator<Item = (u32, Figures)> {
        self.rows.iter().copied()
    }

    /// All sites together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.rows.iter().map(|(_, figures)| Counts::from(*figures)).sum()
    }

    /// As it is written; none where it cannot be packed, which only a lack of memory explains.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let rows = &self.rows[..self.rows.len().min(usize::from(u16::MAX))];
        let mut plain = Vec::with_capacity(2 + rows.len() * ROW);
        plain.extend_from_slice(&u16::try_from(rows.len()).ok()?.to_le_bytes());
        let mut before = 0;
        for (site, _) in rows {
            plain.extend_from_slice(&(site - before).to_le_bytes());
            before = *site;
        }
        let counts: [fn(&Figures) -> u16; 4] = [|f| f.served, |f| f.failed, |f| f.missed, |f| f.slow];
        for count in counts {
            plain.extend(rows.iter().flat_map(|(_, figures)| count(figures).to_le_bytes()));
        }
        let times: [fn(&Figures) -> u32; 3] = [|f| f.median, |f| f.p95, |f| f.max];
        for time in times {
            let byte = |f: &Figures| if f.served == 0 { byte::MISSING } else { byte::of(Sample::Served(time(f))) };
            plain.extend(rows.iter().map(|(_, figures)| byte(figures)));
        }
        plain.extend(rows.iter().map(|(_, figures)| figures.failure.map_or(byte::MISSING, |failure| failure as u8)));
        let mut bytes = MAGIC.to_vec();
        bytes.extend(zstd::bulk::compress(&plain, LEVEL).ok()?);
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        Some(bytes)
    }

    /// Reads what [`Self::bytes`] wrote; none where it is not whole.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return None;
        }
        let plain = zstd::bulk::decompress(body.strip_prefix(MAGIC)?, MOST).ok()?;
        let (count, columns) = plain.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        if columns.len() != count * ROW {
            return None;
        }
        let (sites, columns) = columns.split_at(count * 4);
        let (counts, times) = columns.split_at(count * 8);
        let number = |column: usize, at: usize| {
            let at = (column * count + at) * 2;
            u16::from_le_bytes([counts[at], counts[at + 1]])
        };
        let mut rows = Vec::with_capacity(count);
        let mut site = 0_u32;
        for (at, step) in sites.as_chunks::<4>().0.iter().enumerate() {
            site = site.checked_add(u32::from_le_bytes(*step))?;
            let time = |column: usize| byte::milliseconds(times[column * count + at]);
            let figures = Figures {
                served: number(0, at),
                failed: number(1, at),
                missed: number(2, at),
                slow: number(3, at),
                median: time(0),
                p95: time(1),
                max: time(2),
                failure: Failure::of_number(times[3 * count + at]),
            };
            rows.push((site, figures));
        }
        rows.is_sorted_by(|a, b| a.0 < b.0).then_some(Self { rows })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hour() -> impl Strategy<Value = Block> {
        proptest::collection::vec((0_u32..40, 0_usize..60, 0_u8..), 0..300).prop_map(|all| {
            let mut block = Block::default();
            for (site, minute, byte) in all {
                block.put(site * 7, minute, byte::sample(byte));
            }
            block
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(hours in proptest::collection::vec(hour(), 0..5), slow in 0_u32..20_000) {
            let sheet = Sheet::of(&hours, slow);
            prop_assert_eq!(Sheet::read(&sheet.bytes().unwrap()), Some(sheet));
        }

        #[test]
        fn what_is_torn_is_not(hours in proptest::collection::vec(hour(), 1..3), at: prop::sample::Index, flip in 1_u8..) {
            let whole = Sheet::of(&hours, 2000).bytes().unwrap();
            prop_assert_eq!(Sheet::read(&whole[..at.index(whole.len())]), None);
            let mut bent = whole.clone();
            bent[at.index(whole.len())] ^= flip;
            prop_assert_eq!(Sheet::read(&bent), None);
        }

        /// A day's counts are those of its hours, and none of its times is beyond theirs.
        #[test]
        fn a_day_is_its_hours(hours in proptest::collection::vec(hour(), 1..24)) {
            let day = Sheet::of(&hours, 2000);
            let each: Vec<Sheet> = hours.iter().map(|hour| Sheet::of(std::slice::from_ref(hour), 2000)).collect();
            prop_assert_eq!(day.counts(), each.iter().map(Sheet::counts).sum());
            for (site, figures) in day.rows() {
                let own: Vec<Figures> = each.iter().filter_map(|hour| hour.row(site)).collect();
                prop_assert_eq!(figures.slow, own.iter().map(|f| f.slow).sum::<u16>());
                prop_assert_eq!(figures.max, own.iter().map(|f| f.max).max().unwrap());
                prop_assert!(figures.p95 <= figures.max && figures.median <= figures.p95);
                prop_assert_eq!(figures.failure.is_some(), own.iter().any(|f| f.failure.is_some()));
            }
        }
    }

    #[test]
    fn an_hour_that_is_not_over_misses_nothing_yet() {
        let mut block = Block::default();
        block.put(3, 0, Sample::Served(80));
        block.put(4, 9, Sample::Failed(Failure::Fatal));
        let sheet = Sheet::so_far(&[], &block, 2000);
        assert_eq!(sheet.counts(), Counts { served: 1, failed: 1, missed: 18 });
        assert_eq!(Sheet::so_far(&[], &Block::default(), 2000), Sheet::default());
    }
}
