// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Findings: what was found, what is over, what somebody has put aside.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    checks::covered,
    connection::{one_at_a_time, read, write},
    rows,
    schema::{finding, health_check as check, municipality},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Finding, FindingId, FindingKind, Id, InstanceId, MunicipalityId, Scope,
        finding::{About, Found},
    },
};

/// So many findings of one kind are kept open about one instance or check; what is more says nothing new.
const MOST: usize = 200;
/// A subject is no longer than this, in characters.
const SUBJECT: usize = 300;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = finding)]
struct Row {
    id: String,
    kind: String,
    municipality_id: String,
    instance_id: Option<String>,
    blog: Option<i64>,
    check_number: Option<i32>,
    subject: String,
    evidence: String,
    opened_at: i64,
    resolved_at: Option<i64>,
    muted_at: Option<i64>,
    muted_until: Option<i64>,
    muted_by: String,
    reason: String,
}

fn read_row((row, slug): (Row, String)) -> Result<Finding> {
    Ok(Finding {
        id: rows::parse("finding.id", &row.id)?,
        kind: rows::parse("finding.kind", &row.kind)?,
        municipality: rows::parse("finding.municipality_id", &row.municipality_id)?,
        slug: rows::parse("municipality.slug", &slug)?,
        instance: row.instance_id.map(|id| rows::parse("finding.instance_id", &id)).transpose()?,
        blog: row.blog.and_then(|blog| u64::try_from(blog).ok()),
        check: row.check_number.map(|number| rows::unsigned("finding.check_number", number)).transpose()?,
        subject: row.subject,
        evidence: rows::json("finding.evidence", &row.evidence)?,
        opened_at: rows::time("finding.opened_at", row.opened_at)?,
        resolved_at: rows::maybe_time("finding.resolved_at", row.resolved_at)?,
        muted_at: rows::maybe_time("finding.muted_at", row.muted_at)?,
        muted_until: rows::maybe_time("finding.muted_until", row.muted_until)?,
        muted_by: row.muted_by,
        reason: row.reason,
    })
}

/// What became of the findings about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that are new.
    pub opened: Vec<FindingId>,
    /// Those that are over.
    pub resolved: Vec<FindingId>,
}

/// Makes the open findings of these kinds about one thing exactly these. Of those that stay, what was seen is brought up to date.
///
/// # Errors
/// When the store fails.
pub async fn sync(
    store: &Store,
    of: MunicipalityId,
    about: &About,
    kinds: &[FindingKind],
    found: &[Found],
    now: Timestamp,
) -> Result<Changes> {
    let at = rows::micros(now);
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let (instance, number) = match about {
        About::Instance(id) => (Some(id.text()), None),
        About::Check(number) => (None, Some(rows::signed("finding.check_number", *number)?)),
    };
    let mut wanted: HashMap<(String, String), &Found> = HashMap::new();
    let mut counts: HashMap<FindingKind, usize> = HashMap::new();
    for one in found.iter().filter(|one| kinds.contains(&one.kind)) {
        let count = counts.entry(one.kind).or_default();
        if *count < MOST {
            *count += 1;
            wanted.insert((one.kind.to_string(), one.subject.chars().take(SUBJECT).collect()), one);
        }
    }
    write!(store, |c| {
        one_at_a_time!(c, "finding");
        let mut open = finding::table.filter(finding::resolved_at.is_null().and(finding::kind.eq_any(&names))).into_boxed();
        open = open.filter(finding::municipality_id.eq(of.text()));
        open = match (&instance, number) {
            (Some(id), _) => open.filter(finding::instance_id.eq(id.clone()).and(finding::check_number.is_null())),
            (None, Some(number)) => open.filter(finding::check_number.eq(number).and(finding::instance_id.is_null())),
            (None, None) => open.filter(finding::check_number.is_null().and(finding::instance_id.is_null())),
        };
        let there: Vec<Row> = open.select(Row::as_select()).load(c).await?;
        let mut left = wanted.clone();
        let mut changes = Changes::default();
        for row in there {
            let it = finding::table.filter(finding::id.eq(row.id.clone()));
            match left.remove(&(row.kind, row.subject)).map(|seen| seen.evidence.to_string()) {
                Some(evidence) if evidence == row.evidence => {}
                Some(evidence) => {
                    diesel::update(it).set(finding::evidence.eq(evidence)).execute(c).await?;
                }
                None => {
                    diesel::update(it).set(finding::resolved_at.eq(at)).execute(c).await?;
                    changes.resolved.push(rows::parse("finding.id", &row.id)?);
                }
            }
        }
        let whose: i64 = municipality::table.filter(municipality::id.eq(of.text())).count().get_result(c).await?;
        if whose == 0 {
            // Whoever is gone meanwhile needs nothing more.
            return Ok(changes);
        }
        for ((kind, subject), seen) in left {
            let id: FindingId = Id::generate();
            let row = Row {
                id: id.text(),
                kind,
                municipality_id: of.text(),
                instance_id: instance.clone(),
                blog: seen.blog.and_then(|blog| i64::try_from(blog).ok()),
                check_number: number,
                subject,
                evidence: seen.evidence.to_string(),
                opened_at: at,
                resolved_at: None,
                muted_at: None,
                muted_until: None,
                muted_by: String::new(),
                reason: String::new(),
            };
            diesel::insert_into(finding::table).values(&row).execute(c).await?;
            changes.opened.push(id);
        }
        Ok(changes)
    })
}

/// A site or address that findings may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The check's number.
    pub number: u32,
    /// Which site of which instance it is, where it is one.
    pub site: Option<(InstanceId, u64)>,
}

/// Which findings are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only open ones, or only those that are over.
    pub open: Option<bool>,
    /// Only those of this kind.
    pub kind: Option<FindingKind>,
    /// Only this municipality's.
    pub municipality: Option<MunicipalityId>,
    /// Only those about this site or address.
    pub about: Option<Spot>,
    /// Only those that are, at this time, put aside (true) or not (false).
    pub muted: Option<(bool, Timestamp)>,
}

/// A page of findings, the newest first.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<Finding>> {
    let only = covered(scope, filter.municipality);
    let number = filter.about.map(|spot| rows::signed("finding.check_number", spot.number)).transpose()?;
    let site = filter.about.and_then(|spot| spot.site).map(|(id, blog)| (id.text(), i64::try_from(blog).unwrap_or(i64::MAX)));
    macro_rules! matching {
        () => {{
            let mut query = finding::table.inner_join(municipality::table).into_boxed();
            match (number, &site) {
                (Some(number), Some((id, blog))) => {
                    let inside = finding::instance_id.eq(id.clone()).and(finding::blog.eq(*blog));
                    query = query.filter(finding::check_number.eq(number).or(inside));
                }
                (Some(number), None) => query = query.filter(finding::check_number.eq(number)),
                (None, _) => {}
            }
            if let Some(only) = &only {
                query = query.filter(finding::municipality_id.eq_any(only));
            }
            if let Some(kind) = filter.kind {
                query = query.filter(finding::kind.eq(kind.to_string()));
            }
            match filter.open {
                Some(true) => query = query.filter(finding::resolved_at.is_null()),
                Some(false) => query = query.filter(finding::resolved_at.is_not_null()),
                None => {}
            }
            match filter.muted.map(|(muted, now)| (muted, rows::micros(now))) {
                Some((true, now)) => {
                    query =
                        query.filter(finding::muted_at.is_not_null().and(finding::muted_until.is_null().or(finding::muted_until.gt(now))));
                }
                Some((false, now)) => query = query.filter(finding::muted_at.is_null().or(finding::muted_until.le(now))),
                None => {}
            }
            query
        }};
    }
    let (found, total): (Vec<(Row, String)>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((finding::opened_at.desc(), finding::id.desc()))
            .select((Row::as_select(), municipality::slug))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(read_row).collect::<Result<_>>()?, page, total))
}

/// How many findings of each kind are open, in the whole fleet; also of kinds of which none is.
///
/// # Errors
/// When the store fails.
pub async fn counts(store: &Store) -> Result<Vec<(FindingKind, u32)>> {
    let found: Vec<(String, i64)> = read!(store, |c| Ok(finding::table
        .filter(finding::resolved_at.is_null())
        .group_by(finding::kind)
        .select((finding::kind, diesel::dsl::count_star()))
        .load(c)
        .await?))?;
    let found: HashMap<String, i64> = found.into_iter().collect();
    let of = |kind: FindingKind| found.get(&kind.to_string()).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX));
    Ok(FindingKind::ALL.map(|kind| (kind, of(kind))).to_vec())
}

/// One finding.
///
/// # Errors
/// `NotFound` when there is none of that id, or the scope does not cover its municipality.
pub async fn get(store: &Store, scope: &Scope, id: FindingId) -> Result<Finding> {
    let missing = || Error::not_found("finding");
    let found: Option<(Row, String)> = read!(store, |c| Ok(finding::table
        .inner_join(municipality::table)
        .filter(finding::id.eq(id.text()))
        .select((Row::as_select(), municipality::slug))
        .first(c)
        .await
        .optional()?))?;
    let found = found.map(read_row).transpose()?.ok_or_else(missing)?;
    if scope.covers(found.municipality) { Ok(found) } else { Err(missing()) }
}

/// Puts a finding aside, or takes it up again. Doing it again changes the reason and the end.
///
/// # Errors
/// `NotFound` as for [`get`]; `Conflict` when it is over.
pub async fn mute(
    store: &Store,
    scope: &Scope,
    id: FindingId,
    mute: Option<(&str, &str, Option<Timestamp>)>,
    now: Timestamp,
) -> Result<()> {
    get(store, scope, id).await?;
    let (who, reason, until) = mute.unwrap_or_default();
    write!(store, |c| {
        let open = finding::table.filter(finding::id.eq(id.text()).and(finding::resolved_at.is_null()));
        let set = (
            finding::muted_at.eq(mute.map(|_| rows::micros(now))),
            finding::muted_until.eq(until.map(rows::micros)),
            finding::muted_by.eq(who),
            finding::reason.eq(reason),
        );
        if diesel::update(open).set(set).execute(c).await? == 0 {
            let over = FieldError::new("finding", "finding-over", "this is over", "there is nothing left to put aside");
            return Err(Error::Conflict(over).into());
        }
        Ok(())
    })
}

/// Ends the open findings about instances that are not among these.
///
/// # Errors
/// When the store fails.
pub async fn keep_only(store: &Store, instances: &[InstanceId], now: Timestamp) -> Result<()> {
    let kept: Vec<String> = instances.iter().map(InstanceId::text).collect();
    let gone = finding::instance_id.is_not_null().and(finding::instance_id.ne_all(kept));
    write!(store, |c| {
        diesel::update(finding::table.filter(finding::resolved_at.is_null().and(gone)))
            .set(finding::resolved_at.eq(rows::micros(now)))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// Ends what is about checks that are made no more.
///
/// # Errors
/// When the store fails.
pub async fn keep_checked(store: &Store, now: Timestamp) -> Result<()> {
    let gone = check::table.filter(check::gone_at.is_not_null()).select(check::number.nullable());
    write!(store, |c| {
        diesel::update(finding::table.filter(finding::resolved_at.is_null().and(finding::check_number.eq_any(gone))))
            .set(finding::resolved_at.eq(rows::micros(now)))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// Forgets what was over before this time.
///
/// # Errors
/// When the store fails.
pub async fn forget_before(store: &Store, before: Timestamp) -> Result<()> {
    write!(store, |c| {
        diesel::delete(finding::table.filter(finding::resolved_at.lt(rows::micros(before)))).execute(c).await?;
        Ok(())
    })
}
