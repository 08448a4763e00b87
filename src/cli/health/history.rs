// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How a site was over time, what availability is aimed at, and a municipality's month.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::{
    Context,
    failure::Outcome,
    output::{Column, column, line, text, time},
};
use crate::fleet::Slug;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Range {
    /// 48 hours.
    #[value(name = "48h")]
    Hours,
    /// 35 days.
    #[value(name = "35d")]
    Weeks,
    /// 400 days.
    #[value(name = "400d")]
    Year,
}

/// Which site, and how far back.
#[derive(Debug, Args)]
pub struct History {
    /// The check's number, as `flotta health show SLUG` lists it.
    number: u32,
    /// How far back.
    #[arg(long, value_enum, default_value = "48h")]
    range: Range,
}

/// What is aimed at.
#[derive(Debug, Args)]
pub struct Objective {
    /// The municipality.
    slug: Slug,
    /// From now on so many per cent, 50 to 99.999; without it, how it stands is shown.
    #[arg(long, value_name = "PERCENT")]
    set: Option<f64>,
    /// Over how many days, 1 to 90.
    #[arg(long, requires = "set", default_value_t = 30)]
    days: u16,
}

/// Which month.
#[derive(Debug, Args)]
pub struct Report {
    /// The municipality.
    slug: Slug,
    /// The month, as in 2026-11; the present one when left out.
    #[arg(long)]
    month: Option<String>,
    /// As a table for spreadsheets (CSV).
    #[arg(long)]
    csv: bool,
}

const OBJECTIVE: &[Column] = &[
    column("Aimed at", "Målet är", |v| percent(v["percent"].as_f64().map(|p| p / 100.0))),
    column("Days", "Dygn", |v| text(v, "/days")),
    column("It is", "Det är", |v| percent(v["availability"].as_f64())),
    column("Left of what may fail", "Kvar av det som får fallera", |v| percent(v["budget_left"].as_f64())),
    column("Used up", "Förbrukas", |v| text(v, "/burning")),
    column("Times as fast as it may", "Gånger så fort som det får", |v| {
        let one = |rate: &Value| rate["rate"].as_f64().map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}"));
        let all = v["rates"].as_array().into_iter().flatten();
        all.map(|rate| format!("{} {}", text(rate, "/window"), one(rate))).collect::<Vec<_>>().join(", ")
    }),
];
const SITES: &[Column] = &[
    column("Site", "Webbplats", |v| text(v, "/address")),
    column("Availability", "Tillgänglighet", |v| percent(v["availability"].as_f64())),
    column("Minutes down", "Minuter nere", |v| text(v, "/minutes_down")),
    column("Minutes slow", "Minuter långsam", |v| text(v, "/minutes_slow")),
    column("Minutes nobody looked", "Minuter ingen tittade", |v| text(v, "/minutes_not_looked_at")),
];
const INCIDENTS: &[Column] = &[
    column("Cause", "Orsak", |v| text(v, "/cause")),
    column("Of", "Av", |v| text(v, "/label")),
    column("From", "Från", |v| time(v, "/opened_at")),
    column("Until", "Till", |v| time(v, "/resolved_at")),
];

/// Rounded down, so that only what never failed is 100 %.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.3} %", (share * 100_000.0 + 1e-6).floor() / 1000.0))
}

/// Shows how a site was.
///
/// # Errors
/// When the control plane does not answer, or there is no such check.
pub async fn history(context: &Context, asked: &History) -> Outcome {
    let number = asked.number.to_string();
    let range = match asked.range {
        Range::Hours => "48h",
        Range::Weeks => "35d",
        Range::Year => "400d",
    };
    let answer = context.client.get(&["api", "v1", "checks", &number, "history"], &[("range", range.to_owned())]).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let history: Value = answer.read()?;
    let points = history["points"].as_array().cloned().unwrap_or_default();
    if points.is_empty() {
        return context.said("Nothing was seen in this time.", "Inget sågs under den här tiden.");
    }
    let language = context.language();
    let (served, down) = (percent(history["availability"].as_f64()), history["seconds_down"].as_u64().unwrap_or_default() / 60);
    context.said(&format!("Served: {served}, down for {down} min"), &format!("Fungerade: {served}, nere i {down} min"))?;
    let available: Vec<Option<f64>> = points.iter().map(|point| point["availability"].as_f64()).collect();
    let median: Vec<Option<f64>> = points.iter().map(|point| point["median_milliseconds"].as_f64().filter(|m| *m > 0.0)).collect();
    let top = median.iter().flatten().copied().fold(0.0, f64::max);
    line(&format!("{}: {}", language.pick("availability", "tillgänglighet"), sparkline(&available, 1.0)))?;
    line(&format!("{}: {}  {top:.0} ms", language.pick("time to answer", "svarstid"), sparkline(&median, top)))
}

/// A line of blocks, at most 80: of what falls together the lowest; a space where nothing is known.
fn sparkline(values: &[Option<f64>], top: f64) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = values.len().div_ceil(80).max(1);
    let block = |some: &[Option<f64>]| {
        let lowest = some.iter().flatten().copied().reduce(f64::min);
        lowest.map_or(' ', |value| BLOCKS[((value / top.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) * 7.0).floor() as usize])
    };
    values.chunks(each).map(block).collect()
}

/// Shows or decides what is aimed at.
///
/// # Errors
/// When the control plane does not answer or refuses.
pub async fn objective(context: &Context, asked: &Objective) -> Outcome {
    let path = ["api", "v1", "municipalities", asked.slug.as_str(), "objective"];
    let answer = match asked.set {
        None => context.client.get(&path, &[]).await?,
        Some(percent) => context.client.put(&path, &json!({"percent": percent, "days": asked.days})).await?,
    };
    context.output.one(&answer, OBJECTIVE)
}

/// Shows a month.
///
/// # Errors
/// When the control plane does not answer, or the month has not begun.
pub async fn report(context: &Context, asked: &Report) -> Outcome {
    let query: Vec<_> = asked.month.iter().map(|month| ("month", month.clone())).collect();
    if asked.csv {
        let answer = context.client.get(&["api", "v1", "municipalities", asked.slug.as_str(), "report.csv"], &query).await?;
        return line(answer.text.trim_end());
    }
    let answer = context.client.get(&["api", "v1", "municipalities", asked.slug.as_str(), "report"], &query).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let report: Value = answer.read()?;
    let met = match report["objective_met"].as_bool() {
        Some(true) => context.language().pick("the objective was met", "målet nåddes"),
        Some(false) => context.language().pick("the objective was not met", "målet nåddes inte"),
        None => context.language().pick("nobody looked", "ingen tittade"),
    };
    let share = percent(report["total"]["availability"].as_f64());
    line(&format!("{} {}: {share}, {met}", text(&report, "/municipality"), text(&report, "/month")))?;
    for (columns, list) in [(SITES, &report["sites"]), (INCIDENTS, &report["incidents"])] {
        let rows = list.as_array().cloned().unwrap_or_default();
        if !rows.is_empty() {
            line("")?;
            line(&context.output.table(columns, &rows))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_show_the_worst() {
        assert_eq!(sparkline(&[Some(1.0), None, Some(0.0), Some(0.5)], 1.0), "█ ▁▄");
        let mut long = vec![Some(1.0); 840];
        long[3] = Some(0.2);
        let line = sparkline(&long, 1.0);
        assert!(line.chars().count() <= 80 && line.starts_with('▂') && line.ends_with('█'));
        assert_eq!(sparkline(&[Some(0.0)], 0.0), "▁");
        assert_eq!((percent(Some(0.999_999)), percent(Some(1.0)), percent(None)), ("99.999 %".into(), "100.000 %".into(), "–".into()));
    }
}
