// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The audit log.

use actix_web::web::Data;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    access::Caller,
    error::FieldError,
    fleet::{AuditEntry, AuditResult},
    store::{self, PageRequest, audit::Filter},
    web::{
        Web,
        input::{self, Params},
        problem::Answer,
        view::models::{AuditFilter, AuditPage, AuditRow, Pager, command_line},
        visit::Visit,
    },
};

/// Rows on a page.
const ROWS: u32 = 50;

/// Which lines, and which page of them.
#[derive(Debug, Deserialize)]
pub struct Query {
    #[serde(flatten)]
    filter: AuditFilter,
    page: Option<String>,
}

/// Who did what, newest first.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller, query: Params<Query>) -> Answer {
    let Query { filter, page } = query.0;
    let filter = trimmed(filter);
    let page = PageRequest::new(input::number("page", page.as_deref())?, Some(ROWS))?;
    let wanted = narrowed(&filter, &web.views.time_zone())?;
    let found = store::audit::list(web.store(), &caller.principal.scope(), &wanted, page).await?;
    let parts = parts(&filter);
    let total = u64::try_from(found.total).unwrap_or_default();
    let model = AuditPage {
        filtered: filter != AuditFilter::default(),
        pager: Pager::of(page.page.into(), ROWS.into(), total, "/audit", &parts),
        rows: found.items.into_iter().map(row).collect(),
        command: command(&filter),
        filter,
    };
    visit.page(&web, &model)
}

fn trimmed(f: AuditFilter) -> AuditFilter {
    let cut = |text: String| text.trim().to_owned();
    AuditFilter {
        actor: cut(f.actor),
        action: cut(f.action),
        target: cut(f.target),
        result: cut(f.result),
        since: cut(f.since),
        until: cut(f.until),
    }
}

fn parts(f: &AuditFilter) -> [(&'static str, &str); 6] {
    [("actor", &f.actor), ("action", &f.action), ("target", &f.target), ("result", &f.result), ("since", &f.since), ("until", &f.until)]
}

/// What the store is asked for. Days are whole days in the time zone that the page shows.
fn narrowed(f: &AuditFilter, zone: &TimeZone) -> Result<Filter, FieldError> {
    let given = |text: &str| Some(text).filter(|t| !t.is_empty()).map(str::to_owned);
    let since = day("since", &f.since)?.map(|day| begin("since", day, zone)).transpose()?;
    let until = day("until", &f.until)?;
    let until = until.map(|day| day.tomorrow().map_err(|_| no_day("until", &f.until)).and_then(|next| begin("until", next, zone)));
    Ok(Filter {
        actor: given(&f.actor),
        action: given(&f.action),
        target: given(&f.target),
        municipality: None,
        result: given(&f.result).map(|r| r.parse::<AuditResult>()).transpose()?,
        since,
        until: until.transpose()?,
    })
}

fn day(field: &str, text: &str) -> Result<Option<Date>, FieldError> {
    Some(text).filter(|t| !t.is_empty()).map(|t| t.parse().map_err(|_| no_day(field, t))).transpose()
}

fn begin(field: &str, day: Date, zone: &TimeZone) -> Result<Timestamp, FieldError> {
    day.to_zoned(zone.clone()).map(|at| at.timestamp()).map_err(|_| no_day(field, &day.to_string()))
}

fn no_day(field: &str, text: &str) -> FieldError {
    FieldError::new(field, "not-a-day", format!("`{}` is not a day", text.escape_debug()), "write it as 2026-11-23")
}

fn row(e: AuditEntry) -> AuditRow {
    AuditRow {
        at: e.at,
        actor: e.actor,
        action: e.action,
        target: e.target,
        from: e.address,
        result: e.result.to_string(),
        detail: said(&e.detail),
    }
}

/// What a line tells besides, in a few words. The request's id is for whoever reads the log of the control plane.
fn said(detail: &Value) -> String {
    let Value::Object(parts) = detail else { return String::new() };
    let told = parts.iter().filter(|(name, _)| *name != "request").map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Array(all) if name == "errors" => {
            let text = |error: &Value, part: &str| error[part].as_str().unwrap_or_default().to_owned();
            let all: Vec<_> = all.iter().map(|e| format!("{} {}", text(e, "field"), text(e, "code"))).collect();
            format!("{name}: {}", all.join(", "))
        }
        other => format!("{name}: {other}"),
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The command knows fewer filters than the page.
fn command(f: &AuditFilter) -> String {
    let options = [("--actor", f.actor.as_str()), ("--action", &f.action)].into_iter().filter(|(_, value)| !value.is_empty());
    command_line(["flotta", "audit", "list"].into_iter().chain(options.flat_map(|(name, value)| [name, value])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn zone() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn days_are_whole_days_where_the_reader_is() {
        let filter = AuditFilter { since: "2026-10-25".to_owned(), until: "2026-10-25".to_owned(), ..AuditFilter::default() };
        let asked = narrowed(&filter, &zone()).unwrap();
        // The clocks go back that night: the day has 25 hours.
        assert_eq!(asked.since.unwrap().to_string(), "2026-10-24T22:00:00Z");
        assert_eq!(asked.until.unwrap().to_string(), "2026-10-25T23:00:00Z");
        for (since, until, field) in [("yesterday", "", "since"), ("", "2026-02-30", "until"), ("", "9999-12-31", "until")] {
            let filter = AuditFilter { since: since.to_owned(), until: until.to_owned(), ..AuditFilter::default() };
            assert_eq!(narrowed(&filter, &zone()).unwrap_err().field, field);
        }
        let filter = AuditFilter { result: "maybe".to_owned(), ..AuditFilter::default() };
        assert_eq!(narrowed(&filter, &zone()).unwrap_err().field, "result");
    }

    #[test]
    fn details_are_told_in_words() {
        let detail = json!({"code": "invalid", "errors": [{"field": "slug", "code": "slug-taken"}], "disabled": true, "request": "0190"});
        assert_eq!(said(&detail), "code: invalid; disabled: true; errors: slug slug-taken");
        assert_eq!(said(&json!({"request": "0190"})), "");
    }

    #[test]
    fn an_address_holds_filter_and_page() {
        let query = actix_web::web::Query::<Query>::from_query("actor=+a%40b.se&result=done&page=3&notice=saved").unwrap();
        assert_eq!((query.filter.actor.as_str(), query.filter.result.as_str(), query.page.as_deref()), (" a@b.se", "done", Some("3")));
        let filter = trimmed(query.0.filter);
        assert_eq!(command(&filter), "flotta audit list --actor a@b.se");
    }
}
