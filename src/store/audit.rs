// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The audit log: lines are added and read, never changed; the database refuses the rest.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    municipalities::escape_like,
    rows,
    schema::audit,
};
use crate::{
    error::{Error, Result},
    fleet::{AuditEntry, AuditResult, MunicipalityId, Scope},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
struct Row {
    id: String,
    at: i64,
    actor: String,
    action: String,
    target: String,
    municipality_id: Option<String>,
    address: String,
    result: String,
    detail: String,
}

impl From<&AuditEntry> for Row {
    fn from(e: &AuditEntry) -> Self {
        Self {
            id: e.id.text(),
            at: rows::micros(e.at),
            actor: e.actor.clone(),
            action: e.action.clone(),
            target: e.target.clone(),
            municipality_id: e.municipality.map(|id| id.text()),
            address: e.address.clone(),
            result: e.result.to_string(),
            detail: e.detail.to_string(),
        }
    }
}

impl TryFrom<Row> for AuditEntry {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("audit.id", &row.id)?,
            at: rows::time("audit.at", row.at)?,
            actor: row.actor,
            action: row.action,
            target: row.target,
            municipality: row.municipality_id.map(|id| rows::parse("audit.municipality_id", &id)).transpose()?,
            address: row.address,
            result: rows::parse("audit.result", &row.result)?,
            detail: rows::json("audit.detail", &row.detail)?,
        })
    }
}

/// Which lines a list is to hold; each part narrows it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who, exactly.
    pub actor: Option<String>,
    /// What, from its beginning: `municipality` gives every `municipality.…`.
    pub action: Option<String>,
    /// On what, exactly.
    pub target: Option<String>,
    /// Concerning this municipality.
    pub municipality: Option<MunicipalityId>,
    /// With this result.
    pub result: Option<AuditResult>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// Adds a line.
///
/// # Errors
/// When the store fails.
pub async fn append(store: &Store, entry: &AuditEntry) -> Result<()> {
    let row = Row::from(entry);
    write!(store, |c| Ok(diesel::insert_into(audit::table).values(&row).execute(c).await.map(drop)?))
}

/// A page of lines, newest first. A scope narrower than the fleet sees only lines that concern its municipalities.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<AuditEntry>> {
    let ids = match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(|id| id.text()).collect::<Vec<_>>()),
    };
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = audit::table.into_boxed();
            if let Some(ids) = &ids {
                query = query.filter(audit::municipality_id.eq_any(ids));
            }
            if let Some(actor) = &filter.actor {
                query = query.filter(audit::actor.eq(actor));
            }
            if let Some(action) = &filter.action {
                query = query.filter(audit::action.like(format!("{}%", escape_like(action))).escape('\\'));
            }
            if let Some(target) = &filter.target {
                query = query.filter(audit::target.eq(target));
            }
            if let Some(id) = filter.municipality {
                query = query.filter(audit::municipality_id.eq(id.text()));
            }
            if let Some(result) = filter.result {
                query = query.filter(audit::result.eq(result.to_string()));
            }
            if let Some(since) = filter.since {
                query = query.filter(audit::at.ge(rows::micros(since)));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit::at.lt(rows::micros(until)));
            }
            query
        };
        let rows: Vec<Row> = query()
            .select(Row::as_select())
            .order((audit::at.desc(), audit::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(AuditEntry::try_from).collect::<Result<_>>()?, page, total))
}

/// When each of these actors last did this with success.
///
/// # Errors
/// When the store fails.
pub async fn last_done(store: &Store, action: &str, actors: &[String]) -> Result<HashMap<String, Timestamp>> {
    let done = AuditResult::Done.to_string();
    let found: Vec<(String, Option<i64>)> = read!(store, |c| Ok(audit::table
        .filter(audit::action.eq(action).and(audit::result.eq(&done)).and(audit::actor.eq_any(actors)))
        .group_by(audit::actor)
        .select((audit::actor, diesel::dsl::max(audit::at)))
        .load(c)
        .await?))?;
    found.into_iter().filter_map(|(actor, at)| Some((actor, at?))).map(|(actor, at)| Ok((actor, rows::time("audit.at", at)?))).collect()
}
