// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a notice says of an incident, and to whom it says how much. Pure. Whose the incident is not alone learns the cause and the
//! count of its own sites, and nothing of others.

use super::decide::{Case, Item};
use crate::fleet::{MunicipalityId, Receiver, notice::Entry};

/// How many checks of a municipality an incident makes, or made, fail: whose, ever, now.
pub type Touched = (MunicipalityId, u32, u32);

/// So many addresses stand in a notice.
pub const SOME: i64 = 5;

/// What a receiver is told.
#[must_use]
pub fn entry(receiver: &Receiver, case: &Case, touched: &[Touched], item: Item, some: Vec<String>, public_url: &str) -> Entry {
    let incident = &case.incident;
    let theirs: Vec<&Touched> = touched.iter().filter(|(of, ..)| receiver.municipality.is_none_or(|only| only == *of)).collect();
    // While it goes on those that fail count; afterwards all that ever did.
    let count = |(_, ever, now): &&Touched| if incident.resolved_at.is_some() { *ever } else { *now };
    let counted: Vec<u32> = theirs.iter().map(count).filter(|count| *count > 0).collect();
    Entry {
        word: item.word,
        round: item.round,
        incident: incident.id,
        cause: incident.cause.kind,
        // What a part of the platform is called is the operators' business.
        label: if receiver.municipality.is_some() && incident.cause.kind.is_platform() { String::new() } else { incident.label.clone() },
        failure: incident.failure,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        merged_into: incident.merged_into,
        acknowledged_by: incident.acknowledged_by.clone(),
        sites: counted.iter().fold(0, |sum, count| sum.saturating_add(*count)),
        municipalities: u32::try_from(counted.len()).unwrap_or(u32::MAX),
        some,
        link: format!("{}/incidents/{}", public_url.trim_end_matches('/'), incident.id.text()),
    }
}
