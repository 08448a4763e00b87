// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an hour or a day of samples comes down to. Pure.

use serde::{Deserialize, Serialize};

use super::byte;
use crate::fleet::health::{Failure, Sample};

/// The figures of a site over an hour or a day. Times are kept as precisely as samples are: in steps of five per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// In how many minutes it served.
    pub served: u16,
    /// In how many it failed.
    pub failed: u16,
    /// In how many nobody looked in time.
    pub missed: u16,
    /// In how many it served later than people wait.
    pub slow: u16,
    /// How it failed most often.
    pub failure: Option<Failure>,
    /// Half of the served ones took no longer, in milliseconds.
    pub median: u32,
    /// Nineteen of twenty took no longer, in milliseconds.
    pub p95: u32,
    /// None took longer, in milliseconds.
    pub max: u32,
}

impl Figures {
    /// The figures of so many samples, of at most 65,535. What took `slow` milliseconds or more was slow.
    #[must_use]
    pub fn of(bytes: impl IntoIterator<Item = u8>, slow: u32) -> Self {
        let mut counts = [0_u16; 256];
        for byte in bytes {
            counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
        }
        let mut figures = Self::default();
        let mut most = 0;
        for (byte, count) in (0..=u8::MAX).zip(counts).filter(|(_, count)| *count > 0) {
            match byte::sample(byte) {
                Sample::Missed => figures.missed = figures.missed.saturating_add(count),
                Sample::Served(milliseconds) => {
                    figures.served = figures.served.saturating_add(count);
                    figures.max = milliseconds;
                    if milliseconds >= slow {
                        figures.slow = figures.slow.saturating_add(count);
                    }
                }
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
            let reached = (byte::QUICKEST..=u8::MAX).find(|byte| {
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
        Counts::from(*self).availability()
    }
}

/// Figures of many sites, or of a long time, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In how many minutes a site served.
    pub served: u64,
    /// In how many one failed.
    pub failed: u64,
    /// In how many nobody looked in time.
    pub missed: u64,
}

impl Counts {
    /// The share that was served of what was looked at; none where nobody looked.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 minutes")]
    pub fn availability(&self) -> Option<f64> {
        let made = self.served + self.failed;
        (made > 0).then(|| self.served as f64 / made as f64)
    }
}

impl From<Figures> for Counts {
    fn from(figures: Figures) -> Self {
        Self { served: figures.served.into(), failed: figures.failed.into(), missed: figures.missed.into() }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.served += other.served;
        self.failed += other.failed;
        self.missed += other.missed;
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
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
        let figures = Figures::of(hour, 4000);
        assert_eq!((figures.served, figures.failed, figures.missed, figures.failure), (56, 3, 1, Some(Failure::Fatal)));
        assert_eq!((figures.median, figures.p95), (byte::milliseconds(served), byte::milliseconds(hour[59])));
        assert_eq!((figures.slow, figures.max), (10, byte::milliseconds(hour[59])));
        assert_eq!(figures.availability(), Some(56.0 / 59.0));
        assert_eq!(Figures::of([], 0), Figures::default());
        assert_eq!(Figures::of([0, 0], 0).availability(), None);
    }

    proptest! {
        #[test]
        fn figures_are_as_sorting_says(bytes in proptest::collection::vec(0_u8.., 0..1500), slow in 0_u32..60_000) {
            let figures = Figures::of(bytes.iter().copied(), slow);
            prop_assert_eq!(usize::from(figures.served) + usize::from(figures.failed) + usize::from(figures.missed), bytes.len());
            prop_assert!(figures.median <= figures.p95);
            let mut times: Vec<u32> = bytes.iter().filter(|b| byte::sample(**b).is_well()).map(|b| byte::milliseconds(*b)).collect();
            times.sort_unstable();
            if let Some(last) = times.len().checked_sub(1) {
                prop_assert_eq!(figures.median, times[last / 2]);
                prop_assert_eq!(figures.max, times[last]);
                prop_assert_eq!(usize::from(figures.slow), times.iter().filter(|time| **time >= slow).count());
            }
        }
    }
}
