// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Dates, numbers and lengths of time as each language writes them.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::Language;

const NBSP: char = '\u{a0}';

const MONTHS_SV: [&str; 12] =
    ["januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november", "december"];
const MONTHS_EN: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// The zone with this IANA name and the name to show. Without a zone database on the host, Swedish time is known by its
/// rule, and everything else is UTC.
pub(super) fn zone(name: &str) -> (TimeZone, String) {
    if let Ok(zone) = TimeZone::get(name) {
        return (zone, name.to_owned());
    }
    let swedish = if name == "Europe/Stockholm" { TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").ok() } else { None };
    swedish.map_or_else(|| (TimeZone::UTC, "UTC".to_owned()), |zone| (zone, name.to_owned()))
}

/// `23 november 2026`.
pub(super) fn date(language: Language, at: &Zoned) -> String {
    let months = match language {
        Language::Sv => MONTHS_SV,
        Language::En => MONTHS_EN,
    };
    let month = usize::try_from(at.month() - 1).ok().and_then(|m| months.get(m)).copied().unwrap_or_default();
    format!("{}{NBSP}{month}{NBSP}{}", at.day(), at.year())
}

/// `23 november 2026 kl. 14.05` or `23 November 2026 at 14:05`.
pub(super) fn date_time(language: Language, at: &Zoned) -> String {
    match language {
        Language::Sv => format!("{} kl.{NBSP}{:02}.{:02}", date(language, at), at.hour(), at.minute()),
        Language::En => format!("{} at{NBSP}{:02}:{:02}", date(language, at), at.hour(), at.minute()),
    }
}

/// `2026-11-23 14:05`, for tables: the same in both languages, and it sorts.
pub(super) fn short(at: &Zoned) -> String {
    format!("{:04}-{:02}-{:02}{NBSP}{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())
}

/// `14:05:09`, for time-lines.
pub(super) fn clock(at: &Zoned) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

/// A number with the language's grouping and decimal sign.
pub(super) fn number(language: Language, value: f64, decimals: usize) -> String {
    let (group, point) = match language {
        Language::Sv => (NBSP, ','),
        Language::En => (',', '.'),
    };
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    if value < 0.0 {
        out.push('\u{2212}');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push(point);
        out.push_str(fraction);
    }
    out
}

/// Bytes with a fitting unit, in powers of 1,000: `34,5 MB`.
pub(super) fn bytes(language: Language, value: f64) -> String {
    let mut value = value;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    let decimals = usize::from(unit != "B" && value < 100.0);
    format!("{}{NBSP}{unit}", number(language, value, decimals))
}

/// A length of time: `0,4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
pub(super) fn duration(language: Language, seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{}{NBSP}s", number(language, seconds.max(0.0), usize::from(seconds > 0.0)));
    }
    #[expect(clippy::cast_possible_truncation, reason = "far below the limits of i64")]
    let whole = seconds.round() as i64;
    let (day, hour) = match language {
        Language::Sv => ("d", "tim"),
        Language::En => ("d", "h"),
    };
    let pair = |big: i64, big_unit: &str, small: i64, small_unit: &str| {
        if small == 0 { format!("{big}{NBSP}{big_unit}") } else { format!("{big}{NBSP}{big_unit} {small}{NBSP}{small_unit}") }
    };
    match whole {
        ..60 => format!("{whole}{NBSP}s"),
        60..3_600 => pair(whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => pair(whole / 3_600, hour, whole % 3_600 / 60, "min"),
        _ => pair(whole / 86_400, day, whole % 86_400 / 3_600, hour),
    }
}

/// How to say when something was or will be: the key of a text and its count. None when a date says it better.
pub(super) fn relative(now: Timestamp, at: Timestamp) -> Option<(&'static str, i64)> {
    let seconds = now.as_second() - at.as_second();
    Some(match seconds {
        0..45 => ("ago-now", 0),
        45..3_570 => ("ago-minutes", (seconds + 30) / 60),
        3_570..84_600 => ("ago-hours", (seconds + 1_800) / 3_600),
        84_600..2_592_000 => ("ago-days", (seconds + 43_200) / 86_400),
        -45..0 => ("in-now", 0),
        -3_570..-45 => ("in-minutes", (30 - seconds) / 60),
        -84_600..-3_570 => ("in-hours", (1_800 - seconds) / 3_600),
        -2_592_000..-84_600 => ("in-days", (43_200 - seconds) / 86_400),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        text.parse::<Timestamp>().unwrap().to_zoned(zone("Europe/Stockholm").0)
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let noon = at("2026-07-01T12:05:09Z");
        assert_eq!(date_time(Language::Sv, &noon), "1\u{a0}juli\u{a0}2026 kl.\u{a0}14.05");
        assert_eq!(date_time(Language::En, &noon), "1\u{a0}July\u{a0}2026 at\u{a0}14:05");
        assert_eq!(short(&at("2026-12-31T23:30:00Z")), "2027-01-01\u{a0}00:30");
        assert_eq!(clock(&noon), "14:05:09");
    }

    #[test]
    fn swedish_time_is_known_without_a_zone_database() {
        let rule = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (utc, local) in
            [("2026-03-29T00:59:59Z", "01:59:59"), ("2026-03-29T01:00:00Z", "03:00:00"), ("2026-10-25T01:00:00Z", "02:00:00")]
        {
            assert_eq!(clock(&utc.parse::<Timestamp>().unwrap().to_zoned(rule.clone())), local);
        }
        assert_eq!(zone("Nowhere/Atall").1, "UTC");
    }

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(number(Language::Sv, 1_234_567.5, 1), "1\u{a0}234\u{a0}567,5");
        assert_eq!(number(Language::En, 1_234_567.5, 1), "1,234,567.5");
        assert_eq!(number(Language::En, -12.0, 0), "\u{2212}12");
        assert_eq!(bytes(Language::Sv, 34_512_345.0), "34,5\u{a0}MB");
        assert_eq!(bytes(Language::En, 999.0), "999\u{a0}B");
    }

    #[test]
    fn lengths_of_time_are_short() {
        assert_eq!(duration(Language::Sv, 0.42), "0,4\u{a0}s");
        assert_eq!(duration(Language::En, 12.4), "12\u{a0}s");
        assert_eq!(duration(Language::En, 185.0), "3\u{a0}min 5\u{a0}s");
        assert_eq!(duration(Language::Sv, 7_800.0), "2\u{a0}tim 10\u{a0}min");
        assert_eq!(duration(Language::En, 3.0 * 86_400.0), "3\u{a0}d");
    }

    #[test]
    fn near_times_are_told_by_distance() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let told = |text: &str| relative(now, text.parse().unwrap());
        assert_eq!(told("2026-11-23T11:59:30Z"), Some(("ago-now", 0)));
        assert_eq!(told("2026-11-23T11:57:00Z"), Some(("ago-minutes", 3)));
        assert_eq!(told("2026-11-23T09:00:00Z"), Some(("ago-hours", 3)));
        assert_eq!(told("2026-11-20T12:00:00Z"), Some(("ago-days", 3)));
        assert_eq!(told("2026-11-24T12:00:00Z"), Some(("in-days", 1)));
        assert_eq!(told("2026-11-23T12:15:00Z"), Some(("in-minutes", 15)));
        assert_eq!(told("2025-11-23T12:00:00Z"), None);
    }
}
