// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What instances told of their insides: facts, what runs where, fatal errors, how large what is.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::{component, facts, php_error, site_facts, size},
};
use crate::{
    error::{Error, Result},
    fleet::{
        InstanceId, MunicipalityId,
        facts::{Facts, Noted, SiteFacts, Used, Whole},
    },
};

/// So many fatal errors of one instance are remembered; the oldest go first.
const ERRORS: i64 = 200;

/// Since when an administrator is known, by site and log-in name (`3/anna`); none where from the beginning.
pub type Administrators = BTreeMap<String, Option<Timestamp>>;

/// What is kept of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Changes when the facts do.
    pub mark: String,
    /// Since when its administrators are known.
    pub administrators: Administrators,
    /// When it was told.
    pub collected_at: Timestamp,
}

/// The mark of every instance whose facts are kept, and when they were told. For whoever collects.
///
/// # Errors
/// When the store fails.
pub async fn marks(store: &Store) -> Result<BTreeMap<InstanceId, (String, Timestamp)>> {
    let found: Vec<(String, String, i64)> =
        read!(store, |c| Ok(facts::table.select((facts::instance_id, facts::mark, facts::collected_at)).load(c).await?))?;
    found
        .into_iter()
        .map(|(id, mark, at)| Ok((rows::parse("facts.instance_id", &id)?, (mark, rows::time("facts.collected_at", at)?))))
        .collect()
}

/// What is kept of one instance, and its facts; none where it has told none yet. The caller has made sure whose it is.
///
/// # Errors
/// When the store fails.
pub async fn of(store: &Store, instance: InstanceId) -> Result<Option<(Kept, Facts)>> {
    let id = instance.text();
    let found: Option<(String, String, String, i64)> = read!(store, |c| Ok(facts::table
        .filter(facts::instance_id.eq(&id))
        .select((facts::mark, facts::administrators, facts::document, facts::collected_at))
        .first(c)
        .await
        .optional()?))?;
    let Some((mark, administrators, document, collected_at)) = found else { return Ok(None) };
    let sites: Vec<String> = read!(store, |c| Ok(site_facts::table
        .filter(site_facts::instance_id.eq(&id))
        .order(site_facts::blog.asc())
        .select(site_facts::document)
        .load(c)
        .await?))?;
    let kept = Kept {
        mark,
        administrators: document_of("facts.administrators", &administrators)?,
        collected_at: rows::time("facts.collected_at", collected_at)?,
    };
    let sites = sites.iter().map(|text| document_of("site_facts.document", text)).collect::<Result<_>>()?;
    Ok(Some((kept, Facts { whole: document_of("facts.document", &document)?, sites })))
}

/// One site of an instance, as it told of itself last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// When it was told.
    pub collected_at: Timestamp,
    /// What is the instance's as a whole.
    pub whole: Whole,
    /// What is the site's.
    pub own: SiteFacts,
    /// Since how many seconds its oldest job waits.
    pub overdue: u64,
    /// Its tables, in bytes; none where they were not measured yet.
    pub database_bytes: Option<u64>,
    /// What was uploaded to it, in bytes.
    pub uploads_bytes: Option<u64>,
}

/// One site; none where it has told nothing yet. The caller has made sure whose it is.
///
/// # Errors
/// When the store fails.
pub async fn site(store: &Store, instance: InstanceId, blog: u64) -> Result<Option<Site>> {
    let (id, blog) = (instance.text(), i64::try_from(blog).unwrap_or(i64::MAX));
    let found: Option<(String, i64, String, i64)> = read!(store, |c| Ok(facts::table
        .inner_join(site_facts::table.on(site_facts::instance_id.eq(facts::instance_id)))
        .filter(facts::instance_id.eq(&id).and(site_facts::blog.eq(blog)))
        .select((facts::document, facts::collected_at, site_facts::document, site_facts::overdue))
        .first(c)
        .await
        .optional()?))?;
    let Some((whole, collected_at, own, overdue)) = found else { return Ok(None) };
    let sizes: Option<(i64, Option<i64>)> = read!(store, |c| Ok(size::table
        .filter(size::instance_id.eq(&id).and(size::blog.eq(blog)))
        .order(size::day.desc())
        .select((size::database_bytes, size::uploads_bytes))
        .first(c)
        .await
        .optional()?))?;
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    Ok(Some(Site {
        collected_at: rows::time("facts.collected_at", collected_at)?,
        whole: document_of("facts.document", &whole)?,
        own: document_of("site_facts.document", &own)?,
        overdue: u64::try_from(overdue).unwrap_or_default(),
        database_bytes: sizes.map(|(database, _)| bytes(database)),
        uploads_bytes: sizes.and_then(|(_, uploads)| uploads).map(bytes),
    }))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = php_error)]
struct ErrorOf {
    fingerprint: String,
    kind: String,
    slug: String,
    message: String,
    file: String,
    line: i64,
    total: i64,
    first_at: i64,
    last_at: i64,
}

/// The fatal errors that were seen first in one site, the latest first.
///
/// # Errors
/// When the store fails.
pub async fn errors_of(store: &Store, instance: InstanceId, blog: u64, most: u32) -> Result<Vec<Noted>> {
    let blog = i64::try_from(blog).unwrap_or(i64::MAX);
    let found: Vec<ErrorOf> = read!(store, |c| Ok(php_error::table
        .filter(php_error::instance_id.eq(instance.text()).and(php_error::blog.eq(blog)))
        .order((php_error::last_at.desc(), php_error::fingerprint.asc()))
        .limit(i64::from(most))
        .select(ErrorOf::as_select())
        .load(c)
        .await?))?;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let read = |row: ErrorOf| Noted {
        fingerprint: row.fingerprint,
        count: number(row.total),
        first: row.first_at / 1_000_000,
        last: row.last_at / 1_000_000,
        message: row.message,
        file: row.file,
        line: number(row.line),
        kind: row.kind,
        slug: row.slug,
        blog: number(blog),
    };
    Ok(found.into_iter().map(read).collect())
}

/// Whether a site told of itself that it asks search engines to stay away.
///
/// # Errors
/// When the store fails.
pub async fn hides(store: &Store, instance: InstanceId, blog: u64) -> Result<bool> {
    let blog = i64::try_from(blog).unwrap_or(i64::MAX);
    let found: Option<String> = read!(store, |c| Ok(site_facts::table
        .filter(site_facts::instance_id.eq(instance.text()).and(site_facts::blog.eq(blog)))
        .select(site_facts::document)
        .first(c)
        .await
        .optional()?))?;
    found.map_or(Ok(false), |text| document_of::<SiteFacts>("site_facts.document", &text).map(|site| !site.public))
}

fn document_of<T: serde::de::DeserializeOwned>(column: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Internal(format!("{column} cannot be read: {e}")))
}

fn text_of(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Internal(e.to_string()))
}

/// Keeps what an instance told, in place of what it told before.
///
/// # Errors
/// When the store fails.
pub async fn keep(store: &Store, of: MunicipalityId, instance: InstanceId, kept: &Kept, told: &Facts) -> Result<()> {
    let id = instance.text();
    let (administrators, document) = (text_of(&kept.administrators)?, text_of(&told.whole)?);
    let sites: Vec<(i64, String, i64)> = told
        .sites
        .iter()
        .filter_map(|site| Some((i64::try_from(site.id).ok()?, site)))
        .map(|(blog, site)| Ok((blog, text_of(site)?, i64::try_from(site.cron.overdue).unwrap_or(i64::MAX))))
        .collect::<Result<_>>()?;
    let used = told.used();
    let versions: BTreeMap<(String, &str), &str> =
        used.iter().map(|it| ((it.kind.to_string(), it.slug.as_str()), it.version.as_str())).collect();
    let at = rows::micros(kept.collected_at);
    write!(store, |c| {
        let there: i64 = super::schema::instance::table.filter(super::schema::instance::id.eq(&id)).count().get_result(c).await?;
        if there == 0 {
            // Gone while it was asked.
            return Ok(());
        }
        let before: Vec<(i64, i64)> =
            site_facts::table.filter(site_facts::instance_id.eq(&id)).select((site_facts::blog, site_facts::overdue)).load(c).await?;
        let before: BTreeMap<i64, i64> = before.into_iter().collect();
        diesel::delete(facts::table.filter(facts::instance_id.eq(&id))).execute(c).await?;
        diesel::delete(site_facts::table.filter(site_facts::instance_id.eq(&id))).execute(c).await?;
        diesel::delete(component::table.filter(component::instance_id.eq(&id))).execute(c).await?;
        diesel::insert_into(facts::table)
            .values((
                facts::instance_id.eq(&id),
                facts::municipality_id.eq(of.text()),
                facts::mark.eq(&kept.mark),
                facts::administrators.eq(&administrators),
                facts::document.eq(&document),
                facts::collected_at.eq(at),
            ))
            .execute(c)
            .await?;
        for (blog, document, overdue) in &sites {
            diesel::insert_into(site_facts::table)
                .values((
                    site_facts::instance_id.eq(&id),
                    site_facts::blog.eq(*blog),
                    site_facts::document.eq(document),
                    // Whoever runs the jobs knows it better, where it is known.
                    site_facts::overdue.eq(before.get(blog).copied().unwrap_or(*overdue)),
                ))
                .execute(c)
                .await?;
        }
        for it in &used {
            diesel::insert_into(component::table).values(row_of(&id, it)).execute(c).await?;
        }
        for error in &told.whole.errors {
            let version = versions.get(&(error.kind.clone(), error.slug.as_str())).copied().unwrap_or_default();
            let key = (id.clone(), error.fingerprint.clone());
            let known: Option<(i64, i64, i64)> = php_error::table
                .find(key.clone())
                .select((php_error::total, php_error::counted, php_error::noted_at))
                .first(c)
                .await
                .optional()?;
            let row = error_row(&id, error, version, known);
            let key = (php_error::instance_id, php_error::fingerprint);
            diesel::insert_into(php_error::table).values(&row).on_conflict(key).do_update().set(&row).execute(c).await?;
        }
        let newest = php_error::table
            .filter(php_error::instance_id.eq(&id))
            .order(php_error::last_at.desc())
            .offset(ERRORS)
            .select(php_error::fingerprint)
            .limit(ERRORS)
            .load::<String>(c)
            .await?;
        diesel::delete(php_error::table.filter(php_error::instance_id.eq(&id).and(php_error::fingerprint.eq_any(newest))))
            .execute(c)
            .await?;
        Ok(())
    })
}

#[derive(Insertable)]
#[diesel(table_name = component)]
struct ComponentRow {
    instance_id: String,
    kind: String,
    slug: String,
    name: String,
    version: String,
    sites: i32,
}

fn row_of(id: &str, it: &Used) -> ComponentRow {
    ComponentRow {
        instance_id: id.to_owned(),
        kind: it.kind.to_string(),
        slug: it.slug.clone(),
        name: it.name.clone(),
        version: it.version.clone(),
        sites: i32::try_from(it.sites).unwrap_or(i32::MAX),
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = php_error)]
struct ErrorRow {
    instance_id: String,
    fingerprint: String,
    kind: String,
    slug: String,
    version: String,
    message: String,
    file: String,
    line: i64,
    blog: i64,
    total: i64,
    counted: i64,
    noted_at: i64,
    first_at: i64,
    last_at: i64,
}

/// The container counts from its start; what is known counts on.
fn error_row(id: &str, error: &Noted, version: &str, known: Option<(i64, i64, i64)>) -> ErrorRow {
    let seconds = |at: i64| at.clamp(0, 1 << 40).saturating_mul(1_000_000);
    let (count, first) = (i64::try_from(error.count).unwrap_or(i64::MAX), seconds(error.first));
    let total = match known {
        Some((total, counted, noted)) if noted == first => total + (count - counted).max(0),
        Some((total, ..)) => total + count,
        None => count,
    };
    ErrorRow {
        instance_id: id.to_owned(),
        fingerprint: error.fingerprint.clone(),
        kind: error.kind.clone(),
        slug: error.slug.clone(),
        version: version.to_owned(),
        message: error.message.clone(),
        file: error.file.clone(),
        line: i64::try_from(error.line).unwrap_or_default(),
        blog: i64::try_from(error.blog).unwrap_or_default(),
        total,
        counted: count,
        noted_at: first,
        first_at: first,
        last_at: seconds(error.last),
    }
}

/// So many plugins are suspected at once; more than that is no plugin's fault.
const SUSPECTS: i64 = 20;

/// Plugins with their version that threw since this time, anywhere.
///
/// # Errors
/// When the store fails.
pub async fn throwing(store: &Store, since: Timestamp) -> Result<Vec<(String, String)>> {
    read!(store, |c| Ok(php_error::table
        .filter(php_error::kind.eq("plugin").and(php_error::last_at.ge(rows::micros(since))))
        .select((php_error::slug, php_error::version))
        .distinct()
        .order((php_error::slug.asc(), php_error::version.asc()))
        .limit(SUSPECTS)
        .load(c)
        .await?))
}

/// The sites that run a plugin in a version, by instance.
///
/// # Errors
/// When the store fails.
pub async fn sites_with(store: &Store, slug: &str, version: &str) -> Result<Vec<(InstanceId, BTreeSet<u64>)>> {
    let having: Vec<String> = read!(store, |c| Ok(component::table
        .filter(component::kind.eq("plugin").and(component::slug.eq(slug)).and(component::version.eq(version)))
        .select(component::instance_id)
        .load(c)
        .await?))?;
    let mut all = Vec::new();
    for id in having {
        let instance = rows::parse("component.instance_id", &id)?;
        let Some((_, facts)) = of(store, instance).await? else { continue };
        let Some(plugin) = facts.whole.plugins.iter().find(|plugin| plugin.slug == slug) else { continue };
        let runs = |site: &&SiteFacts| plugin.network || site.plugins.contains(&plugin.file);
        all.push((instance, facts.sites.iter().filter(|site| site.is_open()).filter(runs).map(|site| site.id).collect()));
    }
    Ok(all)
}

/// Notes since how many seconds each site's oldest job waits.
///
/// # Errors
/// When the store fails.
pub async fn set_overdue(store: &Store, instance: InstanceId, overdue: &[(u64, u64)]) -> Result<()> {
    let id = instance.text();
    write!(store, |c| {
        for (blog, seconds) in overdue {
            let (Ok(blog), Ok(seconds)) = (i64::try_from(*blog), i64::try_from(*seconds)) else { continue };
            let one = site_facts::table.filter(site_facts::instance_id.eq(&id).and(site_facts::blog.eq(blog)));
            diesel::update(one).set(site_facts::overdue.eq(seconds)).execute(c).await?;
        }
        Ok(())
    })
}

/// How many sites have a job that waits at least so long, in seconds.
///
/// # Errors
/// When the store fails.
pub async fn overdue(store: &Store, seconds: u64) -> Result<u32> {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let count: i64 = read!(store, |c| Ok(site_facts::table.filter(site_facts::overdue.ge(seconds)).count().get_result(c).await?))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Keeps how large what is on a day (since 1970): by site, its tables and what was uploaded to it, in bytes. 0 is the whole instance.
///
/// # Errors
/// When the store fails.
pub async fn keep_sizes(store: &Store, instance: InstanceId, day: i32, sizes: &[(u64, u64, Option<u64>)]) -> Result<()> {
    let id = instance.text();
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    write!(store, |c| {
        let there: i64 = super::schema::instance::table.filter(super::schema::instance::id.eq(&id)).count().get_result(c).await?;
        if there == 0 {
            return Ok(());
        }
        diesel::delete(size::table.filter(size::instance_id.eq(&id).and(size::day.eq(day)))).execute(c).await?;
        for (blog, database, uploads) in sizes {
            let row = (
                size::instance_id.eq(&id),
                size::blog.eq(bytes(*blog)),
                size::day.eq(day),
                size::database_bytes.eq(bytes(*database)),
                size::uploads_bytes.eq(uploads.map(bytes)),
            );
            diesel::insert_into(size::table).values(row).execute(c).await?;
        }
        Ok(())
    })
}

/// Forgets sizes of before this day, and errors that were last seen before this time.
///
/// # Errors
/// When the store fails.
pub async fn forget_before(store: &Store, day: i32, at: Timestamp) -> Result<()> {
    write!(store, |c| {
        diesel::delete(size::table.filter(size::day.lt(day))).execute(c).await?;
        diesel::delete(php_error::table.filter(php_error::last_at.lt(rows::micros(at)))).execute(c).await?;
        Ok(())
    })
}
