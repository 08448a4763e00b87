// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An hour of one municipality: a row for each site, a byte for each minute. Pure.
//!
//! ```text
//! "FH1"  sites: u16  (site: u32, 60 bytes) × sites  checksum: u32      numbers are little-endian
//! ```

use crate::fleet::health::Sample;

use super::byte;

/// How many samples a row holds: one for each minute of the hour.
pub const MINUTES: usize = 60;

const MAGIC: &[u8] = b"FH1";
const HEAD: usize = MAGIC.len() + 2;
const ROW: usize = 4 + MINUTES;

/// An hour of one municipality, of at most 65,535 sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// By site number, in ascending order.
    rows: Vec<(u32, [u8; MINUTES])>,
}

impl Block {
    /// Rows as they are, in ascending order.
    #[cfg(test)]
    pub(crate) fn of_rows(rows: Vec<(u32, [u8; MINUTES])>) -> Self {
        Self { rows }
    }

    /// Puts a sample in. Of two in one minute the worse is kept: a failure before a time, a longer time before a shorter one.
    pub fn put(&mut self, site: u32, minute: usize, sample: Sample) {
        let new = byte::of(sample);
        if minute >= MINUTES || new == byte::MISSING {
            return;
        }
        let at = match self.rows.binary_search_by_key(&site, |(site, _)| *site) {
            Ok(at) => at,
            Err(_) if self.rows.len() >= usize::from(u16::MAX) => return,
            Err(at) => {
                self.rows.insert(at, (site, [byte::MISSING; MINUTES]));
                at
            }
        };
        let kept = &mut self.rows[at].1[minute];
        let (is_well, was_well) = (sample.is_well(), byte::sample(*kept).is_well());
        if *kept == byte::MISSING || (was_well && (!is_well || new > *kept)) {
            *kept = new;
        }
    }

    /// The bytes of a site; none where it was never looked at in this hour.
    #[must_use]
    pub fn row(&self, site: u32) -> Option<&[u8; MINUTES]> {
        self.rows.binary_search_by_key(&site, |(site, _)| *site).ok().map(|at| &self.rows[at].1)
    }

    /// Every site with its bytes, in ascending order.
    pub fn rows(&self) -> impl Iterator<Item = (u32, &[u8; MINUTES])> {
        self.rows.iter().map(|(site, bytes)| (*site, bytes))
    }

    /// After how many minutes of the hour nothing was noted any more, of any site.
    #[must_use]
    pub fn until(&self) -> usize {
        let last = |bytes: &[u8; MINUTES]| bytes.iter().rposition(|byte| *byte != byte::MISSING).map_or(0, |at| at + 1);
        self.rows.iter().map(|(_, bytes)| last(bytes)).max().unwrap_or_default()
    }

    /// Puts another block of the same hour into this one, as [`Self::put`] does.
    pub fn merge(&mut self, other: &Self) {
        for (site, bytes) in other.rows() {
            for (minute, byte) in bytes.iter().enumerate() {
                self.put(site, minute, byte::sample(*byte));
            }
        }
    }

    /// As it is written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.rows.len() * ROW + 4);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&u16::try_from(self.rows.len()).unwrap_or(u16::MAX).to_le_bytes());
        for (site, row) in &self.rows {
            bytes.extend_from_slice(&site.to_le_bytes());
            bytes.extend_from_slice(row);
        }
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads what [`Self::bytes`] wrote; none where it is not whole.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        let (head, rows) = body.split_at_checked(HEAD)?;
        let count = u16::from_le_bytes(head.strip_prefix(MAGIC)?.try_into().ok()?);
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) || rows.len() != usize::from(count) * ROW {
            return None;
        }
        let row = |row: &[u8]| {
            let (site, bytes) = row.split_first_chunk::<4>()?;
            Some((u32::from_le_bytes(*site), bytes.try_into().ok()?))
        };
        let rows: Vec<(u32, [u8; MINUTES])> = rows.chunks_exact(ROW).map(row).collect::<Option<_>>()?;
        rows.is_sorted_by(|a, b| a.0 < b.0).then_some(Self { rows })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fleet::health::Failure;

    #[test]
    fn the_worse_of_two_is_kept() {
        let mut block = Block::default();
        for sample in [Sample::Served(100), Sample::Served(900), Sample::Served(200), Sample::Missed] {
            block.put(7, 3, sample);
        }
        assert_eq!(byte::sample(block.row(7).unwrap()[3]), byte::sample(byte::of(Sample::Served(900))));
        block.put(7, 3, Sample::Failed(Failure::Fatal));
        block.put(7, 3, Sample::Served(30_000));
        block.put(7, 3, Sample::Failed(Failure::Refused));
        assert_eq!(byte::sample(block.row(7).unwrap()[3]), Sample::Failed(Failure::Fatal));
        assert_eq!((block.row(8), block.until()), (None, 4));
        block.put(7, 60, Sample::Served(1));
        assert_eq!(block.row(7).unwrap().iter().filter(|b| **b != byte::MISSING).count(), 1);
    }

    #[test]
    fn a_large_municipality_takes_nineteen_kilobytes_an_hour() {
        let mut block = Block::default();
        for site in 0..300 {
            for minute in 0..MINUTES {
                block.put(site, minute, Sample::Served(80));
            }
        }
        assert_eq!(block.bytes().len(), 19_209);
    }

    fn block() -> impl Strategy<Value = Block> {
        proptest::collection::vec((0_u32..500, 0_usize..60, 0_u8..), 0..200).prop_map(|all| {
            let mut block = Block::default();
            for (site, minute, byte) in all {
                block.put(site, minute, byte::sample(byte));
            }
            block
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(block in block()) {
            prop_assert_eq!(Block::read(&block.bytes()), Some(block));
        }

        #[test]
        fn what_is_torn_is_not(block in block(), at: prop::sample::Index, flip in 1_u8..) {
            let whole = block.bytes();
            prop_assert_eq!(Block::read(&whole[..at.index(whole.len())]), None);
            let mut bent = whole.clone();
            bent[at.index(whole.len())] ^= flip;
            prop_assert_eq!(Block::read(&bent), None);
        }

        #[test]
        fn merging_loses_nothing_and_twice_is_once(mut a in block(), b in block()) {
            let before = a.clone();
            a.merge(&b);
            for (site, bytes) in before.rows().chain(b.rows()) {
                for (minute, byte) in bytes.iter().enumerate() {
                    let kept = a.row(site).unwrap()[minute];
                    prop_assert!(*byte == byte::MISSING || kept != byte::MISSING);
                    prop_assert!(byte::sample(*byte).is_well() || *byte == byte::MISSING || !byte::sample(kept).is_well());
                }
            }
            let once = a.clone();
            a.merge(&b);
            prop_assert_eq!(a, once);
        }
    }
}
