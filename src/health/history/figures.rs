// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an hour or a day of samples comes down to. Pure.

use serde::{Deserialize, Serialize};

use super::byte;
use crate::fleet::health::{Failure, Sample};

/// The figures of a site over an hour or a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// How many checks it served.
    pub served: u16,
    /// How many it failed.
    pub failed: u16,
    /// How many nobody made in time.
    pub missed: u16,
    /// How it failed most often.
    pub failure: Option<Failure>,
    /// Half of the served ones took no longer, in milliseconds.
    pub median: u32,
    /// Nineteen of twenty took no longer, in milliseconds.
    pub p95: u32,
}

/// How many bytes figures take in a file.
pub const BYTES: usize = 9;

impl Figures {
    /// The figures of so many samples, of at most 65,535.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut counts = [0_u16; 256];
        for byte in bytes {
            counts[usize::from(*byte)] = counts[usize::from(*byte)].saturating_add(1);
        }
        let mut figures = Self::default();
        let mut most = 0;
        for (byte, count) in (0..=u8::MAX).zip(counts) {
            match byte::sample(byte) {
                Sample::Missed => figures.missed = figures.missed.saturating_add(count),
                Sample::Served(_) => figures.served = figures.served.saturating_add(count),
                Sample::Failed(failure) => {
                    figures.failed = figures.failed.saturating_add(count);
                    if count > most {
                        (most, figures.failure) = (count, Some(failure));
                    }
                }
            }
        }
        // The nearest-rank percentile: the smallest time that so many do not exceed.
        let rank = |hundredths: u32| (u32::from(figures.served) * hundredths).div_ceil(100);
        let time = |rank: u32| {
            let mut seen = 0;
            let reached = (0..=u8::MAX).filter(|byte| byte::sample(*byte).is_well()).find(|byte| {
                seen += u32::from(counts[usize::from(*byte)]);
                seen >= rank && rank > 0
            });
            reached.map(byte::milliseconds).unwrap_or_default()
        };
        (figures.median, figures.p95) = (time(rank(50)), time(rank(95)));
        figures
    }

    /// The share of the checks that were served, of those that were made; none where none was.
    #[must_use]
    pub fn availability(&self) -> Option<f64> {
        let made = u32::from(self.served) + u32::from(self.failed);
        (made > 0).then(|| f64::from(self.served) / f64::from(made))
    }

    /// As it is written. Times are kept as precisely as samples are.
    #[must_use]
    pub fn bytes(&self) -> [u8; BYTES] {
        let time = |milliseconds: u32| if self.served == 0 { byte::MISSING } else { byte::of(Sample::Served(milliseconds)) };
        let ([a, b], [c, d], [e, f]) = (self.served.to_le_bytes(), self.failed.to_le_bytes(), self.missed.to_le_bytes());
        [a, b, c, d, e, f, self.failure.map_or(byte::MISSING, |failure| failure as u8), time(self.median), time(self.p95)]
    }

    /// Reads what [`Self::bytes`] wrote.
    #[must_use]
    pub fn read(bytes: [u8; BYTES]) -> Self {
        let [a, b, c, d, e, f, failure, median, p95] = bytes;
        Self {
            served: u16::from_le_bytes([a, b]),
            failed: u16::from_le_bytes([c, d]),
            missed: u16::from_le_bytes([e, f]),
            failure: Failure::of_number(failure),
            median: byte::milliseconds(median),
            p95: byte::milliseconds(p95),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_of_an_hour() {
        let served = byte::of(Sample::Served(100));
        let mut hour = [served; 60];
        hour[0] = byte::MISSING;
        hour[1] = Failure::Fatal as u8;
        hour[2] = Failure::Refused as u8;
        hour[3] = Failure::Fatal as u8;
        for late in &mut hour[50..60] {
            *late = byte::of(Sample::Served(5000));
        }
        let figures = Figures::of(&hour);
        assert_eq!((figures.served, figures.failed, figures.missed, figures.failure), (56, 3, 1, Some(Failure::Fatal)));
        assert_eq!((figures.median, figures.p95), (byte::milliseconds(served), byte::milliseconds(hour[59])));
        assert_eq!(figures.availability(), Some(56.0 / 59.0));
        assert_eq!(Figures::of(&[]), Figures::default());
        assert_eq!(Figures::of(&[0, 0]).availability(), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bytes in proptest::collection::vec(0_u8.., 0..1500)) {
            let figures = Figures::of(&bytes);
            prop_assert_eq!(Figures::read(figures.bytes()), figures);
            prop_assert_eq!(usize::from(figures.served) + usize::from(figures.failed) + usize::from(figures.missed), bytes.len());
            prop_assert!(figures.median <= figures.p95);
            // As sorting them says.
            let mut times: Vec<u32> = bytes.iter().filter(|b| byte::sample(**b).is_well()).map(|b| byte::milliseconds(*b)).collect();
            times.sort_unstable();
            if let Some(last) = times.len().checked_sub(1) {
                prop_assert_eq!(figures.median, times[last / 2]);
            }
        }
    }
}
