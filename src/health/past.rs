// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Reads the history for people: what is folded from sheets, the rest from samples. Hours and days count from 1970, in universal
//! time. What was seen in the last five minutes may not be written yet.

use std::collections::BTreeMap;

use super::{
    history::{Block, Counts, Figures, Ledger, Sheet, byte},
    watch::keeper::RAW_HOURS,
};
use crate::{
    error::{FieldError, Result},
    fleet::{MunicipalityId, health::Sample},
    store::history::{History, Span},
};

/// How far back is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 48 hours, hour by hour.
    Hours,
    /// 35 days, hour by hour.
    Weeks,
    /// 400 days, day by day.
    Year,
}

impl Range {
    /// Every range, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hours, Self::Weeks, Self::Year];

    /// Its word: `48h`, `35d` or `400d`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hours => "48h",
            Self::Weeks => "35d",
            Self::Year => "400d",
        }
    }

    /// How many hours one of its points holds.
    #[must_use]
    pub const fn step(self) -> i64 {
        match self {
            Self::Hours | Self::Weeks => 1,
            Self::Year => 24,
        }
    }

    /// How many points it has.
    #[must_use]
    pub const fn points(self) -> i64 {
        match self {
            Self::Hours => 48,
            Self::Weeks => 35 * 24,
            Self::Year => 400,
        }
    }

    /// The hour with which it begins, seen from an hour.
    #[must_use]
    pub const fn from(self, present: i64) -> i64 {
        (present.div_euclid(self.step()) - self.points() + 1) * self.step()
    }
}

impl std::str::FromStr for Range {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|range| range.word() == text).ok_or_else(|| {
            FieldError::new("range", "invalid-span", format!("`{}` is no range", text.escape_debug()), "use 48h, 35d or 400d")
        })
    }
}

/// A municipality's history, as seen at a time.
#[derive(Clone)]
pub struct Past<'a> {
    /// The file.
    pub history: &'a History,
    /// Whose.
    pub of: MunicipalityId,
    /// Now, in milliseconds since 1970.
    pub now: u64,
    /// From how many milliseconds on an answer is slow.
    pub slow: u32,
}

impl Past<'_> {
    fn present(&self) -> i64 {
        Ledger::hour(self.now)
    }

    /// The points of a site over a range, each with the hour in which it begins; those in which nobody looked are left out.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn site(&self, number: u32, range: Range) -> Result<Vec<(i64, Figures)>> {
        let (from, present) = (range.from(self.present()), self.present());
        let sheets = match range {
            Range::Hours | Range::Weeks => self.hours(from, present).await?,
            Range::Year => self.days(from.div_euclid(24), present.div_euclid(24)).await?,
        };
        Ok(sheets.into_iter().filter_map(|(at, sheet)| Some((at * range.step(), sheet.row(number)?))).collect())
    }

    /// What hours came down to, both included.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn hours(&self, from: i64, to: i64) -> Result<BTreeMap<i64, Sheet>> {
        let folded = self.history.sheets(self.of, Span::Hour, from, to).await?;
        let mut sheets: BTreeMap<i64, Sheet> = folded.into_iter().filter_map(|(at, bytes)| Some((at, Sheet::read(&bytes)?))).collect();
        for (hour, block) in self.blocks(from, to).await? {
            sheets.entry(hour).or_insert_with(|| {
                if hour == self.present() { Sheet::so_far(&[], &block, self.slow) } else { Sheet::of(&[block], self.slow) }
            });
        }
        Ok(sheets)
    }

    /// What days came down to, both included.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn days(&self, from: i64, to: i64) -> Result<BTreeMap<i64, Sheet>> {
        let folded = self.history.sheets(self.of, Span::Day, from, to).await?;
        let mut sheets: BTreeMap<i64, Sheet> = folded.into_iter().filter_map(|(at, bytes)| Some((at, Sheet::read(&bytes)?))).collect();
        let mut open: BTreeMap<i64, Vec<(i64, Block)>> = BTreeMap::new();
        for (hour, block) in self.blocks(from * 24, to * 24 + 23).await? {
            let day = hour.div_euclid(24);
            if !sheets.contains_key(&day) {
                open.entry(day).or_default().push((hour, block));
            }
        }
        for (day, mut hours) in open {
            let last = hours.pop_if(|(hour, _)| *hour == self.present());
            let hours: Vec<Block> = hours.into_iter().map(|(_, block)| block).collect();
            let sheet = match last {
                Some((_, last)) => Sheet::so_far(&hours, &last, self.slow),
                None => Sheet::of(&hours, self.slow),
            };
            sheets.insert(day, sheet);
        }
        Ok(sheets)
    }

    /// The counts of all sites, from an hour until now.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn counts(&self, from: i64) -> Result<Counts> {
        let as_counts = |(served, failed, missed): (u64, u64, u64)| Counts { served, failed, missed };
        let days = (from + 23).div_euclid(24);
        let whole = self.history.total(self.of, Span::Day, days, i64::MAX).await?;
        // The hours before the first whole day, and after the last one that is folded.
        let before = self.history.total(self.of, Span::Hour, from, days * 24 - 1).await?;
        let after = whole.last.map_or(days * 24, |day| (day + 1) * 24);
        let hours = self.history.total(self.of, Span::Hour, after, i64::MAX).await?;
        let rest = [before.last, hours.last].into_iter().flatten().max().map_or(after, |hour| hour + 1).max(after);
        let mut counts = [whole.counts, before.counts, hours.counts].map(as_counts).into_iter().sum::<Counts>();
        for (hour, block) in self.blocks(rest, self.present()).await? {
            let sheet = if hour == self.present() { Sheet::so_far(&[], &block, self.slow) } else { Sheet::of(&[block], self.slow) };
            counts += sheet.counts();
        }
        Ok(counts)
    }

    /// The counts of all sites over each of the last so many minutes before the last that was written, the latest first; empty
    /// where nothing was written in the last quarter of an hour.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn minutes(&self, most: usize) -> Result<Vec<Counts>> {
        let now = i64::try_from(self.now / 60_000).unwrap_or(i64::MAX);
        let mut minutes: BTreeMap<i64, Counts> = BTreeMap::new();
        let hours = i64::try_from(most / 60).unwrap_or_default() + 1;
        for (hour, block) in self.blocks(self.present() - hours, self.present()).await? {
            for (_, bytes) in block.rows() {
                for (minute, byte) in (0..).zip(bytes) {
                    let counts = minutes.entry(hour * 60 + minute).or_default();
                    match byte::sample(*byte) {
                        Sample::Served(_) => counts.served += 1,
                        Sample::Failed(_) => counts.failed += 1,
                        Sample::Missed => counts.missed += 1,
                    }
                }
            }
        }
        let looked = |counts: &Counts| counts.served + counts.failed > 0;
        let Some(last) = minutes.iter().rfind(|(_, counts)| looked(counts)).map(|(at, _)| *at).filter(|at| *at > now - 15) else {
            return Ok(Vec::new());
        };
        Ok((0..i64::try_from(most).unwrap_or_default()).map(|back| minutes.get(&(last - back)).copied().unwrap_or_default()).collect())
    }

    /// What was written of hours one by one, as far as they are kept; what is torn is left out.
    async fn blocks(&self, from: i64, to: i64) -> Result<Vec<(i64, Block)>> {
        let from = from.max(self.present() - RAW_HOURS);
        if from > to {
            return Ok(Vec::new());
        }
        let found = self.history.of(self.of, from, to).await?;
        Ok(found.into_iter().filter_map(|(hour, bytes)| Some((hour, Block::read(&bytes)?))).collect())
    }
}
