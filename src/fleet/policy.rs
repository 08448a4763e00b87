// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an instance's own people have decided about rollouts: a hold, a pinned release, the hours in which it may be updated.

use std::str::FromStr;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{InstanceId, ReleaseId};
use crate::error::FieldError;

/// The time zone of windows: all municipalities are in it.
pub const ZONE: &str = "Europe/Stockholm";

/// One instance's policy; without one, all is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whose.
    pub instance: InstanceId,
    /// Whether and why it is held.
    pub hold: Option<Hold>,
    /// The only release that it may be moved to.
    pub pin: Option<ReleaseId>,
    /// When it may be updated; none means at any time.
    pub window: Option<Window>,
}

impl Policy {
    /// Nothing is decided.
    #[must_use]
    pub fn none(instance: InstanceId) -> Self {
        Self { instance, hold: None, pin: None, window: None }
    }

    /// The hold, if it still holds.
    #[must_use]
    pub fn hold_at(&self, now: Timestamp) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| hold.until.is_none_or(|until| now < until))
    }
}

/// Somebody keeps an instance as it is for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why, for people.
    pub reason: String,
    /// Until when; none means until somebody ends it.
    pub until: Option<Timestamp>,
    /// Who holds it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

/// Hours of the week, in Swedish time, such as `Mon-Thu 22:00-04:00`. One that goes past midnight belongs to the day on which
/// it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window(Vec<Span>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Days from Monday, 0 to 6; the second may lie before the first.
    days: (i8, i8),
    /// Minutes from midnight.
    from: i32,
    to: i32,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Span {
    fn on(self, day: i8) -> bool {
        let (first, last) = self.days;
        if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
    }

    fn open(self, day: i8, minute: i32) -> bool {
        if self.from < self.to {
            return self.on(day) && (self.from..self.to).contains(&minute);
        }
        let yesterday = (day + 6) % 7;
        (self.on(day) && minute >= self.from) || (self.on(yesterday) && minute < self.to)
    }
}

impl Window {
    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        // The control plane may run where no time zones are installed: then Sweden's rule of today.
        let zone = TimeZone::get(ZONE).or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3")).unwrap_or(TimeZone::UTC);
        let at = now.to_zoned(zone);
        let minute = i32::from(at.hour()) * 60 + i32::from(at.minute());
        let day = at.weekday().since(Weekday::Monday);
        self.0.iter().any(|span| span.open(day, minute))
    }
}

impl FromStr for Window {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || {
            FieldError::new(
                "window",
                "invalid-window",
                format!("`{}` is no window", text.escape_debug()),
                "write days and hours as Mon-Thu 22:00-04:00; several are divided by a comma",
            )
        };
        let day = |text: &str| DAYS.iter().position(|d| d.eq_ignore_ascii_case(text)).and_then(|at| i8::try_from(at).ok());
        let clock = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let number = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<i32>().ok())?;
            let (hour, minute) = (number(hour)?, number(minute)?);
            (hour < 24 && minute < 60 || hour == 24 && minute == 0).then_some(hour * 60 + minute)
        };
        let span = |text: &str| {
            let (days, hours) = match text.trim().split_once(char::is_whitespace) {
                Some((days, hours)) => (days, hours.trim()),
                None => ("Mon-Sun", text.trim()),
            };
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let (from, to) = hours.split_once('-')?;
            let span = Span { days: (day(first)?, day(last)?), from: clock(from)?, to: clock(to)? };
            (span.from != span.to && span.from < 24 * 60).then_some(span)
        };
        let spans: Vec<Span> = text.split(',').map(span).collect::<Option<_>>().ok_or_else(wrong)?;
        if spans.len() > 14 { Err(wrong()) } else { Ok(Self(spans)) }
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = |at: i8| usize::try_from(at).ok().and_then(|at| DAYS.get(at)).copied().unwrap_or_default();
        for (at, span) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            let (first, last) = span.days;
            if first == last {
                write!(f, "{}", day(first))?
            } else {
                write!(f, "{}-{}", day(first), day(last))?
            }
            write!(f, " {:02}:{:02}-{:02}:{:02}", span.from / 60, span.from % 60, span.to / 60, span.to % 60)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Window {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(window: &str, at: &str) -> bool {
        window.parse::<Window>().unwrap().is_open(at.parse().unwrap())
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_on_which_it_begins() {
        let nights = "Mon-Thu 22:00-04:00";
        // 23 November 2026 is a Monday; Sweden is an hour ahead of UTC then.
        assert!(open(nights, "2026-11-23T21:00:00Z"));
        assert!(!open(nights, "2026-11-23T20:59:59Z"));
        assert!(open(nights, "2026-11-24T02:59:00Z"));
        assert!(!open(nights, "2026-11-24T03:00:00Z"));
        assert!(open(nights, "2026-11-27T01:00:00Z"), "the night after Thursday");
        assert!(!open(nights, "2026-11-23T01:00:00Z"), "the night after Sunday");
        assert!(!open(nights, "2026-11-27T22:00:00Z"), "Friday night");
    }

    #[test]
    fn summer_time_is_kept() {
        assert!(open("Mon-Fri 08:00-16:00", "2026-07-01T06:00:00Z"));
        assert!(!open("Mon-Fri 08:00-16:00", "2026-12-01T06:00:00Z"));
    }

    #[test]
    fn days_may_wrap_and_be_left_out_and_there_may_be_several() {
        assert!(open("Sat-Mon 10:00-11:00", "2026-11-23T09:30:00Z"));
        assert!(!open("Sat-Mon 10:00-11:00", "2026-11-24T09:30:00Z"));
        assert!(open("03:00-05:00", "2026-11-25T03:00:00Z"));
        assert!(open("Tue 01:00-02:00, sun 12:00-24:00", "2026-11-29T22:59:00Z"));
        assert_eq!("tue 01:00-02:00,Sun-sun 12:00-24:00".parse::<Window>().unwrap().to_string(), "Tue 01:00-02:00, Sun 12:00-24:00");
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "Mon", "Mon 22-04", "Mon-Xyz 22:00-04:00", "Mon 25:00-26:00", "Mon 10:00-10:00", "Mon 1:00-2:00", "Mon 24:00-25:00"]
        {
            assert_eq!(bad.parse::<Window>().unwrap_err().field, "window", "{bad}");
        }
    }

    #[test]
    fn a_hold_ends_by_itself() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let until = at("2026-12-01T00:00:00Z");
        let hold = Hold { reason: "election".into(), until: Some(until), by: "anna".into(), since: at("2026-11-20T00:00:00Z") };
        let policy = Policy { hold: Some(hold), ..Policy::none(InstanceId::generate()) };
        assert!(policy.hold_at(at("2026-11-30T23:59:59Z")).is_some());
        assert!(policy.hold_at(until).is_none());
    }
}
