// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Starting an operation: everything that must be unique is taken in one transaction, or nothing is.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{Row, journal::Before};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Domain, Instance, InstanceId, InstanceState, Municipality, MunicipalityId, Operation, OperationKind, Slug, Subnet, UserId,
        update::Move,
    },
    store::{
        Fault, Store,
        connection::{one_at_a_time, write},
        instances, municipalities,
        rollouts::join,
        rows,
        schema::{domain, idempotency, instance, municipality, operation},
        unique_violation,
    },
};

/// A municipality's instance that is to be made. The store gives the slot.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The municipality; where one of this slug exists without an instance of this environment, that one is used.
    pub municipality: Municipality,
    /// The instance.
    pub instance: Instance,
    /// Its host names, and whether sub-domains belong to them.
    pub domains: Vec<(Domain, bool)>,
}

/// What makes a repeated request give the same operation.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// Who asked.
    pub user: UserId,
    /// The request's `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of method, path and body, in hex.
    pub request_sha256: String,
}

/// An operation that is to be started.
#[derive(Clone, Debug)]
pub struct NewOperation {
    /// The row, as it will be stored.
    pub operation: Operation,
    /// What is made with it.
    pub admission: Option<Admission>,
    /// The instance's state from now on.
    pub state: Option<InstanceState>,
    /// What makes a repeat of the request harmless.
    pub idempotency: Option<Idempotency>,
}

/// What came of a start.
#[derive(Clone, Debug)]
pub struct Started {
    /// The operation: the new one, or the one that the same key started before.
    pub operation: Operation,
    /// Whether it was started before.
    pub repeated: bool,
}

fn conflict(field: &str, code: &str, message: String, fix: &str) -> Fault {
    Fault::Domain(Error::Conflict(FieldError::new(field, code, message, fix)))
}

/// The lowest number that no instance holds.
fn lowest_free(taken: &[i32]) -> i32 {
    (0..).zip(taken).find(|(free, taken)| free != *taken).map_or_else(|| i32::try_from(taken.len()).unwrap_or(i32::MAX), |(free, _)| free)
}

/// Starts an operation, or gives the one that the same idempotency key started.
///
/// # Errors
/// `Conflict` naming the field when the slug, code or domain is taken, when another operation on the instance is live, or
/// when the idempotency key was used for another request. Nothing is changed then.
#[allow(clippy::too_many_lines)] // one transaction, told in order
pub async fn start(store: &Store, new: &NewOperation) -> Result<Started> {
    let mut row_source = new.operation.clone();
    write!(store, |c| {
        // Slots are counted and keys are looked up before they are taken: one start at a time.
        one_at_a_time!(c, "start");
        if let Some(idem) = &new.idempotency {
            let before: Option<(String, String)> = idempotency::table
                .filter(idempotency::user_id.eq(idem.user.text()).and(idempotency::key.eq(&idem.key)))
                .select((idempotency::request_sha256, idempotency::operation_id))
                .first(c)
                .await
                .optional()?;
            if let Some((sha, id)) = before {
                if sha != idem.request_sha256 {
                    return Err(Fault::Domain(key_reused()));
                }
                let row: Row = operation::table.filter(operation::id.eq(id)).select(Row::as_select()).first(c).await?;
                return Ok(Started { operation: row.try_into()?, repeated: true });
            }
        }
        if let Some(admission) = &new.admission {
            let wanted = &admission.municipality;
            let there: Option<municipalities::Row> = municipality::table
                .filter(municipality::slug.eq(wanted.slug.as_str()))
                .select(municipalities::Row::as_select())
                .first(c)
                .await
                .optional()?;
            let owner: MunicipalityId = if let Some(there) = there {
                let there: Municipality = there.try_into()?;
                let taken: i64 = instance::table
                    .filter(
                        instance::municipality_id
                            .eq(there.id.text())
                            .and(instance::environment.eq(admission.instance.environment.to_string())),
                    )
                    .count()
                    .get_result(c)
                    .await?;
                if taken > 0 {
                    return Err(conflict(
                        "slug",
                        "slug-taken",
                        format!("`{}` has a {} instance already, or one is being made", wanted.slug, admission.instance.environment),
                        "choose another slug or another environment, or offboard that one first",
                    ));
                }
                if there.name != wanted.name || there.code != wanted.code {
                    return Err(conflict(
                        "slug",
                        "slug-taken",
                        format!("`{}` belongs to {}", wanted.slug, there.name),
                        "choose another slug, or give the same name and code to add an instance to that municipality",
                    ));
                }
                there.id
            } else {
                match diesel::insert_into(municipality::table).values(municipalities::Row::from(wanted)).execute(c).await {
                    Err(e) if unique_violation(&e).is_some_and(|what| what.contains("code")) => {
                        return Err(conflict(
                            "code",
                            "code-taken",
                            format!(
                                "the code {} is used by another municipality of this fleet",
                                wanted.code.as_ref().map_or("", |c| c.as_str())
                            ),
                            "check the code, or use that municipality's slug",
                        ));
                    }
                    Err(e) if unique_violation(&e).is_some() => {
                        return Err(conflict("slug", "slug-taken", format!("the slug `{}` is taken", wanted.slug), "choose another slug"));
                    }
                    other => other.map(drop)?,
                }
                wanted.id
            };
            let slots: Vec<i32> = instance::table.select(instance::slot).order(instance::slot.asc()).load(c).await?;
            let mut row = instances::Row::try_from(&admission.instance)?;
            row.slot = lowest_free(&slots);
            if u32::try_from(row.slot).is_ok_and(|slot| slot >= Subnet::CAPACITY) {
                return Err(Fault::Domain(Error::Exhausted {
                    what: format!("the fleet's subnet holds {} instances, and all its addresses are taken", Subnet::CAPACITY),
                    fix: "offboard an instance, or run a second fleet".to_owned(),
                }));
            }
            row.municipality_id = owner.text();
            row_source.municipality = owner;
            diesel::insert_into(instance::table).values(&row).execute(c).await?;
            for (name, wildcard) in &admission.domains {
                // Another's wildcard holds this name, or this one's wildcard would hold another's name.
                let parent = name.as_str().split_once('.').map_or("", |(_, parent)| parent);
                let below = if *wildcard { format!("%.{name}") } else { String::new() };
                let held: i64 = domain::table
                    .filter(domain::name.eq(parent).and(domain::wildcard.eq(true)).or(domain::name.like(below)))
                    .filter(domain::instance_id.ne(&row.id))
                    .count()
                    .get_result(c)
                    .await?;
                if held > 0 {
                    return Err(conflict(
                        "domain",
                        "domain-taken",
                        format!("the domain `{}` overlaps with that of another instance of this fleet", name.display()),
                        "choose another domain",
                    ));
                }
                let values = (
                    domain::name.eq(name.as_str()),
                    domain::instance_id.eq(&row.id),
                    domain::wildcard.eq(*wildcard),
                    domain::created_at.eq(row.created_at),
                );
                match diesel::insert_into(domain::table).values(values).execute(c).await {
                    Err(e) if unique_violation(&e).is_some() => {
                        return Err(conflict(
                            "domain",
                            "domain-taken",
                            format!("the domain `{}` leads to another instance of this fleet", name.display()),
                            "choose another domain",
                        ));
                    }
                    other => other.map(drop)?,
                }
            }
        }
        if new.admission.is_none() {
            let before: Option<(String, String)> = instance::table
                .filter(instance::id.eq(new.operation.instance.text()))
                .select((instance::state, instance::reason))
                .first(c)
                .await
                .optional()?;
            let Some((state, reason)) = before else { return Err(Fault::Domain(Error::not_found("instance"))) };
            if new.state.is_some() {
                Before { state: rows::parse("instance.state", &state)?, reason }.note(&mut row_source)?;
            }
        }
        if let Some(asked) =
            Move::of(&row_source.input).filter(|_| matches!(row_source.kind, OperationKind::Update | OperationKind::Revert))
            && let Some(rollout) = asked.rollout
        {
            join!(c, row_source, asked, rollout);
        }
        match diesel::insert_into(operation::table).values(Row::from(&row_source)).execute(c).await {
            Err(e) if unique_violation(&e).is_some() => {
                return Err(conflict(
                    "municipality",
                    "operation-live",
                    format!("another operation on `{}` is going on", new.operation.slug),
                    "wait for it to end; `flotta operation list --state live` shows it",
                ));
            }
            other => other.map(drop)?,
        }
        if let Some(state) = new.state {
            diesel::update(instance::table.filter(instance::id.eq(new.operation.instance.text())))
                .set((instance::state.eq(state.to_string()), instance::reason.eq("")))
                .execute(c)
                .await?;
        }
        if let Some(idem) = &new.idempotency {
            diesel::insert_into(idempotency::table)
                .values((
                    idempotency::user_id.eq(idem.user.text()),
                    idempotency::key.eq(&idem.key),
                    idempotency::request_sha256.eq(&idem.request_sha256),
                    idempotency::operation_id.eq(row_source.id.text()),
                    idempotency::created_at.eq(rows::micros(row_source.created_at)),
                ))
                .execute(c)
                .await?;
        }
        Ok(Started { operation: row_source.clone(), repeated: false })
    })
}

/// The operation that the same key started before, if there is one.
///
/// # Errors
/// `Conflict` when the key was used for another request.
pub async fn repeated(store: &Store, key: &Idempotency) -> Result<Option<Operation>> {
    let before: Option<(String, Row)> = crate::store::connection::read!(store, |c| Ok(idempotency::table
        .inner_join(operation::table.on(operation::id.eq(idempotency::operation_id)))
        .filter(idempotency::user_id.eq(key.user.text()).and(idempotency::key.eq(&key.key)))
        .select((idempotency::request_sha256, Row::as_select()))
        .first(c)
        .await
        .optional()?))?;
    match before {
        None => Ok(None),
        Some((sha, _)) if sha != key.request_sha256 => Err(key_reused()),
        Some((_, row)) => row.try_into().map(Some),
    }
}

fn key_reused() -> Error {
    Error::Conflict(FieldError::new(
        "Idempotency-Key",
        "idempotency-key-reused",
        "this Idempotency-Key was used for another request",
        "send a new key with a new request",
    ))
}

/// A blank operation of the given kind, due at once.
#[must_use]
pub fn blank(kind: OperationKind, municipality: MunicipalityId, slug: Slug, instance: InstanceId, now: Timestamp) -> Operation {
    use crate::fleet::{Direction, OperationId, OperationState};
    Operation {
        id: OperationId::generate(),
        kind,
        workflow_version: 1,
        municipality,
        slug,
        instance,
        input: serde_json::Value::Object(serde_json::Map::new()),
        state: OperationState::Live,
        step: String::new(),
        direction: Direction::Forward,
        attempts: 0,
        error: String::new(),
        requested_by: String::new(),
        deadline_at: now,
        next_at: now,
        lease_owner: None,
        lease_epoch: 0,
        lease_until: now,
        created_at: now,
        updated_at: now,
        finished_at: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lowest_free_slot_fills_gaps() {
        assert_eq!(super::lowest_free(&[]), 0);
        assert_eq!(super::lowest_free(&[0, 1, 3]), 2);
        assert_eq!(super::lowest_free(&[0, 1, 2]), 3);
        assert_eq!(super::lowest_free(&[1]), 0);
    }
}
