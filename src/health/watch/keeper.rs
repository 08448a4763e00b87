// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Keeps the history: writes samples, folds hours and days that are over, forgets what is old. One after the other, beside the
//! watcher, whatever the disk does. What could not be written is kept, for a while, and written the next time.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};
use tracing::{info, warn};

use crate::{
    error::Result,
    health::history::{Block, Counts, Ledger, Sheet},
    store::history::{Folded, History, Hour, Key, Span},
};

/// So long are samples kept one by one, in hours.
pub const RAW_HOURS: i64 = 48;
/// So long is what an hour came down to kept, in days.
pub const HOURLY_DAYS: i64 = 35;
/// So long is what a day came down to kept, in days.
pub const DAILY_DAYS: i64 = 400;
/// Samples that cannot be written are held for so many hours: at 87,000 sites 33 megabytes.
const HELD: i64 = 6;
/// So long may the last write take.
const LAST: Duration = Duration::from_secs(5);

type Batch = (Vec<Hour>, u64);

pub(super) struct Keeper {
    sender: mpsc::UnboundedSender<Batch>,
    task: JoinHandle<()>,
}

impl Keeper {
    pub(super) fn start(history: History, slow: u32) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Batch>();
        let task = tokio::spawn(async move {
            match history.look_over().await {
                Ok(_) => {}
                Err(error) => warn!(%error, "the history of checks could not be looked over"),
            }
            let mut held = Held::default();
            while let Some((hours, now)) = receiver.recv().await {
                held.take(hours, Ledger::hour(now));
                keep(&history, &mut held, now, slow).await;
            }
        });
        Self { sender, task }
    }

    pub(super) fn keep(&self, hours: Vec<Hour>, now: u64) {
        // The task ends only when this sender does.
        drop(self.sender.send((hours, now)));
    }

    /// Waits until everything is written, for a while.
    pub(super) async fn stop(self) {
        drop(self.sender);
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            warn!("the last minutes of the history could not be written in time");
        }
    }
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Held {
    hours: BTreeMap<Key, Vec<u8>>,
    /// Whether the last write failed, which was told.
    failed: bool,
    /// The hour until which everything was folded.
    folded: i64,
}

impl Held {
    /// The latest samples of an hour hold those before. What is too old is given up.
    pub(super) fn take(&mut self, hours: Vec<Hour>, present: i64) {
        self.hours.extend(hours);
        self.hours.retain(|(_, hour), _| *hour >= present - HELD);
    }
}

/// Writes what is held; folds and forgets once an hour.
pub(super) async fn keep(history: &History, held: &mut Held, now: u64, slow: u32) {
    let hours: Vec<Hour> = held.hours.iter().map(|(key, bytes)| (*key, bytes.clone())).collect();
    if let Err(error) = history.put(&hours).await {
        if !held.failed {
            warn!(%error, "the history of checks cannot be written; what was seen is held for six hours and written when it can be");
        }
        held.failed = true;
        return;
    }
    if held.failed {
        info!("the history of checks is written again");
    }
    (held.failed, held.hours) = (false, BTreeMap::new());
    let present = Ledger::hour(now);
    if held.folded == present {
        return;
    }
    let folded = async {
        fold(history, present, slow).await?;
        history.forget(present - RAW_HOURS, present - HOURLY_DAYS * 24, present.div_euclid(24) - DAILY_DAYS).await
    };
    match folded.await {
        Ok(()) => held.folded = present,
        Err(error) => warn!(%error, "the history of checks could not be folded, trying again in five minutes"),
    }
}

/// Folds every hour before the present one, and every day that is over. Whatever a crash left half done is done again: a sheet and
/// the mark that its hour is folded are written together.
///
/// # Errors
/// When the history cannot be read or written.
pub async fn fold(history: &History, present: i64, slow: u32) -> Result<()> {
    let mut hours: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (of, hour) in history.unfolded(present).await? {
        hours.entry(of).or_default().push(hour);
    }
    let mut days: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for (of, day) in history.unfolded_days(present).await? {
        days.entry(of).or_default().push(day);
    }
    for (of, hours) in &hours {
        // A day that was folded before one of its hours came again is folded again.
        let again = hours.iter().map(|hour| hour.div_euclid(24)).filter(|day| (day + 1) * 24 <= present);
        let days = days.entry(*of).or_default();
        days.extend(again);
        days.sort_unstable();
        days.dedup();
    }
    for (of, days) in days {
        let mut sheets = Vec::new();
        let own = hours.remove(&of).unwrap_or_default();
        if let (Some(first), Some(last)) = (own.first(), own.last()) {
            for (hour, block) in blocks(history, of, *first, *last).await? {
                if own.binary_search(&hour).is_ok() {
                    sheets.extend(folded(Span::Hour, hour, &Sheet::of(&[block], slow)));
                }
            }
        }
        for day in days {
            let blocks: Vec<Block> = blocks(history, of, day * 24, day * 24 + 23).await?.into_iter().map(|(_, block)| block).collect();
            sheets.extend(folded(Span::Day, day, &Sheet::of(&blocks, slow)));
        }
        history.fold(of, &sheets, &own).await?;
    }
    Ok(())
}

/// What was written of these hours; what is torn is told and left out.
async fn blocks(history: &History, of: crate::fleet::MunicipalityId, from: i64, to: i64) -> Result<Vec<(i64, Block)>> {
    let mut whole = Vec::new();
    for (hour, bytes) in history.of(of, from, to).await? {
        match Block::read(&bytes) {
            Some(block) => whole.push((hour, block)),
            None => warn!(hour, municipality = %of.text(), "an hour of the history is torn, and left out"),
        }
    }
    Ok(whole)
}

fn folded(span: Span, at: i64, sheet: &Sheet) -> Option<Folded> {
    let Counts { served, failed, missed } = sheet.counts();
    Some(Folded { span, at, figures: sheet.bytes()?, counts: (served, failed, missed) })
}

#[cfg(test)]
mod tests;
