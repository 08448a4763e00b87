// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What availability a municipality's sites are to have, and how fast what may fail is used up. Pure.
//!
//! An alarm needs two windows: the long one says that it matters, the short one that it still goes on (Google's Site Reliability
//! Workbook, chapter 5).

use serde::{Deserialize, Serialize};

use super::history::Counts;
use crate::error::FieldError;

/// The least that can be promised, and the most, in thousandths of a per cent.
const LEAST: u32 = 50_000;
const MOST: u32 = 99_999;
/// Over how many days at most.
const DAYS: u16 = 90;

/// What availability is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Which share of the minutes that were looked at is to be served, in thousandths of a per cent: 99,900 is 99.9 %.
    pub thousandths: u32,
    /// Over how many days, today included.
    pub days: u16,
}

impl Default for Objective {
    fn default() -> Self {
        Self { thousandths: 99_900, days: 30 }
    }
}

impl Objective {
    /// An objective of so many per cent, as people write them.
    ///
    /// # Errors
    /// Names `percent` or `days`.
    pub fn new(percent: f64, days: i64) -> Result<Self, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let thousandths = (percent * 1000.0).round();
        if !(f64::from(LEAST)..=f64::from(MOST)).contains(&thousandths) {
            let said = format!("{percent} % cannot be an objective");
            wrong.push(FieldError::new("percent", "objective-percent", said, "give 50 to 99.999"));
        }
        let length = u16::try_from(days).ok().filter(|days| (1..=DAYS).contains(days));
        if length.is_none() {
            wrong.push(FieldError::new("days", "objective-days", format!("{days} days cannot be an objective's"), "give 1 to 90"));
        }
        match (length, wrong.is_empty()) {
            (Some(days), true) => Ok(Self { thousandths: thousandths as u32, days }),
            _ => Err(wrong),
        }
    }

    /// In per cent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        f64::from(self.thousandths) / 1000.0
    }

    /// The share of the minutes that may fail.
    #[must_use]
    pub fn may_fail(&self) -> f64 {
        f64::from(100_000 - self.thousandths.min(MOST)) / 100_000.0
    }

    /// Whether these counts meet it; none where nobody looked.
    #[must_use]
    pub fn is_met(&self, counts: Counts) -> Option<bool> {
        counts.availability().map(|availability| availability >= 1.0 - self.may_fail() - 1e-12)
    }

    /// How much of what may fail is left, 1 of all and below 0 where more failed; none where nobody looked.
    #[must_use]
    pub fn left(&self, counts: Counts) -> Option<f64> {
        counts.availability().map(|availability| 1.0 - (1.0 - availability) / self.may_fail())
    }

    /// How many times as fast as it may what may fail is used up; none where nobody looked.
    #[must_use]
    pub fn rate(&self, counts: Counts) -> Option<f64> {
        counts.availability().map(|availability| (1.0 - availability) / self.may_fail())
    }
}

/// A window in which the rate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// Five minutes.
    FiveMinutes,
    /// Half an hour.
    HalfHour,
    /// An hour.
    Hour,
    /// Six hours.
    SixHours,
    /// Three days.
    ThreeDays,
}

impl Window {
    /// Every one, the shortest first.
    pub const ALL: [Self; 5] = [Self::FiveMinutes, Self::HalfHour, Self::Hour, Self::SixHours, Self::ThreeDays];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::HalfHour => "30m",
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::ThreeDays => "3d",
        }
    }

    /// How long it is, in minutes.
    #[must_use]
    pub const fn minutes(self) -> usize {
        match self {
            Self::FiveMinutes => 5,
            Self::HalfHour => 30,
            Self::Hour => 60,
            Self::SixHours => 360,
            Self::ThreeDays => 4320,
        }
    }
}

/// How fast what may fail is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Burning {
    /// Nobody looked lately.
    Unknown,
    /// As it may, or slower.
    Calm,
    /// Faster than it may for days: somebody should look in working hours.
    Slow,
    /// So fast that it is gone in days: somebody should look now.
    Fast,
}

impl Burning {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Calm, Self::Slow, Self::Fast];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Calm => "calm",
            Self::Slow => "slow",
            Self::Fast => "fast",
        }
    }
}

/// The rates in each window, by [`Window::ALL`].
pub type Rates = [Option<f64>; 5];

/// The rates of counts by the minute, the latest first, and of the last three days.
#[must_use]
pub fn rates(objective: Objective, minutes: &[Counts], three_days: Counts) -> Rates {
    Window::ALL.map(|window| match window {
        Window::ThreeDays => objective.rate(three_days),
        _ => objective.rate(minutes.iter().take(window.minutes()).copied().sum()),
    })
}

/// What the rates say: 14.4 over an hour and five minutes, 6 over six hours and half an hour, 1 over three days and six hours.
#[must_use]
pub fn burning(rates: &Rates) -> Burning {
    let [five, half, hour, six, days] = rates;
    let both = |a: &Option<f64>, b: &Option<f64>, most: f64| a.is_some_and(|rate| rate > most) && b.is_some_and(|rate| rate > most);
    if rates.iter().all(Option::is_none) {
        Burning::Unknown
    } else if both(hour, five, 14.4) || both(six, half, 6.0) {
        Burning::Fast
    } else if both(days, six, 1.0) {
        Burning::Slow
    } else {
        Burning::Calm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(served: u64, failed: u64) -> Counts {
        Counts { served, failed, missed: 7 }
    }

    #[test]
    fn what_may_fail_is_counted() {
        let objective = Objective::default();
        assert_eq!((objective.percent(), objective.is_met(of(999, 1)), objective.is_met(of(998, 2))), (99.9, Some(true), Some(false)));
        assert!((objective.left(of(9995, 5)).unwrap() - 0.5).abs() < 1e-9);
        assert!((objective.rate(of(98, 2)).unwrap() - 20.0).abs() < 1e-9);
        assert!(objective.left(of(99, 1)).unwrap() < 0.0);
        assert_eq!((objective.left(of(0, 0)), objective.is_met(of(0, 0))), (None, None));
    }

    #[test]
    fn what_cannot_be_promised_is_refused_by_field() {
        assert_eq!(Objective::new(99.95, 30), Ok(Objective { thousandths: 99_950, days: 30 }));
        let fields = |percent, days| Objective::new(percent, days).unwrap_err().into_iter().map(|e| e.field).collect::<Vec<_>>();
        assert_eq!(fields(100.0, 91), ["percent", "days"]);
        assert_eq!(
            (fields(f64::NAN, 1), fields(99.0, 0), fields(-1.0, -1)),
            (vec!["percent".into()], vec!["days".into()], vec!["percent".into(), "days".into()])
        );
    }

    #[test]
    fn an_alarm_needs_both_windows() {
        let objective = Objective::default();
        let minutes =
            |failing: &dyn Fn(usize) -> u64| -> Vec<Counts> { (0..360).map(|back| of(100 - failing(back), failing(back))).collect() };
        let told = |minutes: &[Counts], days| burning(&rates(objective, minutes, days));
        assert_eq!(told(&minutes(&|_| 0), of(1000, 0)), Burning::Calm);
        // Two per cent over the last hour.
        assert_eq!(told(&minutes(&|back| if back < 60 { 2 } else { 0 }), of(10_000, 3)), Burning::Fast);
        // The same, but it is over: the last five minutes are well.
        assert_eq!(told(&minutes(&|back| if (5..60).contains(&back) { 2 } else { 0 }), of(10_000, 3)), Burning::Calm);
        assert_eq!(told(&minutes(&|_| 1), of(10_000, 3)), Burning::Fast);
        // A few hours of little, for days.
        assert_eq!(told(&minutes(&|back| u64::from(back % 4 == 0)), of(10_000, 20)), Burning::Slow);
        assert_eq!(told(&[], of(0, 0)), Burning::Unknown);
    }
}
