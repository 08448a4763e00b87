// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Incidents as history shows them: those of one check, and those of a municipality in some time.

use super::*;

/// A page of the incidents that made a check fail, the newest first. Of their checks only those of its municipality are counted.
///
/// # Errors
/// When the store fails.
pub async fn of_check(store: &Store, scope: &Scope, check: &crate::fleet::Check, page: PageRequest) -> Result<Page<Incident>> {
    let only = covered(scope, Some(check.municipality));
    let number = rows::signed("incident_member.number", check.number)?;
    macro_rules! matching {
        () => {{
            let theirs = member::table.filter(member::number.eq(number)).select(member::incident_id);
            incident::table.filter(incident::id.eq_any(theirs))
        }};
    }
    let (found, total): (Vec<Row>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let order = (incident::opened_at.desc(), incident::id.desc());
        let rows = matching!().order(order).select(Row::as_select()).offset(page.offset()).limit(page.limit()).load(c).await?;
        Ok((rows, total))
    })?;
    let mut incidents: Vec<Incident> = found.into_iter().map(Incident::try_from).collect::<Result<_>>()?;
    count(store, &only, &mut incidents).await?;
    Ok(Page::new(incidents, page, total))
}

/// Every incident that touched a municipality between two times, the oldest first, without those that became part of a wider one.
///
/// # Errors
/// When the store fails.
pub async fn between(store: &Store, scope: &Scope, of: MunicipalityId, from: Timestamp, until: Timestamp) -> Result<Vec<Incident>> {
    let only = covered(scope, Some(of));
    let ids = only.clone().unwrap_or_default();
    let (from, until) = (rows::micros(from), rows::micros(until));
    let found: Vec<Row> = read!(store, |c| {
        let theirs = member::table.filter(member::municipality_id.eq_any(&ids)).select(member::incident_id);
        Ok(incident::table
            .filter(incident::municipality_id.eq_any(&ids).or(incident::id.eq_any(theirs)))
            .filter(incident::merged_into.is_null().and(incident::opened_at.lt(until)))
            .filter(incident::resolved_at.is_null().or(incident::resolved_at.ge(from)))
            .order((incident::opened_at.asc(), incident::id.asc()))
            .select(Row::as_select())
            .load(c)
            .await?)
    })?;
    let mut incidents: Vec<Incident> = found.into_iter().map(Incident::try_from).collect::<Result<_>>()?;
    count(store, &only, &mut incidents).await?;
    Ok(incidents)
}
