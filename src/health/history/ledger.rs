// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The hours that are being filled, until they are written. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Block;
use crate::fleet::{MunicipalityId, health::Sample};

const HOUR: u64 = 3_600_000;

/// An hour of a municipality: the hour counts from 1970.
pub type Key = (MunicipalityId, i64);

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    blocks: BTreeMap<Key, Block>,
    unwritten: BTreeSet<Key>,
}

impl Ledger {
    /// The hour of a time in milliseconds since 1970.
    #[must_use]
    pub fn hour(at: u64) -> i64 {
        i64::try_from(at / HOUR).unwrap_or(i64::MAX)
    }

    /// Notes a sample that belongs to a time in milliseconds since 1970.
    pub fn note(&mut self, of: MunicipalityId, number: u32, at: u64, sample: Sample) {
        if sample == Sample::Missed {
            return;
        }
        let key = (of, Self::hour(at));
        let minute = usize::try_from(at % HOUR / 60_000).unwrap_or_default();
        self.blocks.entry(key).or_default().put(number, minute, sample);
        self.unwritten.insert(key);
    }

    /// What was not written yet, as it is written.
    #[must_use]
    pub fn unwritten(&self) -> Vec<(Key, Vec<u8>)> {
        self.unwritten.iter().filter_map(|key| self.blocks.get(key).map(|block| (*key, block.bytes()))).collect()
    }

    /// Says that all of it was written until a time in milliseconds. The hour that is just over is still held: a late sample of
    /// it is written together with what came before, not in its place.
    pub fn written(&mut self, now: u64) {
        self.unwritten.clear();
        let present = Self::hour(now);
        self.blocks.retain(|(_, hour), _| *hour + 1 >= present);
    }

    /// Puts in what was written before a restart.
    pub fn resume(&mut self, key: Key, written: &Block) {
        self.blocks.entry(key).or_default().merge(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_kept_until_they_are_written_and_over() {
        let of = MunicipalityId::generate();
        let start = 500_000 * HOUR;
        let mut ledger = Ledger::default();
        ledger.note(of, 7, start + 59 * 60_000, Sample::Served(80));
        ledger.note(of, 7, start + HOUR, Sample::Served(80));
        ledger.note(of, 8, start + HOUR, Sample::Missed);
        let written = ledger.unwritten();
        assert_eq!(written.iter().map(|((_, hour), _)| *hour).collect::<Vec<_>>(), [500_000, 500_001]);
        assert!(Block::read(&written[1].1).unwrap().row(8).is_none());
        ledger.written(start + HOUR + 1);
        assert_eq!(ledger.unwritten(), []);
        // What belongs to the hour before comes late.
        ledger.note(of, 8, start + 59 * 60_000 + 59_000, Sample::Served(80));
        let [((_, 500_000), bytes)] = &ledger.unwritten()[..] else { panic!() };
        let late = Block::read(bytes).unwrap();
        assert!(late.row(7).is_some() && late.row(8).is_some());
        ledger.written(start + HOUR + 2);
        ledger.note(of, 7, start + HOUR + 60_000, Sample::Served(80));
        let [((_, 500_001), bytes)] = &ledger.unwritten()[..] else { panic!() };
        let mut fresh = Ledger::default();
        fresh.resume((of, 500_001), &Block::read(bytes).unwrap());
        fresh.note(of, 7, start + HOUR + 120_000, Sample::Served(80));
        let row = *Block::read(&fresh.unwritten()[0].1).unwrap().row(7).unwrap();
        assert!(row[..3].iter().all(|byte| *byte > 31) && row[3] == 0);
    }
}
