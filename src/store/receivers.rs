// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is told of incidents. Their addresses are among the secrets.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    checks::covered,
    connection::{read, write},
    rows,
    schema::{municipality, receiver, secret},
    secrets::Sealed,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{MunicipalityId, Receiver, ReceiverId, Scope},
};

/// So many receivers a municipality, or the fleet, has.
const MOST: i64 = 50;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = receiver)]
struct Row {
    id: String,
    municipality_id: Option<String>,
    kind: String,
    name: String,
    shown: String,
    language: String,
    after_minutes: i32,
    remind_minutes: i32,
    signing_key: i32,
    old_key_until: Option<i64>,
    created_at: i64,
}

fn read_row((row, slug): (Row, Option<String>)) -> Result<Receiver> {
    Ok(Receiver {
        id: rows::parse("receiver.id", &row.id)?,
        municipality: row.municipality_id.map(|id| rows::parse("receiver.municipality_id", &id)).transpose()?,
        slug: slug.map(|slug| rows::parse("municipality.slug", &slug)).transpose()?,
        kind: rows::parse("receiver.kind", &row.kind)?,
        name: row.name,
        shown: row.shown,
        language: rows::parse("receiver.language", &row.language)?,
        after_minutes: rows::unsigned("receiver.after_minutes", row.after_minutes)?,
        remind_minutes: rows::unsigned("receiver.remind_minutes", row.remind_minutes)?,
        signing_key: rows::unsigned("receiver.signing_key", row.signing_key)?,
        old_key_until: rows::maybe_time("receiver.old_key_until", row.old_key_until)?,
        created_at: rows::time("receiver.created_at", row.created_at)?,
    })
}

fn covers(scope: &Scope, of: Option<MunicipalityId>) -> bool {
    of.map_or(*scope == Scope::Fleet, |of| scope.covers(of))
}

/// Inside a `write!`: adds secrets that are new.
macro_rules! add_secrets {
    ($c:ident, $secrets:expr, $at:expr) => {
        for s in $secrets {
            let values = (
                secret::owner.eq(&s.owner),
                secret::name.eq(&s.name),
                secret::key_id.eq(&s.key_id),
                secret::ciphertext.eq(&s.ciphertext),
                secret::created_at.eq($at),
            );
            diesel::insert_into(secret::table).values(values).execute($c).await?;
        }
    };
}

/// Adds a receiver with its secrets.
///
/// # Errors
/// `NotFound` where the scope does not cover it; `Conflict` where there are too many already.
pub async fn insert(store: &Store, scope: &Scope, new: &Receiver, secrets: &[Sealed]) -> Result<()> {
    if !covers(scope, new.municipality) {
        return Err(Error::not_found("municipality"));
    }
    let row = Row {
        id: new.id.text(),
        municipality_id: new.municipality.map(|id| id.text()),
        kind: new.kind.to_string(),
        name: new.name.clone(),
        shown: new.shown.clone(),
        language: new.language.to_string(),
        after_minutes: rows::signed("receiver.after_minutes", new.after_minutes)?,
        remind_minutes: rows::signed("receiver.remind_minutes", new.remind_minutes)?,
        signing_key: rows::signed("receiver.signing_key", new.signing_key)?,
        old_key_until: None,
        created_at: rows::micros(new.created_at),
    };
    write!(store, |c| {
        let there: i64 = match &row.municipality_id {
            Some(of) => receiver::table.filter(receiver::municipality_id.eq(of)).count().get_result(c).await?,
            None => receiver::table.filter(receiver::municipality_id.is_null()).count().get_result(c).await?,
        };
        if there >= MOST {
            let full = FieldError::new("receiver", "too-many-receivers", format!("there are {there} receivers"), "remove one first");
            return Err(Error::Conflict(full).into());
        }
        add_secrets!(c, secrets, row.created_at);
        diesel::insert_into(receiver::table).values(&row).execute(c).await?;
        Ok(())
    })
}

/// Every receiver. For whoever decides what is told.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<Vec<Receiver>> {
    let found: Vec<(Row, Option<String>)> = read!(store, |c| Ok(receiver::table
        .left_join(municipality::table)
        .order(receiver::id.asc())
        .select((Row::as_select(), municipality::slug.nullable()))
        .load(c)
        .await?))?;
    found.into_iter().map(read_row).collect()
}

/// A page of receivers, the fleet's first, then by municipality and name. Whoever sees some municipalities only sees theirs.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, of: Option<MunicipalityId>, page: PageRequest) -> Result<Page<Receiver>> {
    let only = covered(scope, of);
    macro_rules! matching {
        () => {{
            let mut query = receiver::table.left_join(municipality::table).into_boxed();
            if let Some(only) = &only {
                query = query.filter(receiver::municipality_id.eq_any(only));
            }
            query
        }};
    }
    let (found, total): (Vec<(Row, Option<String>)>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((receiver::municipality_id.is_not_null().asc(), municipality::slug.asc(), receiver::name.asc(), receiver::id.asc()))
            .select((Row::as_select(), municipality::slug.nullable()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(read_row).collect::<Result<_>>()?, page, total))
}

/// One receiver.
///
/// # Errors
/// `NotFound` when there is none of that id, or the scope does not cover it.
pub async fn get(store: &Store, scope: &Scope, id: ReceiverId) -> Result<Receiver> {
    let found: Option<(Row, Option<String>)> = read!(store, |c| Ok(receiver::table
        .left_join(municipality::table)
        .filter(receiver::id.eq(id.text()))
        .select((Row::as_select(), municipality::slug.nullable()))
        .first(c)
        .await
        .optional()?))?;
    let found = found.map(read_row).transpose()?.filter(|receiver| covers(scope, receiver.municipality));
    found.ok_or_else(|| Error::not_found("receiver"))
}

/// Gives a receiver its next signing key, sealed; the one before signs too until `until`, and those before that are forgotten.
///
/// # Errors
/// As [`get`]; `Conflict` where somebody else did so meanwhile.
pub async fn rotate(store: &Store, scope: &Scope, of: &Receiver, next: &Sealed, until: Timestamp, now: Timestamp) -> Result<()> {
    get(store, scope, of.id).await?;
    let (id, key) = (of.id.text(), rows::signed("receiver.signing_key", of.signing_key)?);
    let kept = [key_name(of.signing_key), next.name.clone(), ADDRESS.to_owned()];
    write!(store, |c| {
        let row = receiver::table.filter(receiver::id.eq(&id).and(receiver::signing_key.eq(key)));
        let set = (receiver::signing_key.eq(key + 1), receiver::old_key_until.eq(rows::micros(until)));
        if diesel::update(row).set(set).execute(c).await? == 0 {
            let changed = FieldError::new("receiver", "changed-meanwhile", "somebody else gave it a new key just now", "look at it again");
            return Err(Error::Conflict(changed).into());
        }
        let secrets = [next];
        add_secrets!(c, secrets, rows::micros(now));
        diesel::delete(secret::table.filter(secret::owner.eq(&id).and(secret::name.ne_all(&kept)))).execute(c).await?;
        Ok(())
    })
}

/// Name of the secret that holds a receiver's whole address.
pub const ADDRESS: &str = "address";

/// Name of the secret that holds a receiver's signing key of this number.
#[must_use]
pub fn key_name(number: u32) -> String {
    format!("signing_key_{number}")
}

/// Forgets a receiver with its secrets and its log.
///
/// # Errors
/// As [`get`].
pub async fn remove(store: &Store, scope: &Scope, id: ReceiverId) -> Result<Receiver> {
    let found = get(store, scope, id).await?;
    write!(store, |c| {
        diesel::delete(receiver::table.filter(receiver::id.eq(id.text()))).execute(c).await?;
        diesel::delete(secret::table.filter(secret::owner.eq(id.text()))).execute(c).await?;
        Ok(())
    })?;
    Ok(found)
}
