// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What receivers are told: written before it is sent, and kept as the log.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{one_at_a_time, read, write},
    rows,
    schema::{incident, notice, notice_item as item, receiver},
};
use crate::{
    error::{Error, Result},
    fleet::{
        IncidentId, MunicipalityId, ReceiverId,
        notice::{Notice, NoticeId, NoticeState, Told},
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = notice)]
struct Row {
    id: String,
    receiver_id: String,
    state: String,
    letter: String,
    attempts: i32,
    next_at: i64,
    error: String,
    created_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<Row> for Notice {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let letter = serde_json::from_value(rows::json("notice.letter", &row.letter)?);
        Ok(Self {
            id: rows::parse("notice.id", &row.id)?,
            receiver: rows::parse("notice.receiver_id", &row.receiver_id)?,
            state: rows::parse("notice.state", &row.state)?,
            letter: letter.map_err(|e| Error::Internal(format!("notice.letter of {} cannot be read: {e}", row.id)))?,
            attempts: rows::unsigned("notice.attempts", row.attempts)?,
            next_at: rows::time("notice.next_at", row.next_at)?,
            error: row.error,
            created_at: rows::time("notice.created_at", row.created_at)?,
            ended_at: rows::maybe_time("notice.ended_at", row.ended_at)?,
        })
    }
}

fn row_of(new: &Notice) -> Result<Row> {
    Ok(Row {
        id: new.id.text(),
        receiver_id: new.receiver.text(),
        state: new.state.to_string(),
        letter: serde_json::to_string(&new.letter).map_err(|e| Error::Internal(e.to_string()))?,
        attempts: rows::signed("notice.attempts", new.attempts)?,
        next_at: rows::micros(new.next_at),
        error: new.error.clone(),
        created_at: rows::micros(new.created_at),
        ended_at: new.ended_at.map(rows::micros),
    })
}

/// Writes a notice with what it tells, unless any of that was told already. Gives whether it was written. A receiver that is gone
/// meanwhile is told nothing.
///
/// # Errors
/// When the store fails.
pub async fn put(store: &Store, new: &Notice) -> Result<bool> {
    let row = row_of(new)?;
    write!(store, |c| {
        one_at_a_time!(c, "notices");
        let there: i64 = receiver::table.filter(receiver::id.eq(&row.receiver_id)).count().get_result(c).await?;
        if there == 0 {
            return Ok(false);
        }
        for entry in &new.letter.entries {
            let one = item::receiver_id
                .eq(&row.receiver_id)
                .and(item::incident_id.eq(entry.incident.text()))
                .and(item::word.eq(entry.word.to_string()))
                .and(item::round.eq(rows::signed("notice_item.round", entry.round)?));
            let told: i64 = item::table.filter(one).count().get_result(c).await?;
            if told > 0 {
                return Ok(false);
            }
        }
        diesel::insert_into(notice::table).values(&row).execute(c).await?;
        for entry in &new.letter.entries {
            let values = (
                item::receiver_id.eq(&row.receiver_id),
                item::incident_id.eq(entry.incident.text()),
                item::word.eq(entry.word.to_string()),
                item::round.eq(rows::signed("notice_item.round", entry.round)?),
                item::notice_id.eq(&row.id),
                item::at.eq(row.created_at),
            );
            diesel::insert_into(item::table).values(values).execute(c).await?;
        }
        Ok(true)
    })
}

/// What was told of these incidents.
///
/// # Errors
/// When the store fails.
pub async fn told(store: &Store, of: &[IncidentId]) -> Result<Vec<Told>> {
    let mut all = Vec::new();
    for part in of.chunks(500) {
        let part: Vec<String> = part.iter().map(IncidentId::text).collect();
        let found: Vec<(String, String, String, i32, i64)> = read!(store, |c| Ok(item::table
            .filter(item::incident_id.eq_any(&part))
            .select((item::receiver_id, item::incident_id, item::word, item::round, item::at))
            .load(c)
            .await?))?;
        for (receiver, incident, word, round, at) in found {
            all.push(Told {
                receiver: rows::parse("notice_item.receiver_id", &receiver)?,
                incident: rows::parse("notice_item.incident_id", &incident)?,
                word: rows::parse("notice_item.word", &word)?,
                round: rows::unsigned("notice_item.round", round)?,
                at: rows::time("notice_item.at", at)?,
            });
        }
    }
    Ok(all)
}

/// When notices were made since then, and for whom. Trials do not count.
///
/// # Errors
/// When the store fails.
pub async fn made(store: &Store, since: Timestamp) -> Result<Vec<(ReceiverId, Timestamp)>> {
    let found: Vec<(String, i64)> = read!(store, |c| Ok(item::table
        .filter(item::at.gt(rows::micros(since)))
        .select((item::receiver_id, item::at))
        .distinct()
        .load(c)
        .await?))?;
    found.into_iter().map(|(id, at)| Ok((rows::parse("notice_item.receiver_id", &id)?, rows::time("notice_item.at", at)?))).collect()
}

/// Notices that are to be sent now, the oldest first.
///
/// # Errors
/// When the store fails.
pub async fn due(store: &Store, now: Timestamp, most: i64) -> Result<Vec<Notice>> {
    let found: Vec<Row> = read!(store, |c| Ok(notice::table
        .filter(notice::state.eq(NoticeState::Waiting.to_string()).and(notice::next_at.le(rows::micros(now))))
        .order((notice::next_at.asc(), notice::id.asc()))
        .limit(most)
        .select(Row::as_select())
        .load(c)
        .await?))?;
    found.into_iter().map(Notice::try_from).collect()
}

/// Takes a notice that is due, so that nobody else sends it until `until`. Gives false where somebody else has it.
///
/// # Errors
/// When the store fails.
pub async fn claim(store: &Store, one: &Notice, until: Timestamp) -> Result<bool> {
    let claimed = write!(store, |c| Ok(diesel::update(notice::table)
        .filter(
            notice::id
                .eq(one.id.text())
                .and(notice::state.eq(NoticeState::Waiting.to_string()))
                .and(notice::next_at.eq(rows::micros(one.next_at))),
        )
        .set((notice::next_at.eq(rows::micros(until)), notice::attempts.eq(notice::attempts + 1)))
        .execute(c)
        .await?))?;
    Ok(claimed == 1)
}

/// Notes how a try ended: taken in, to be tried again at that time, or given up.
///
/// # Errors
/// When the store fails.
pub async fn ended(store: &Store, id: NoticeId, state: NoticeState, error: &str, next: Timestamp, now: Timestamp) -> Result<()> {
    let over = (state != NoticeState::Waiting).then(|| rows::micros(now));
    write!(store, |c| Ok(diesel::update(notice::table.filter(notice::id.eq(id.text())))
        .set((
            notice::state.eq(state.to_string()),
            notice::error.eq(error),
            notice::next_at.eq(rows::micros(next)),
            notice::ended_at.eq(over)
        ))
        .execute(c)
        .await
        .map(drop)?))
}

/// A receiver's log, the newest first. Who may see it is known from the receiver.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, of: ReceiverId, page: PageRequest) -> Result<Page<Notice>> {
    let (found, total): (Vec<Row>, i64) = read!(store, |c| {
        let theirs = || notice::table.filter(notice::receiver_id.eq(of.text()));
        let total = theirs().count().get_result(c).await?;
        let order = (notice::created_at.desc(), notice::id.desc());
        let rows = theirs().order(order).select(Row::as_select()).offset(page.offset()).limit(page.limit()).load(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Notice::try_from).collect::<Result<_>>()?, page, total))
}

/// Forgets notices that were made before that, except those about incidents that still go on.
///
/// # Errors
/// When the store fails.
pub async fn forget_before(store: &Store, before: Timestamp) -> Result<()> {
    write!(store, |c| {
        let open = incident::table.filter(incident::resolved_at.is_null()).select(incident::id);
        let about_open = item::table.filter(item::incident_id.eq_any(open)).select(item::notice_id);
        let old = notice::table.filter(notice::created_at.lt(rows::micros(before)).and(notice::id.ne_all(about_open)));
        Ok(diesel::delete(old).execute(c).await.map(drop)?)
    })
}

/// Addresses of some of an incident's checks, only those of one municipality where one is given.
///
/// # Errors
/// When the store fails.
pub async fn some_checks(store: &Store, of: IncidentId, only: Option<MunicipalityId>, most: i64) -> Result<Vec<String>> {
    use super::schema::incident_member as member;
    read!(store, |c| {
        let mut query = member::table.filter(member::incident_id.eq(of.text())).into_boxed();
        if let Some(only) = only {
            query = query.filter(member::municipality_id.eq(only.text()));
        }
        Ok(query.order((member::until.is_null().desc(), member::number.asc())).select(member::label).limit(most).load(c).await?)
    })
}
