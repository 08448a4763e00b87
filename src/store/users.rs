// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Users. Their password hashes leave this file only for log-in.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{one_at_a_time, read, write},
    municipalities::escape_like,
    rows,
    schema::{api_token, session, user, user_municipality},
    unique_violation,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Email, MunicipalityId, Role, UserId, access::User},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = user)]
struct Row {
    id: String,
    email: String,
    name: String,
    role: String,
    password_hash: String,
    language: Option<String>,
    created_at: i64,
    disabled_at: Option<i64>,
}

fn assemble(row: Row, municipalities: Vec<MunicipalityId>) -> Result<User> {
    Ok(User {
        id: rows::parse("user.id", &row.id)?,
        email: rows::parse("user.email", &row.email)?,
        name: row.name,
        role: rows::parse("user.role", &row.role)?,
        municipalities,
        language: row.language,
        created_at: rows::time("user.created_at", row.created_at)?,
        disabled_at: rows::maybe_time("user.disabled_at", row.disabled_at)?,
    })
}

fn bindings(found: Vec<(String, String)>) -> Result<HashMap<String, Vec<MunicipalityId>>> {
    let mut of: HashMap<String, Vec<MunicipalityId>> = HashMap::new();
    for (user, municipality) in found {
        of.entry(user).or_default().push(rows::parse("user_municipality.municipality_id", &municipality)?);
    }
    Ok(of)
}

/// Which users a list is to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the log-in name.
    pub email: Option<String>,
    /// Only with this role.
    pub role: Option<Role>,
}

/// Adds a user with a password hash.
///
/// # Errors
/// `Conflict` when the e-mail address is taken.
pub async fn insert(store: &Store, new: &User, password_hash: &str) -> Result<()> {
    let row = Row {
        id: new.id.text(),
        email: new.email.to_string(),
        name: new.name.clone(),
        role: new.role.to_string(),
        password_hash: password_hash.to_owned(),
        language: new.language.clone(),
        created_at: rows::micros(new.created_at),
        disabled_at: new.disabled_at.map(rows::micros),
    };
    write!(store, |c| {
        match diesel::insert_into(user::table).values(&row).execute(c).await {
            Err(e) if unique_violation(&e).is_some() => {
                return Err(Error::Conflict(FieldError::new(
                    "email",
                    "email-taken",
                    format!("there is a user `{}` already", new.email),
                    "change or enable that user, or give another address",
                ))
                .into());
            }
            other => other.map(drop)?,
        }
        for id in &new.municipalities {
            diesel::insert_into(user_municipality::table)
                .values((user_municipality::user_id.eq(&row.id), user_municipality::municipality_id.eq(id.text())))
                .execute(c)
                .await?;
        }
        Ok(())
    })
}

/// The user of that id.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn get(store: &Store, id: UserId) -> Result<User> {
    let (row, bound): (Option<Row>, Vec<(String, String)>) = read!(store, |c| {
        let row = user::table.filter(user::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?;
        let bound = user_municipality::table.filter(user_municipality::user_id.eq(id.text())).load(c).await?;
        Ok((row, bound))
    })?;
    let row = row.ok_or_else(|| Error::not_found("user"))?;
    let municipalities = bindings(bound)?.remove(&row.id).unwrap_or_default();
    assemble(row, municipalities)
}

/// The user of that log-in name with the password hash, if there is one.
///
/// # Errors
/// When the store fails.
pub async fn for_login(store: &Store, email: &Email) -> Result<Option<(User, String)>> {
    let (row, bound): (Option<Row>, Vec<(String, String)>) = read!(store, |c| {
        let row: Option<Row> = user::table.filter(user::email.eq(email.as_str())).select(Row::as_select()).first(c).await.optional()?;
        let id = row.as_ref().map(|row| row.id.clone()).unwrap_or_default();
        let bound = user_municipality::table.filter(user_municipality::user_id.eq(id)).load(c).await?;
        Ok((row, bound))
    })?;
    let Some(row) = row else { return Ok(None) };
    let municipalities = bindings(bound)?.remove(&row.id).unwrap_or_default();
    let hash = row.password_hash.clone();
    Ok(Some((assemble(row, municipalities)?, hash)))
}

/// A page of users by log-in name.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, filter: &Filter, page: PageRequest) -> Result<Page<User>> {
    let like = filter.email.as_ref().map(|text| format!("%{}%", escape_like(&text.to_ascii_lowercase())));
    let (found, bound, total) = read!(store, |c| {
        let query = || {
            let mut query = user::table.into_boxed();
            if let Some(like) = &like {
                query = query.filter(user::email.like(like.clone()).escape('\\'));
            }
            if let Some(role) = filter.role {
                query = query.filter(user::role.eq(role.to_string()));
            }
            query
        };
        let found: Vec<Row> =
            query().select(Row::as_select()).order(user::email.asc()).offset(page.offset()).limit(page.limit()).load(c).await?;
        let ids: Vec<String> = found.iter().map(|row| row.id.clone()).collect();
        let bound: Vec<(String, String)> = user_municipality::table.filter(user_municipality::user_id.eq_any(ids)).load(c).await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((found, bound, total))
    })?;
    let mut of = bindings(bound)?;
    let users = found.into_iter().map(|row| {
        let municipalities = of.remove(&row.id).unwrap_or_default();
        assemble(row, municipalities)
    });
    Ok(Page::new(users.collect::<Result<_>>()?, page, total))
}

/// Whether there is any user at all.
///
/// # Errors
/// When the store fails.
pub async fn any(store: &Store) -> Result<bool> {
    let count: i64 = read!(store, |c| Ok(user::table.count().get_result(c).await?))?;
    Ok(count > 0)
}

/// Writes a user's name, role, municipalities, language and whether the account is disabled. Disabling ends every session
/// and revokes every token.
///
/// # Errors
/// `NotFound` when there is none of that id; `Conflict` when no administrator would be left.
pub async fn update(store: &Store, changed: &User, now: Timestamp) -> Result<()> {
    let id = changed.id.text();
    write!(store, |c| {
        one_at_a_time!(c, "users");
        let rows = diesel::update(user::table.filter(user::id.eq(&id)))
            .set((
                user::name.eq(&changed.name),
                user::role.eq(changed.role.to_string()),
                user::language.eq(&changed.language),
                user::disabled_at.eq(changed.disabled_at.map(rows::micros)),
            ))
            .execute(c)
            .await?;
        if rows == 0 {
            return Err(Error::not_found("user").into());
        }
        let administrators: i64 = user::table
            .filter(user::role.eq(Role::Administrator.to_string()).and(user::disabled_at.is_null()))
            .count()
            .get_result(c)
            .await?;
        if administrators == 0 {
            let field = if changed.disabled_at.is_some() { "disabled" } else { "role" };
            return Err(Error::Conflict(FieldError::new(
                field,
                "last-administrator",
                format!("`{}` is the last administrator", changed.email),
                "make somebody else an administrator first",
            ))
            .into());
        }
        diesel::delete(user_municipality::table.filter(user_municipality::user_id.eq(&id))).execute(c).await?;
        for municipality in &changed.municipalities {
            diesel::insert_into(user_municipality::table)
                .values((user_municipality::user_id.eq(&id), user_municipality::municipality_id.eq(municipality.text())))
                .execute(c)
                .await?;
        }
        if changed.disabled_at.is_some() {
            diesel::delete(session::table.filter(session::user_id.eq(&id))).execute(c).await?;
            diesel::update(api_token::table.filter(api_token::user_id.eq(&id).and(api_token::revoked_at.is_null())))
                .set(api_token::revoked_at.eq(rows::micros(now)))
                .execute(c)
                .await?;
        }
        Ok(())
    })
}

/// Writes another password hash and ends every session of the user, but for the one given.
///
/// # Errors
/// `NotFound` when there is none of that id.
pub async fn set_password(store: &Store, id: UserId, password_hash: &str, keep_session: Option<&str>) -> Result<()> {
    write!(store, |c| {
        let rows = diesel::update(user::table.filter(user::id.eq(id.text()))).set(user::password_hash.eq(password_hash)).execute(c).await?;
        if rows == 0 {
            return Err(Error::not_found("user").into());
        }
        diesel::delete(
            session::table
                .filter(session::user_id.eq(id.text()).and(session::token_sha256.ne(keep_session.unwrap_or_default().to_owned()))),
        )
        .execute(c)
        .await?;
        Ok(())
    })
}
