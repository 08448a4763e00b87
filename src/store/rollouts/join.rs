// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An operation that belongs to a rollout begins in the very transaction that moves its member. So no crash leaves one without
//! the other, nothing begins after a halt was written, and no second control plane goes over the cap.

use crate::{
    error::{Error, FieldError},
    fleet::{
        OperationKind,
        rollout::{MemberState, RolloutState},
    },
    store::Fault,
};

/// What is asked of a rollout before an operation of it may begin.
pub(in crate::store) struct Ask {
    pub kind: OperationKind,
    pub state: RolloutState,
    pub member: MemberState,
    pub wave: i32,
    pub gates: i32,
    pub flying: i64,
    pub in_flight: i32,
}

impl Ask {
    /// Where the member stands from now on.
    pub(in crate::store) fn answer(&self) -> Result<MemberState, Fault> {
        let no = |code: &str, message: &str, fix: &str| Err(Fault::Domain(Error::Conflict(FieldError::new("rollout", code, message, fix))));
        if self.flying >= i64::from(self.in_flight) {
            return no("rollout-full", "as many of the rollout are in flight as may be", "wait until one has landed");
        }
        if self.kind == OperationKind::Update {
            if self.state != RolloutState::Running {
                return no("rollout-stopped", "the rollout does not go on", "resume it first");
            }
            if self.member != MemberState::Pending || self.wave > self.gates {
                return no("rollout-turn", "it is not this instance's turn in the rollout", "look at the rollout's board");
            }
            return Ok(MemberState::Updating);
        }
        if !self.member.is_new() && self.member != MemberState::NeedsApproval {
            return no("rollout-turn", "the rollout has nothing of this instance to take back", "look at the rollout's board");
        }
        Ok(MemberState::Reverting)
    }
}

/// Inside the transaction that starts `$operation`: moves its member, or ends the transaction.
macro_rules! join {
    ($connection:ident, $operation:expr, $asked:expr, $rollout:expr) => {{
        use $crate::store::{
            rollouts::Ask,
            schema::{rollout, rollout_event as event, rollout_member as member},
        };
        let (id, instance, at) = ($rollout.text(), $operation.instance.text(), rows::micros($operation.created_at));
        // The row is locked by the write: what is read from here on is fresh, and stays so until the end.
        let there = diesel::update(rollout::table.filter(rollout::id.eq(&id)))
            .set((rollout::version.eq(rollout::version + 1), rollout::updated_at.eq(at)))
            .execute($connection)
            .await?;
        let found: Option<(String, i32)> = member::table
            .filter(member::rollout_id.eq(&id).and(member::instance_id.eq(&instance)))
            .select((member::state, member::wave))
            .first($connection)
            .await
            .optional()?;
        if let (1, Some((state, wave))) = (there, found) {
            let (stands, gates, in_flight): (String, i32, i32) = rollout::table
                .filter(rollout::id.eq(&id))
                .select((rollout::state, rollout::gates, rollout::in_flight))
                .first($connection)
                .await?;
            let flying: i64 = member::table
                .filter(member::rollout_id.eq(&id).and(member::state.eq_any(["updating", "reverting"])))
                .count()
                .get_result($connection)
                .await?;
            let ask = Ask {
                kind: $operation.kind,
                state: rows::parse("rollout.state", &stands)?,
                member: rows::parse("rollout_member.state", &state)?,
                wave,
                gates,
                flying,
                in_flight,
            };
            let to = ask.answer()?;
            let this = || member::table.filter(member::rollout_id.eq(&id).and(member::instance_id.eq(&instance)));
            diesel::update(this())
                .set((
                    member::state.eq(to.to_string()),
                    member::operation_id.eq(Some($operation.id.text())),
                    member::reason.eq(""),
                    member::updated_at.eq(at),
                ))
                .execute($connection)
                .await?;
            if $operation.kind == OperationKind::Update {
                diesel::update(this())
                    .set((
                        member::update_id.eq(Some($operation.id.text())),
                        member::migration.eq(Some($asked.migration.to_string())),
                        member::attempts.eq(member::attempts + 1),
                        member::exposed_at.eq(None::<i64>),
                    ))
                    .execute($connection)
                    .await?;
                diesel::update(this().filter(member::started_at.is_null()))
                    .set(member::started_at.eq(Some(at)))
                    .execute($connection)
                    .await?;
            }
            let last: Option<i64> =
                event::table.filter(event::rollout_id.eq(&id)).select(diesel::dsl::max(event::seq)).first($connection).await?;
            diesel::insert_into(event::table)
                .values((
                    event::rollout_id.eq(&id),
                    event::seq.eq(last.unwrap_or(0) + 1),
                    event::at.eq(at),
                    event::kind.eq("member"),
                    event::municipality_id.eq(Some($operation.municipality.text())),
                    event::slug.eq($operation.slug.to_string()),
                    event::word.eq(to.to_string()),
                    event::by_whom.eq(""),
                    event::message.eq(""),
                    event::evidence.eq(serde_json::json!({"operation": $operation.id.text()}).to_string()),
                ))
                .execute($connection)
                .await?;
        }
    }};
}
pub(in crate::store) use join;

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(kind: OperationKind, state: RolloutState, member: MemberState) -> Ask {
        Ask { kind, state, member, wave: 1, gates: 1, flying: 3, in_flight: 4 }
    }

    #[test]
    fn an_update_begins_only_in_turn_while_the_rollout_goes_on_and_below_the_cap() {
        use {MemberState as M, OperationKind as K, RolloutState as S};
        let good = || ask(K::Update, S::Running, M::Pending);
        assert_eq!(good().answer().ok(), Some(M::Updating));
        assert!(Ask { flying: 4, ..good() }.answer().is_err());
        assert!(Ask { wave: 2, ..good() }.answer().is_err());
        for state in [S::Paused, S::Halting, S::Halted, S::Reverting, S::Reverted, S::RevertBlocked, S::Completed, S::Superseded] {
            assert!(ask(K::Update, state, M::Pending).answer().is_err(), "{state}");
        }
        for member in M::ALL.into_iter().filter(|m| *m != M::Pending) {
            assert!(ask(K::Update, S::Running, member).answer().is_err(), "{member}");
        }
    }

    #[test]
    fn going_back_needs_no_turn_but_keeps_the_cap() {
        use {MemberState as M, OperationKind as K, RolloutState as S};
        for member in M::ALL {
            let may = matches!(member, M::Soaking | M::Succeeded | M::NeedsApproval);
            assert_eq!(ask(K::Revert, S::Halted, member).answer().is_ok(), may, "{member}");
        }
        assert!(Ask { flying: 4, ..ask(K::Revert, S::Reverting, M::Succeeded) }.answer().is_err());
    }
}
