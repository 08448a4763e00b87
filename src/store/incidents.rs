// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Incidents, what they made fail, and what happened in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    checks::covered,
    connection::{read, write},
    rows,
    schema::{incident, incident_event as event, incident_member as member, municipality},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Incident, IncidentId, MunicipalityId, Scope, Slug,
        health::Failure,
        incident::{Cause, CauseKind, IncidentEvent, Member},
    },
};

pub mod past;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = incident)]
struct Row {
    id: String,
    kind: String,
    cause: String,
    label: String,
    failure: Option<String>,
    certain: bool,
    municipality_id: Option<String>,
    opened_at: i64,
    resolved_at: Option<i64>,
    acknowledged_at: Option<i64>,
    acknowledged_by: String,
    note: String,
    merged_into: Option<String>,
}

impl TryFrom<Row> for Incident {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("incident.id", &row.id)?,
            cause: Cause { kind: rows::parse("incident.kind", &row.kind)?, of: row.cause },
            label: row.label,
            failure: row.failure.map(|word| rows::parse("incident.failure", &word)).transpose()?,
            certain: row.certain,
            municipality: row.municipality_id.map(|id| rows::parse("incident.municipality_id", &id)).transpose()?,
            opened_at: rows::time("incident.opened_at", row.opened_at)?,
            resolved_at: rows::maybe_time("incident.resolved_at", row.resolved_at)?,
            acknowledged_at: rows::maybe_time("incident.acknowledged_at", row.acknowledged_at)?,
            acknowledged_by: row.acknowledged_by,
            note: row.note,
            merged_into: row.merged_into.map(|id| rows::parse("incident.merged_into", &id)).transpose()?,
            members: 0,
            failing: 0,
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = member)]
#[diesel(treat_none_as_null = true)]
struct MemberRow {
    incident_id: String,
    number: i32,
    municipality_id: String,
    label: String,
    failure: String,
    since: i64,
    until: Option<i64>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = event)]
struct EventRow {
    incident_id: String,
    seq: i64,
    at: i64,
    word: String,
    who: String,
    message: String,
}

/// Adds a line to an incident's history.
macro_rules! tell {
    ($c:ident, $id:expr, $at:expr, $word:expr, $who:expr, $message:expr) => {{
        let id = $id.text();
        let last: Option<i64> = event::table.filter(event::incident_id.eq(&id)).select(diesel::dsl::max(event::seq)).first($c).await?;
        let (seq, word, who) = (last.unwrap_or(0) + 1, $word.to_owned(), $who.to_owned());
        let row = EventRow { incident_id: id, seq, at: $at, word, who, message: $message };
        diesel::insert_into(event::table).values(&row).execute($c).await?;
    }};
}

/// What becomes of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new one.
    Open(Box<Incident>),
    /// Its cause's own check says so too.
    Certain(IncidentId),
    /// A check fails because of it.
    Join(IncidentId, Box<Member>),
    /// A check no longer does.
    Leave(IncidentId, u32),
    /// It is part of a wider one, and over.
    Merge(IncidentId, IncidentId),
    /// It is over.
    Resolve(IncidentId),
}

/// Writes changes, all or none. A change that was written already changes nothing.
///
/// # Errors
/// When the store fails.
pub async fn write(store: &Store, changes: &[Change], now: Timestamp) -> Result<()> {
    let at = rows::micros(now);
    write!(store, |c| {
        for change in changes {
            let (id, word, message) = match change {
                Change::Open(new) => {
                    let row = row_of(new);
                    let made = diesel::insert_into(incident::table).values(&row).on_conflict_do_nothing().execute(c).await?;
                    (new.id, (made == 1).then_some("opened"), String::new())
                }
                Change::Certain(id) => {
                    let open = incident::table.filter(incident::id.eq(id.text()).and(incident::certain.eq(false)));
                    let done = diesel::update(open).set(incident::certain.eq(true)).execute(c).await?;
                    (*id, (done == 1).then_some("certain"), String::new())
                }
                Change::Join(id, new) => {
                    let there: i64 = incident::table.filter(incident::id.eq(id.text())).count().get_result(c).await?;
                    if there == 0 {
                        // Another control plane has opened one for the same cause, and goes on with that.
                        continue;
                    }
                    let row = MemberRow {
                        incident_id: id.text(),
                        number: rows::signed("incident_member.number", new.number)?,
                        municipality_id: new.municipality.text(),
                        label: new.label.clone(),
                        failure: new.failure.to_string(),
                        since: rows::micros(new.since),
                        until: None,
                    };
                    let key = (member::incident_id, member::number);
                    diesel::insert_into(member::table).values(&row).on_conflict(key).do_update().set(&row).execute(c).await?;
                    let first = incident::table.filter(incident::id.eq(id.text()).and(incident::failure.is_null()));
                    diesel::update(first).set(incident::failure.eq(&row.failure)).execute(c).await?;
                    (*id, None, String::new())
                }
                Change::Leave(id, number) => {
                    let number = rows::signed("incident_member.number", *number)?;
                    let one =
                        member::table.filter(member::incident_id.eq(id.text()).and(member::number.eq(number)).and(member::until.is_null()));
                    diesel::update(one).set(member::until.eq(at)).execute(c).await?;
                    (*id, None, String::new())
                }
                Change::Merge(id, into) => {
                    let open = incident::table.filter(incident::id.eq(id.text()).and(incident::resolved_at.is_null()));
                    let set = (incident::resolved_at.eq(at), incident::merged_into.eq(into.text()));
                    let done = diesel::update(open).set(set).execute(c).await?;
                    (*id, (done == 1).then_some("merged"), into.text())
                }
                Change::Resolve(id) => {
                    let open = incident::table.filter(incident::id.eq(id.text()).and(incident::resolved_at.is_null()));
                    let done = diesel::update(open).set(incident::resolved_at.eq(at)).execute(c).await?;
                    (*id, (done == 1).then_some("resolved"), String::new())
                }
            };
            let Some(word) = word else { continue };
            tell!(c, id, at, word, "", message);
        }
        Ok(())
    })
}

fn row_of(new: &Incident) -> Row {
    Row {
        id: new.id.text(),
        kind: new.cause.kind.to_string(),
        cause: new.cause.of.clone(),
        label: new.label.clone(),
        failure: new.failure.map(|failure| failure.to_string()),
        certain: new.certain,
        municipality_id: new.municipality.map(|id| id.text()),
        opened_at: rows::micros(new.opened_at),
        resolved_at: None,
        acknowledged_at: None,
        acknowledged_by: String::new(),
        note: String::new(),
        merged_into: None,
    }
}

/// Every open incident with the checks that fail because of it. For the watcher.
///
/// # Errors
/// When the store fails.
pub async fn open(store: &Store) -> Result<Vec<(Incident, Vec<(u32, Failure)>)>> {
    let (found, failing): (Vec<Row>, Vec<(String, i32, String)>) = read!(store, |c| {
        let found = incident::table.filter(incident::resolved_at.is_null()).select(Row::as_select()).load(c).await?;
        let failing = member::table
            .inner_join(incident::table.on(incident::id.eq(member::incident_id)))
            .filter(incident::resolved_at.is_null().and(member::until.is_null()))
            .select((member::incident_id, member::number, member::failure))
            .load(c)
            .await?;
        Ok((found, failing))
    })?;
    let mut members: HashMap<String, Vec<(u32, Failure)>> = HashMap::new();
    for (id, number, failure) in failing {
        let one = (rows::unsigned("incident_member.number", number)?, rows::parse("incident_member.failure", &failure)?);
        members.entry(id).or_default().push(one);
    }
    let one = |row: Row| {
        let failing = members.remove(&row.id).unwrap_or_default();
        Ok((Incident::try_from(row)?, failing))
    };
    found.into_iter().map(one).collect()
}

/// How many checks of a municipality an incident made fail, and how many it does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Whose.
    pub municipality: MunicipalityId,
    /// How many it ever made fail.
    pub members: u32,
    /// How many it does now.
    pub failing: u32,
}

/// How many checks of an incident, by its id, a municipality has.
type Share = (String, String, i64);
/// Of an incident, by its id, one check: whose, and since when it is over.
type Ended = (String, String, Option<i64>);

/// Every incident that is open or was over after `since`, with whom it touches. For whoever decides what is told.
///
/// # Errors
/// When the store fails.
pub async fn since(store: &Store, since: Timestamp) -> Result<Vec<(Incident, Vec<Touched>)>> {
    let (found, all, failing): (Vec<Row>, Vec<Share>, Vec<Share>) = read!(store, |c| {
        let wanted = || incident::resolved_at.is_null().or(incident::resolved_at.gt(rows::micros(since)));
        let found = incident::table.filter(wanted()).order(incident::opened_at.asc()).select(Row::as_select()).load(c).await?;
        let group = (member::incident_id, member::municipality_id);
        let count = (member::incident_id, member::municipality_id, diesel::dsl::count_star());
        let theirs = || member::incident_id.eq_any(incident::table.filter(wanted()).select(incident::id));
        let all = member::table.filter(theirs()).group_by(group).select(count).load(c).await?;
        let failing = member::table.filter(theirs().and(member::until.is_null())).group_by(group).select(count).load(c).await?;
        Ok((found, all, failing))
    })?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let failing: HashMap<(String, String), u32> = failing.into_iter().map(|(id, of, count)| ((id, of), number(count))).collect();
    let mut touched: HashMap<String, Vec<Touched>> = HashMap::new();
    for (id, of, count) in all {
        let municipality = rows::parse("incident_member.municipality_id", &of)?;
        let failing = failing.get(&(id.clone(), of)).copied().unwrap_or_default();
        touched.entry(id).or_default().push(Touched { municipality, members: number(count), failing });
    }
    let one = |row: Row| {
        let touched = touched.remove(&row.id).unwrap_or_default();
        Ok((Incident::try_from(row)?, touched))
    };
    found.into_iter().map(one).collect()
}

/// How many of an incident's checks each municipality has, and how many of those fail.
pub type Shares = BTreeMap<MunicipalityId, (u32, u32)>;

/// Every open incident with each municipality's share in it, the newest first. For the board.
///
/// # Errors
/// When the store fails.
pub async fn open_shares(store: &Store) -> Result<Vec<(Incident, Shares)>> {
    let (found, members): (Vec<Row>, Vec<Ended>) = read!(store, |c| {
        let open = incident::table.filter(incident::resolved_at.is_null());
        let found = open.order((incident::opened_at.desc(), incident::id.desc())).select(Row::as_select()).load(c).await?;
        let members = member::table
            .inner_join(incident::table.on(incident::id.eq(member::incident_id)))
            .filter(incident::resolved_at.is_null())
            .select((member::incident_id, member::municipality_id, member::until))
            .load(c)
            .await?;
        Ok((found, members))
    })?;
    let mut shares: HashMap<String, Shares> = HashMap::new();
    for (id, of, until) in members {
        let of = rows::parse("incident_member.municipality_id", &of)?;
        let (members, failing) = shares.entry(id).or_default().entry(of).or_default();
        *members += 1;
        *failing += u32::from(until.is_none());
    }
    let one = |row: Row| {
        let shares = shares.remove(&row.id).unwrap_or_default();
        let (members, failing) = shares.values().fold((0, 0), |sum: (u32, u32), one| (sum.0 + one.0, sum.1 + one.1));
        Ok((Incident { members, failing, ..Incident::try_from(row)? }, shares))
    };
    found.into_iter().map(one).collect()
}

/// Incidents that are open or ended after `since`, with their checks in these municipalities; the newest first. What turned out to be
/// part of another is left out. For what public pages show.
///
/// # Errors
/// When the store fails.
pub async fn lately(store: &Store, municipalities: &[MunicipalityId], since: Timestamp) -> Result<Vec<(Incident, Vec<Member>)>> {
    let (of, since) = (municipalities.iter().map(MunicipalityId::text).collect::<Vec<_>>(), rows::micros(since));
    macro_rules! late {
        ($what:expr) => {
            $what.filter(incident::merged_into.is_null().and(incident::resolved_at.is_null().or(incident::resolved_at.ge(since))))
        };
    }
    let (found, members): (Vec<Row>, Vec<MemberRow>) = read!(store, |c| {
        let found =
            late!(incident::table.order((incident::opened_at.desc(), incident::id.desc()))).select(Row::as_select()).load(c).await?;
        let theirs = member::table.inner_join(incident::table.on(incident::id.eq(member::incident_id)));
        let members = late!(theirs).filter(member::municipality_id.eq_any(&of)).select(MemberRow::as_select()).load(c).await?;
        Ok((found, members))
    })?;
    let mut by_incident: HashMap<String, Vec<Member>> = HashMap::new();
    for row in members {
        let id = row.incident_id.clone();
        by_incident.entry(id).or_default().push(member_of(row, &HashMap::new())?);
    }
    let one = |row: Row| {
        let members = by_incident.remove(&row.id).unwrap_or_default();
        Ok((Incident::try_from(row)?, members))
    };
    found.into_iter().map(one).collect()
}

/// How many incidents with a cause of this kind are open, in the whole fleet.
///
/// # Errors
/// When the store fails.
pub async fn open_of(store: &Store, kind: CauseKind) -> Result<u32> {
    let open: i64 = read!(store, |c| Ok(incident::table
        .filter(incident::resolved_at.is_null().and(incident::kind.eq(kind.to_string())))
        .count()
        .get_result(c)
        .await?))?;
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}

/// Which incidents are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only open ones, or only those that are over.
    pub open: Option<bool>,
    /// Only those that touch this municipality.
    pub municipality: Option<MunicipalityId>,
}

/// A page of incidents, the newest first. Whoever may see some municipalities only sees the incidents that touch them, and of their
/// checks only those of these municipalities are counted.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<Incident>> {
    let only = covered(scope, filter.municipality);
    macro_rules! matching {
        () => {{
            let mut query = incident::table.into_boxed();
            if let Some(only) = &only {
                let theirs = member::table.filter(member::municipality_id.eq_any(only)).select(member::incident_id);
                query = query.filter(incident::municipality_id.eq_any(only).or(incident::id.eq_any(theirs)));
            }
            match filter.open {
                Some(true) => query = query.filter(incident::resolved_at.is_null()),
                Some(false) => query = query.filter(incident::resolved_at.is_not_null()),
                None => {}
            }
            query
        }};
    }
    let (found, total): (Vec<Row>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((incident::opened_at.desc(), incident::id.desc()))
            .select(Row::as_select())
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    let mut incidents: Vec<Incident> = found.into_iter().map(Incident::try_from).collect::<Result<_>>()?;
    count(store, &only, &mut incidents).await?;
    Ok(Page::new(incidents, page, total))
}

async fn count(store: &Store, only: &Option<Vec<String>>, incidents: &mut [Incident]) -> Result<()> {
    let ids: Vec<String> = incidents.iter().map(|i| i.id.text()).collect();
    let counted: Vec<(String, Option<i64>)> = read!(store, |c| {
        let mut query = member::table.filter(member::incident_id.eq_any(&ids)).into_boxed();
        if let Some(only) = only {
            query = query.filter(member::municipality_id.eq_any(only));
        }
        Ok(query.select((member::incident_id, member::until)).load(c).await?)
    })?;
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    for (id, until) in counted {
        let (members, failing) = counts.entry(id).or_default();
        *members += 1;
        *failing += u32::from(until.is_none());
    }
    for one in incidents {
        (one.members, one.failing) = counts.get(&one.id.text()).copied().unwrap_or_default();
    }
    Ok(())
}

/// One incident with its checks, as far as the scope covers them, and what happened in it.
///
/// # Errors
/// `NotFound` when there is none of that id, or it touches nothing that the scope covers.
pub async fn get(store: &Store, scope: &Scope, id: IncidentId) -> Result<(Incident, Vec<Member>, Vec<IncidentEvent>)> {
    let missing = || Error::not_found("incident");
    let (found, members, slugs, events) = read!(store, |c| {
        let found: Option<Row> = incident::table.filter(incident::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?;
        let of = member::table.filter(member::incident_id.eq(id.text()));
        let members: Vec<MemberRow> = of.select(MemberRow::as_select()).order(member::number.asc()).load(c).await?;
        let whose: BTreeSet<&String> = members.iter().map(|member| &member.municipality_id).collect();
        let whose = municipality::table.filter(municipality::id.eq_any(whose)).select((municipality::id, municipality::slug));
        let slugs: HashMap<String, String> = whose.load::<(String, String)>(c).await?.into_iter().collect();
        let events = event::table.filter(event::incident_id.eq(id.text())).order(event::seq.asc());
        let events: Vec<EventRow> = events.select(EventRow::as_select()).load(c).await?;
        Ok((found, members, slugs, events))
    })?;
    let mut incident = Incident::try_from(found.ok_or_else(missing)?)?;
    let members: Vec<Member> = members.into_iter().map(|row| member_of(row, &slugs)).collect::<Result<_>>()?;
    let members: Vec<Member> = members.into_iter().filter(|m| scope.covers(m.municipality)).collect();
    let touches = *scope == Scope::Fleet || incident.municipality.is_some_and(|of| scope.covers(of)) || !members.is_empty();
    if !touches {
        return Err(missing());
    }
    incident.members = u32::try_from(members.len()).unwrap_or(u32::MAX);
    incident.failing = u32::try_from(members.iter().filter(|m| m.until.is_none()).count()).unwrap_or(u32::MAX);
    let events = events.into_iter().map(event_of).collect::<Result<_>>()?;
    Ok((incident, members, events))
}

fn member_of(row: MemberRow, slugs: &HashMap<String, String>) -> Result<Member> {
    let slug = slugs.get(&row.municipality_id).map(|slug| rows::parse::<Slug>("municipality.slug", slug)).transpose()?;
    Ok(Member {
        number: rows::unsigned("incident_member.number", row.number)?,
        municipality: rows::parse("incident_member.municipality_id", &row.municipality_id)?,
        slug,
        label: row.label,
        failure: rows::parse("incident_member.failure", &row.failure)?,
        since: rows::time("incident_member.since", row.since)?,
        until: rows::maybe_time("incident_member.until", row.until)?,
    })
}

fn event_of(row: EventRow) -> Result<IncidentEvent> {
    Ok(IncidentEvent {
        seq: u64::try_from(row.seq).unwrap_or_default(),
        at: rows::time("incident_event.at", row.at)?,
        word: row.word,
        who: row.who,
        message: row.message,
    })
}

/// Notes that somebody takes an incident on. Doing it again changes the note.
///
/// # Errors
/// `NotFound` as for [`get`]; `Conflict` when it is over.
pub async fn acknowledge(store: &Store, scope: &Scope, id: IncidentId, who: &str, note: &str, now: Timestamp) -> Result<()> {
    get(store, scope, id).await?;
    let at = rows::micros(now);
    write!(store, |c| {
        let open = incident::table.filter(incident::id.eq(id.text()).and(incident::resolved_at.is_null()));
        let set = (incident::acknowledged_at.eq(at), incident::acknowledged_by.eq(who), incident::note.eq(note));
        if diesel::update(open).set(set).execute(c).await? == 0 {
            return Err(Error::Conflict(FieldError::new(
                "incident",
                "incident-over",
                "this incident is over",
                "there is nothing left to take on",
            ))
            .into());
        }
        tell!(c, id, at, "acknowledged", who, note.to_owned());
        Ok(())
    })
}
