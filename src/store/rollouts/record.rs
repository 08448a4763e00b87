// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Writing: a rollout is planned whole, and changed in steps of which each is one transaction on one version.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::row::{EventRow, MemberRow, Row};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        InstanceId, MunicipalityId, Rollout, RolloutId,
        rollout::{Blame, MemberState, RolloutEventKind, RolloutMember, RolloutState, Why},
    },
    store::{
        Fault, Store,
        connection::write,
        rows,
        schema::{rollout, rollout_event as event, rollout_member as member},
        unique_violation,
    },
};

/// A line to add to a rollout's history.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What it tells.
    pub kind: RolloutEventKind,
    /// About which municipality: id and slug.
    pub about: Option<(MunicipalityId, String)>,
    /// The word of the state that was entered, or of the order that was given.
    pub word: String,
    /// Who gave the order.
    pub by: String,
    /// For people, without secrets.
    pub message: String,
    /// What was seen.
    pub evidence: serde_json::Value,
}

impl NewEvent {
    /// A line with nothing more to tell.
    #[must_use]
    pub fn of(kind: RolloutEventKind, word: impl ToString) -> Self {
        Self { kind, about: None, word: word.to_string(), by: String::new(), message: String::new(), evidence: serde_json::json!({}) }
    }

    /// The same about one member.
    #[must_use]
    pub fn about(self, member: &RolloutMember) -> Self {
        Self { about: Some((member.municipality, member.slug.to_string())), ..self }
    }
}

/// How one member changes.
#[derive(Clone, Debug)]
pub struct MemberChange {
    /// Which.
    pub instance: InstanceId,
    /// Where it stands; where it stands elsewhere by now, nothing at all is written.
    pub from: MemberState,
    /// Where it stands from now on.
    pub to: MemberState,
    /// Whose fault it is, where one is found.
    pub blame: Option<Blame>,
    /// Why, for people; none leaves what stands there.
    pub reason: Option<String>,
    /// Since when it serves the new release.
    pub exposed_at: Option<Timestamp>,
    /// Whether somebody agreed to lose what was written; none leaves it as it is.
    pub approved: Option<bool>,
}

impl MemberChange {
    /// A move without anything more.
    #[must_use]
    pub fn to(of: &RolloutMember, to: MemberState) -> Self {
        Self { instance: of.instance, from: of.state, to, blame: None, reason: None, exposed_at: None, approved: None }
    }
}

/// What one transaction changes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where the rollout stands from now on, and why.
    pub state: Option<(RolloutState, Why)>,
    /// Whether the next gate is passed.
    pub gate: bool,
    /// Whether an operator has agreed to the next gate.
    pub agreed: bool,
    /// Whether the operator has let it go on, which starts its deadlines anew.
    pub resumed: bool,
    /// How many failures of the release are counted.
    pub failures: u32,
    /// The members that change.
    pub members: Vec<MemberChange>,
}

/// Stores a plan. All of it, or nothing where one of its instances is in another rollout. The rollout that it is planned anew
/// from is superseded by it, where that one is paused.
///
/// # Errors
/// `Conflict` where one of its instances is in another rollout, or the one that it follows has something under way.
pub async fn insert(store: &Store, new: &Rollout, members: &[RolloutMember], first: &NewEvent) -> Result<()> {
    let row = Row::try_from(new)?;
    let rows: Vec<MemberRow> = members.iter().map(|m| MemberRow::of(new.id, m)).collect::<Result<_>>()?;
    let begun = line(new.id, 1, rows::micros(new.created_at), first);
    let parent = new.parent.map(|id| id.text());
    let (paused, now) = (RolloutState::Paused.to_string(), rows::micros(new.created_at));
    write!(store, |c| {
        if let Some(parent) = &parent {
            let superseded = diesel::update(rollout::table.filter(rollout::id.eq(parent).and(rollout::state.eq(&paused))))
                .set((
                    rollout::state.eq(RolloutState::Superseded.to_string()),
                    rollout::why.eq(Why::Operator.to_string()),
                    rollout::version.eq(rollout::version + 1),
                    rollout::updated_at.eq(now),
                    rollout::finished_at.eq(Some(now)),
                ))
                .execute(c)
                .await?;
            if superseded == 1 {
                let of_parent = || member::table.filter(member::rollout_id.eq(parent));
                let under_way: i64 =
                    of_parent().filter(member::state.eq_any(["updating", "reverting", "soaking"])).count().get_result(c).await?;
                if under_way > 0 {
                    return Err(Fault::Domain(Error::Conflict(FieldError::new(
                        "parent",
                        "rollout-live",
                        "that rollout is paused, but something of it is still under way or watched",
                        "wait until that has come to its end, or halt that rollout",
                    ))));
                }
                diesel::update(of_parent()).set(member::bound.eq(false)).execute(c).await?;
                let last: Option<i64> =
                    event::table.filter(event::rollout_id.eq(parent)).select(diesel::dsl::max(event::seq)).first(c).await?;
                let told = NewEvent {
                    by: new.requested_by.clone(),
                    evidence: serde_json::json!({"rollout": new.id.text()}),
                    ..NewEvent::of(RolloutEventKind::State, "superseded")
                };
                diesel::insert_into(event::table)
                    .values(&EventRow { rollout_id: parent.clone(), ..line(new.id, last.unwrap_or(0) + 1, now, &told) })
                    .execute(c)
                    .await?;
            }
        }
        diesel::insert_into(rollout::table).values(&row).execute(c).await?;
        for row in &rows {
            match diesel::insert_into(member::table).values(row).execute(c).await {
                Err(e) if unique_violation(&e).is_some() => return Err(taken(&row.slug)),
                other => other.map(drop)?,
            }
        }
        diesel::insert_into(event::table).values(&begun).execute(c).await?;
        Ok(())
    })
}

fn taken(slug: &str) -> Fault {
    Fault::Domain(Error::Conflict(FieldError::new(
        "municipalities",
        "rollout-live",
        format!("`{slug}` is in another rollout that goes on"),
        "wait for that one, or halt it; `flotta rollout list` shows it",
    )))
}

fn line(rollout: RolloutId, seq: i64, at: i64, new: &NewEvent) -> EventRow {
    let (municipality, slug) = new.about.clone().unzip();
    EventRow {
        rollout_id: rollout.text(),
        seq,
        at,
        kind: new.kind.to_string(),
        municipality_id: municipality.map(|id| id.text()),
        slug: slug.unwrap_or_default(),
        word: new.word.clone(),
        by_whom: new.by.clone(),
        message: new.message.clone(),
        evidence: new.evidence.to_string(),
    }
}

/// Changes a rollout in one transaction. Gives its version from now on.
///
/// # Errors
/// `StaleLease` when it has changed since it was read, or a member stands elsewhere: nothing is written then. `Conflict` when it
/// would go on, but one of its instances is in another rollout by now.
pub async fn record(store: &Store, of: (RolloutId, i64), change: &Change, events: &[NewEvent], now: Timestamp) -> Result<i64> {
    let (id, version) = (of.0.text(), of.1);
    let at = rows::micros(now);
    let failures = rows::signed("rollout.failures", change.failures)?;
    write!(store, |c| {
        let held = diesel::update(rollout::table.filter(rollout::id.eq(&id).and(rollout::version.eq(version))))
            .set((
                rollout::version.eq(version + 1),
                rollout::updated_at.eq(at),
                rollout::failures.eq(rollout::failures + failures),
                rollout::gates.eq(rollout::gates + i32::from(change.gate)),
            ))
            .execute(c)
            .await?;
        if held == 0 {
            return Err(Error::StaleLease.into());
        }
        let this = || rollout::table.filter(rollout::id.eq(&id));
        if change.gate || change.agreed {
            // What was agreed to is the gate that is passed now, not the one after it.
            diesel::update(this()).set(rollout::agreed.eq(change.agreed && !change.gate)).execute(c).await?;
        }
        if change.resumed {
            diesel::update(this()).set(rollout::resumed_at.eq(at)).execute(c).await?;
        }
        if let Some((state, why)) = change.state {
            let over = state.is_final();
            diesel::update(this())
                .set((rollout::state.eq(state.to_string()), rollout::why.eq(why.to_string()), rollout::finished_at.eq(over.then_some(at))))
                .execute(c)
                .await?;
            let bound = diesel::update(member::table.filter(member::rollout_id.eq(&id).and(member::bound.eq(over))))
                .set(member::bound.eq(!over))
                .execute(c)
                .await;
            match bound {
                Err(e) if unique_violation(&e).is_some() => return Err(taken("one of its municipalities")),
                other => other.map(drop)?,
            }
        }
        for m in &change.members {
            let this = || member::table.filter(member::rollout_id.eq(&id).and(member::instance_id.eq(m.instance.text())));
            let moved = diesel::update(this().filter(member::state.eq(m.from.to_string())))
                .set((member::state.eq(m.to.to_string()), member::updated_at.eq(at)))
                .execute(c)
                .await?;
            if moved == 0 {
                return Err(Error::StaleLease.into());
            }
            if m.to == MemberState::Pending {
                // Its next turn begins with nothing found.
                diesel::update(this()).set((member::blame.eq(None::<String>), member::exposed_at.eq(None::<i64>))).execute(c).await?;
            }
            if let Some(blame) = m.blame {
                diesel::update(this()).set(member::blame.eq(Some(blame.to_string()))).execute(c).await?;
            }
            if let Some(reason) = &m.reason {
                diesel::update(this()).set(member::reason.eq(reason)).execute(c).await?;
            }
            if let Some(exposed) = m.exposed_at {
                diesel::update(this()).set(member::exposed_at.eq(Some(rows::micros(exposed)))).execute(c).await?;
            }
            if let Some(approved) = m.approved {
                diesel::update(this()).set(member::approved.eq(approved)).execute(c).await?;
            }
        }
        let last: Option<i64> = event::table.filter(event::rollout_id.eq(&id)).select(diesel::dsl::max(event::seq)).first(c).await?;
        for (seq, new) in (last.unwrap_or(0) + 1..).zip(events) {
            diesel::insert_into(event::table).values(line(of.0, seq, at, new)).execute(c).await?;
        }
        Ok(version + 1)
    })
}
