// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Questions over the whole fleet: what runs where, what throws where, what grew.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Store,
    checks::covered,
    connection::read,
    rows,
    schema::{component, instance, municipality, php_error, size},
};
use crate::{
    error::Result,
    fleet::{Environment, InstanceId, Scope, Slug, facts::ComponentKind},
};

/// No answer has more rows.
const MOST: i64 = 50_000;

/// One component in one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Whose instance.
    pub slug: Slug,
    /// Which of theirs.
    pub environment: Environment,
    /// What it is.
    pub kind: ComponentKind,
    /// Its folder or file; of WordPress itself `wordpress`.
    pub component: String,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many sites use it.
    pub sites: u32,
}

/// What of this kind runs where; of all slugs, or of one.
///
/// # Errors
/// When the store fails.
pub async fn running(store: &Store, scope: &Scope, kind: ComponentKind, slug: Option<&str>) -> Result<Vec<Running>> {
    type Row = (String, String, String, String, String, i32);
    let only = covered(scope, None);
    let found: Vec<Row> = read!(store, |c| {
        let mut query = component::table
            .inner_join(instance::table.inner_join(municipality::table))
            .filter(component::kind.eq(kind.to_string()))
            .into_boxed();
        if let Some(only) = &only {
            query = query.filter(instance::municipality_id.eq_any(only));
        }
        if let Some(slug) = slug {
            query = query.filter(component::slug.eq(slug));
        }
        Ok(query
            .order((component::slug.asc(), municipality::slug.asc(), instance::environment.asc()))
            .select((municipality::slug, instance::environment, component::slug, component::name, component::version, component::sites))
            .limit(MOST)
            .load(c)
            .await?)
    })?;
    let one = |(slug, environment, component, name, version, sites): Row| {
        Ok(Running {
            slug: rows::parse("municipality.slug", &slug)?,
            environment: rows::parse("instance.environment", &environment)?,
            kind,
            component,
            name,
            version,
            sites: rows::unsigned("component.sites", sites)?,
        })
    };
    found.into_iter().map(one).collect()
}

/// One fatal error in one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thrown {
    /// Whose instance.
    pub slug: Slug,
    /// Which of theirs.
    pub environment: Environment,
    /// Knows the error again.
    pub fingerprint: String,
    /// What is to blame: `core`, `theme`, `plugin`, `mu-plugin`.
    pub kind: String,
    /// Which one.
    pub component: String,
    /// In which version.
    pub version: String,
    /// What was said.
    pub message: String,
    /// Where.
    pub file: String,
    /// In which line.
    pub line: u64,
    /// How often.
    pub total: u64,
    /// When last.
    pub last_at: Timestamp,
}

/// What threw since this time, the last first.
///
/// # Errors
/// When the store fails.
pub async fn thrown(store: &Store, scope: &Scope, since: Timestamp) -> Result<Vec<Thrown>> {
    type Row = ((String, String, String, String, String, String), (String, String, i64, i64, i64));
    let only = covered(scope, None);
    let found: Vec<Row> = read!(store, |c| {
        let mut query = php_error::table
            .inner_join(instance::table.inner_join(municipality::table))
            .filter(php_error::last_at.ge(rows::micros(since)))
            .into_boxed();
        if let Some(only) = &only {
            query = query.filter(instance::municipality_id.eq_any(only));
        }
        Ok(query
            .order(php_error::last_at.desc())
            .select((
                (municipality::slug, instance::environment, php_error::fingerprint, php_error::kind, php_error::slug, php_error::version),
                (php_error::message, php_error::file, php_error::line, php_error::total, php_error::last_at),
            ))
            .limit(MOST)
            .load(c)
            .await?)
    })?;
    let one = |((slug, environment, fingerprint, kind, component, version), (message, file, line, total, last)): Row| {
        Ok(Thrown {
            slug: rows::parse("municipality.slug", &slug)?,
            environment: rows::parse("instance.environment", &environment)?,
            fingerprint,
            kind,
            component,
            version,
            message,
            file,
            line: u64::try_from(line).unwrap_or_default(),
            total: u64::try_from(total).unwrap_or_default(),
            last_at: rows::time("php_error.last_at", last)?,
        })
    };
    found.into_iter().map(one).collect()
}

/// How large one instance was on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Which instance.
    pub instance: InstanceId,
    /// Whose.
    pub slug: Slug,
    /// Which of theirs.
    pub environment: Environment,
    /// The day, since 1970.
    pub day: i32,
    /// Its tables, in bytes.
    pub database: u64,
    /// What was uploaded, in bytes, where it could be told.
    pub uploads: Option<u64>,
}

/// How large instances were, from this day on.
///
/// # Errors
/// When the store fails.
pub async fn sizes(store: &Store, scope: &Scope, from: i32) -> Result<Vec<Size>> {
    type Row = (String, String, String, i32, i64, Option<i64>);
    let only = covered(scope, None);
    let found: Vec<Row> = read!(store, |c| {
        let mut query = size::table
            .inner_join(instance::table.inner_join(municipality::table))
            .filter(size::blog.eq(0_i64).and(size::day.ge(from)))
            .into_boxed();
        if let Some(only) = &only {
            query = query.filter(instance::municipality_id.eq_any(only));
        }
        Ok(query
            .order((municipality::slug.asc(), size::day.asc()))
            .select((size::instance_id, municipality::slug, instance::environment, size::day, size::database_bytes, size::uploads_bytes))
            .limit(MOST)
            .load(c)
            .await?)
    })?;
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    let one = |(id, slug, environment, day, database, uploads): Row| {
        Ok(Size {
            instance: rows::parse("size.instance_id", &id)?,
            slug: rows::parse("municipality.slug", &slug)?,
            environment: rows::parse("instance.environment", &environment)?,
            day,
            database: bytes(database),
            uploads: uploads.map(bytes),
        })
    };
    found.into_iter().map(one).collect()
}
