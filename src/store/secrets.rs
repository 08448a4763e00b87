// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Secrets as ciphertext. What they are and how they are sealed is `crate::vault`'s business.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::secret,
};
use crate::error::Result;

/// One sealed secret.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = secret)]
pub struct Sealed {
    /// An instance's id, or `platform`.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Which master key sealed it.
    pub key_id: String,
    /// Base64 of nonce and ciphertext.
    pub ciphertext: String,
}

/// Adds secrets; one that is there already stays as it is, so that a retry uses it again.
///
/// # Errors
/// When the store fails.
pub async fn add(store: &Store, sealed: &[Sealed], now: Timestamp) -> Result<()> {
    write!(store, |c| {
        for s in sealed {
            diesel::insert_into(secret::table)
                .values((
                    secret::owner.eq(&s.owner),
                    secret::name.eq(&s.name),
                    secret::key_id.eq(&s.key_id),
                    secret::ciphertext.eq(&s.ciphertext),
                    secret::created_at.eq(rows::micros(now)),
                ))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
        }
        Ok(())
    })
}

/// All secrets of an owner.
///
/// # Errors
/// When the store fails.
pub async fn of(store: &Store, owner: &str) -> Result<Vec<Sealed>> {
    read!(store, |c| Ok(secret::table
        .filter(secret::owner.eq(owner))
        .select(Sealed::as_select())
        .order(secret::name.asc())
        .load(c)
        .await?))
}

/// Every secret, for rotation.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<Vec<Sealed>> {
    read!(store, |c| Ok(secret::table.select(Sealed::as_select()).load(c).await?))
}

/// Replaces one secret's ciphertext, if it is still the one given; for rotation of the master key.
///
/// # Errors
/// When the store fails.
pub async fn replace(store: &Store, old: &Sealed, new: &Sealed) -> Result<bool> {
    let changed = write!(store, |c| Ok(diesel::update(secret::table)
        .filter(secret::owner.eq(&old.owner).and(secret::name.eq(&old.name)).and(secret::ciphertext.eq(&old.ciphertext)))
        .set((secret::key_id.eq(&new.key_id), secret::ciphertext.eq(&new.ciphertext)))
        .execute(c)
        .await?))?;
    Ok(changed == 1)
}

/// Forgets all secrets of an owner.
///
/// # Errors
/// When the store fails.
pub async fn forget(store: &Store, owner: &str) -> Result<()> {
    write!(store, |c| Ok(diesel::delete(secret::table.filter(secret::owner.eq(owner))).execute(c).await.map(drop)?))
}
