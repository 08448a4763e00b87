// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The fleet: every municipality with its state.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Choice, Model, OperationRow, Pager, RolloutRow};
use crate::{
    fleet::{Environment, InstanceState, instance::text_enum, known, rollout::RolloutState},
    web::view::Page,
};

/// One municipality in the overview. With several instances, fill it from the one that most needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FleetEntry {
    /// Slug.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// Everyday name where the municipality is one of the 290, else the official one.
    pub short: String,
    /// SCB code; empty for none.
    pub code: String,
    /// State of its instance.
    pub state: InstanceState,
    /// Environment of its instance.
    pub environment: Environment,
    /// Domain as people read it.
    pub domain: String,
    /// Name of its release.
    pub release: String,
    /// Since when it is in the fleet.
    pub created_at: Timestamp,
}

impl FleetEntry {
    /// The everyday name that goes with a code; the official name where there is none.
    #[must_use]
    pub fn short_name(code: Option<&str>, name: &str) -> String {
        code.and_then(known::by_code).map_or_else(|| name.to_owned(), |k| k.short.to_owned())
    }
}

/// Tiles by county, or rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetLayout {
    /// A tile for each municipality, by county.
    #[default]
    Tiles,
    /// A table.
    List,
}

text_enum!(FleetLayout, "view", [FleetLayout::Tiles => "tiles", FleetLayout::List => "list"]);

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetOrder {
    /// Everyday name.
    #[default]
    Name,
    /// SCB code.
    Code,
    /// State, those that need a person first.
    State,
    /// Release.
    Release,
    /// Newest in the fleet first.
    Newest,
}

text_enum!(FleetOrder, "sort", [
    FleetOrder::Name => "name", FleetOrder::Code => "code", FleetOrder::State => "state",
    FleetOrder::Release => "release", FleetOrder::Newest => "newest",
]);

/// The query of `GET /`: `search`, `state`, `county`, `view`, `sort`, `page`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetFilter {
    /// Part of a name, code, slug or domain.
    pub search: String,
    /// Only this state; empty for all.
    pub state: String,
    /// Only this county by its two digits; `--` for those without a code; empty for all.
    pub county: String,
    /// How it is shown.
    pub view: FleetLayout,
    /// What the table is sorted by.
    pub sort: FleetOrder,
    /// Which page of the table, from 1.
    pub page: u64,
}

impl FleetFilter {
    /// Rows on one page of the table: one stays under 60 kB.
    pub const ROWS: u64 = 100;

    /// Reads a query with forgiveness: an unknown value counts as none.
    #[must_use]
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs {
            match name {
                "search" => value.trim().clone_into(&mut filter.search),
                "state" if value.parse::<InstanceState>().is_ok() => value.clone_into(&mut filter.state),
                "county" => value.clone_into(&mut filter.county),
                "view" => filter.view = value.parse().unwrap_or_default(),
                "sort" => filter.sort = value.parse().unwrap_or_default(),
                "page" => filter.page = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        filter
    }

    fn pager(&self, shown: usize) -> Pager {
        let sort = self.sort.to_string();
        let query =
            [("search", self.search.as_str()), ("state", &self.state), ("county", &self.county), ("view", "list"), ("sort", sort.as_str())];
        let total = u64::try_from(shown).unwrap_or(u64::MAX);
        // An address beyond the last page leads to the last one.
        let page = self.page.clamp(1, total.div_ceil(Self::ROWS).max(1));
        Pager::of(page, Self::ROWS, total, "/", &query)
    }

    fn passes(&self, entry: &FleetEntry) -> bool {
        let search = self.search.to_lowercase();
        let found = search.is_empty()
            || [&entry.short, &entry.name, &entry.code, &entry.slug, &entry.domain]
                .iter()
                .any(|text| text.to_lowercase().contains(&search));
        found
            && (self.state.is_empty() || self.state == entry.state.to_string())
            && (self.county.is_empty() || self.county == county_of(entry))
    }
}

/// How many are in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct FleetSummary {
    /// All that the caller may know.
    pub total: usize,
    /// Serving.
    pub running: usize,
    /// Being onboarded.
    pub onboarding: usize,
    /// Being put right.
    pub repairing: usize,
    /// Moved to another release, or back.
    pub updating: usize,
    /// Stopped on purpose.
    pub suspended: usize,
    /// Set aside for a person.
    pub quarantined: usize,
    /// Being removed.
    pub offboarding: usize,
}

impl FleetSummary {
    fn of(entries: &[FleetEntry]) -> Self {
        let count = |state| entries.iter().filter(|entry| entry.state == state).count();
        Self {
            total: entries.len(),
            running: count(InstanceState::Running),
            onboarding: count(InstanceState::Onboarding),
            repairing: count(InstanceState::Repairing),
            updating: count(InstanceState::Updating),
            suspended: count(InstanceState::Suspended),
            quarantined: count(InstanceState::Quarantined),
            offboarding: count(InstanceState::Offboarding),
        }
    }
}

/// The municipalities of one county.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct County {
    /// Two digits; `--` for municipalities without a code.
    pub code: String,
    /// Its name; empty for those without a code.
    pub name: String,
    /// How many are shown.
    pub count: usize,
    /// Them, by name.
    pub entries: Vec<FleetEntry>,
}

/// The overview, at `GET /`.
#[derive(Clone, Debug, Serialize)]
pub struct FleetPage {
    /// The figures behind the sentence at the top: over the whole fleet, whatever the filter.
    pub summary: FleetSummary,
    /// The filter in use.
    pub filter: FleetFilter,
    /// Whether a filter hides anything.
    pub filtered: bool,
    /// How many pass the filter.
    pub shown: usize,
    /// Those that pass, by county; empty in the list view.
    pub counties: Vec<County>,
    /// Those that pass, in the order asked for, one page of them; empty in the tile view.
    pub rows: Vec<FleetEntry>,
    /// Where the table stands; of no concern in the tile view.
    pub pager: Pager,
    /// Counties to choose from: those that have municipalities in the fleet.
    pub county_choices: Vec<Choice>,
    /// States to choose from: those that occur.
    pub state_choices: Vec<String>,
    /// Operations that go on.
    pub running_now: Vec<OperationRow>,
    /// Operations that stopped and wait for a person.
    pub needs_person: Vec<OperationRow>,
    /// The same by command.
    pub command: String,
    /// Rollouts that go on or wait for a person.
    pub rollouts: Vec<RolloutRow>,
    /// How many of them wait for one.
    pub rollouts_waiting: usize,
}

impl Model for FleetPage {
    const PAGE: Page = Page::Fleet;
}

impl FleetPage {
    /// With the rollouts that are not over.
    #[must_use]
    pub fn with_rollouts(self, rollouts: Vec<RolloutRow>) -> Self {
        let waits = |row: &&RolloutRow| matches!(row.state, RolloutState::Paused | RolloutState::RevertBlocked);
        Self { rollouts_waiting: rollouts.iter().filter(waits).count(), rollouts, ..self }
    }

    /// Sorts out the whole fleet, as far as the caller may know it: counts, filters, groups.
    #[must_use]
    pub fn new(entries: Vec<FleetEntry>, filter: FleetFilter, running_now: Vec<OperationRow>, needs_person: Vec<OperationRow>) -> Self {
        let summary = FleetSummary::of(&entries);
        let mut counties: BTreeMap<String, String> = BTreeMap::new();
        let mut states: Vec<InstanceState> = Vec::new();
        for entry in &entries {
            let name = known::by_code(&entry.code).map_or("", |k| k.county);
            counties.entry(county_of(entry)).or_insert_with(|| name.to_owned());
            if !states.contains(&entry.state) {
                states.push(entry.state);
            }
        }
        states.sort_by_key(|state| urgency(*state));
        let mut rows: Vec<FleetEntry> = entries.into_iter().filter(|entry| filter.passes(entry)).collect();
        rows.sort_by_cached_key(|entry| swedish_order(&entry.short));
        let shown = rows.len();
        let mut pager = Pager::default();
        let groups = match filter.view {
            FleetLayout::Tiles => group(std::mem::take(&mut rows), &counties),
            FleetLayout::List => {
                match filter.sort {
                    FleetOrder::Name => {}
                    FleetOrder::Code => rows.sort_by(|a, b| a.code.cmp(&b.code)),
                    FleetOrder::State => rows.sort_by_key(|entry| urgency(entry.state)),
                    FleetOrder::Release => rows.sort_by(|a, b| a.release.cmp(&b.release)),
                    FleetOrder::Newest => rows.sort_by_key(|entry| std::cmp::Reverse(entry.created_at)),
                }
                pager = filter.pager(shown);
                let first = usize::try_from(pager.from.saturating_sub(1)).unwrap_or(usize::MAX);
                let last = usize::try_from(pager.to).unwrap_or(usize::MAX);
                rows = rows.drain(first..last).collect();
                Vec::new()
            }
        };
        Self {
            summary,
            filtered: shown != summary.total,
            filter,
            shown,
            counties: groups,
            rows,
            pager,
            county_choices: counties.into_iter().map(|(value, label)| Choice { value, label }).collect(),
            state_choices: states.iter().map(ToString::to_string).collect(),
            rollouts: Vec::new(),
            rollouts_waiting: 0,
            running_now,
            needs_person,
            command: "flotta municipality list".to_owned(),
        }
    }
}

fn group(rows: Vec<FleetEntry>, names: &BTreeMap<String, String>) -> Vec<County> {
    let mut groups: BTreeMap<String, Vec<FleetEntry>> = BTreeMap::new();
    for entry in rows {
        groups.entry(county_of(&entry)).or_default().push(entry);
    }
    // The hyphens of "no county" sort before every digit; such municipalities come last on the page.
    let without = groups.remove(NO_COUNTY).map(|entries| (NO_COUNTY.to_owned(), entries));
    groups
        .into_iter()
        .chain(without)
        .map(|(code, entries)| County { name: names.get(&code).cloned().unwrap_or_default(), count: entries.len(), code, entries })
        .collect()
}

const NO_COUNTY: &str = "--";

fn county_of(entry: &FleetEntry) -> String {
    known::by_code(&entry.code).map_or_else(|| NO_COUNTY.to_owned(), |k| k.county_code.to_owned())
}

/// How much a state needs a person: the lowest most.
#[must_use]
pub fn urgency(state: InstanceState) -> u8 {
    match state {
        InstanceState::Quarantined => 0,
        InstanceState::Repairing | InstanceState::Updating => 1,
        InstanceState::Onboarding => 2,
        InstanceState::Offboarding => 3,
        InstanceState::Suspended => 4,
        InstanceState::Running => 5,
    }
}

/// A key that sorts as Swedish does: å, ä, ö last, in that order; é as e.
fn swedish_order(name: &str) -> Vec<u32> {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'å' => 'z' as u32 + 1,
            'ä' | 'æ' => 'z' as u32 + 2,
            'ö' | 'ø' => 'z' as u32 + 3,
            'é' | 'è' => 'e' as u32,
            'ü' => 'y' as u32,
            other => other as u32,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(code: &str, short: &str, state: InstanceState) -> FleetEntry {
        FleetEntry {
            slug: known::suggested_slug(short),
            name: format!("{short}s kommun"),
            short: short.to_owned(),
            code: code.to_owned(),
            state,
            environment: Environment::Production,
            domain: format!("{}.se", known::suggested_slug(short)),
            release: "6.8-1".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn some() -> Vec<FleetEntry> {
        vec![
            entry("1283", "Helsingborg", InstanceState::Running),
            entry("1280", "Malmö", InstanceState::Quarantined),
            entry("", "Provkommunen", InstanceState::Running),
            entry("0180", "Stockholm", InstanceState::Suspended),
            entry("1292", "Ängelholm", InstanceState::Running),
        ]
    }

    #[test]
    fn tiles_are_grouped_by_county_and_those_without_come_last() {
        let page = FleetPage::new(some(), FleetFilter::default(), vec![], vec![]);
        let groups: Vec<_> = page.counties.iter().map(|c| (c.code.as_str(), c.count)).collect();
        assert_eq!(groups, [("01", 1), ("12", 3), ("--", 1)]);
        let names: Vec<_> = page.counties[1].entries.iter().map(|e| e.short.as_str()).collect();
        assert_eq!(names, ["Helsingborg", "Malmö", "Ängelholm"]);
        assert_eq!((page.summary.total, page.summary.running, page.filtered), (5, 3, false));
        assert_eq!(page.state_choices, ["quarantined", "suspended", "running"]);
    }

    #[test]
    fn filters_narrow_what_is_shown_but_not_the_summary() {
        let filter = FleetFilter::from_pairs([("search", "malmÖ"), ("view", "list"), ("sort", "nonsense"), ("state", "nonsense")]);
        let page = FleetPage::new(some(), filter, vec![], vec![]);
        assert_eq!((page.shown, page.rows.len(), page.summary.total, page.filtered), (1, 1, 5, true));
        let page = FleetPage::new(
            some(),
            FleetFilter { county: "12".to_owned(), state: "running".to_owned(), ..Default::default() },
            vec![],
            vec![],
        );
        assert_eq!(page.shown, 2);
    }

    #[test]
    fn the_list_sorts_by_urgency() {
        let filter = FleetFilter { view: FleetLayout::List, sort: FleetOrder::State, ..Default::default() };
        let page = FleetPage::new(some(), filter, vec![], vec![]);
        assert_eq!(page.rows[0].short, "Malmö");
        assert_eq!(page.rows[1].short, "Stockholm");
    }

    #[test]
    fn the_list_has_pages_and_none_is_beyond_the_last() {
        let all: Vec<_> = known::all().iter().map(|k| entry(k.code, k.short, InstanceState::Running)).collect();
        let at = |page| {
            let filter = FleetFilter { view: FleetLayout::List, page, ..Default::default() };
            FleetPage::new(all.clone(), filter, vec![], vec![])
        };
        assert_eq!((at(0).rows.len(), at(3).rows.len(), at(99).rows.len()), (100, 90, 90));
        assert_eq!(at(2).pager.next.as_deref(), Some("/?view=list&sort=name&page=3"));
        let nothing = FleetFilter { view: FleetLayout::List, search: "xyz".to_owned(), ..Default::default() };
        assert!(FleetPage::new(all, nothing, vec![], vec![]).rows.is_empty());
    }
}
