// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Pictures of a site's history: what lines and areas to draw, as SVG paths in a box 60 high. Pure.
//!
//! Words, patterns and the table beside them are the template's.

use std::fmt::Write;

use serde::Serialize;

use crate::health::history::Figures;

/// The box.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 60.0;
/// Whatever failed is seen, however short it was.
const LEAST: f64 = 8.0;

/// How available a site was: areas by what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// Served.
    pub served: String,
    /// Failed: hangs from the top.
    pub failed: String,
    /// Nobody looked.
    pub unknown: String,
}

/// How quick a site was: lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of the answers took no longer.
    pub median: String,
    /// Nineteen of twenty took no longer.
    pub p95: String,
    /// What the upper edge stands for, in milliseconds.
    pub top: u32,
    /// How wide the box of these lines is.
    pub width: usize,
}

fn area(path: &mut String, from: usize, to: usize, slots: usize, top: f64, bottom: f64) {
    let x = |slot: usize| WIDTH * slot as f64 / slots.max(1) as f64;
    let _ = write!(path, "M{:.1} {top:.1}H{:.1}V{bottom:.1}H{:.1}Z", x(from), x(to), x(from));
}

/// Draws how available a site was; a slot without figures is one in which nobody looked.
#[must_use]
pub fn availability(slots: &[Option<Figures>]) -> Availability {
    let share = |slot: &Option<Figures>| slot.and_then(|figures| figures.availability());
    let mut drawn = Availability::default();
    let mut from = 0;
    while from < slots.len() {
        let now = share(&slots[from]);
        // What goes on unchanged is one area.
        let length = slots[from..].iter().take_while(|slot| share(slot) == now).count();
        let to = from + length;
        match now {
            None => area(&mut drawn.unknown, from, to, slots.len(), HEIGHT - 4.0, HEIGHT),
            Some(share) if share >= 1.0 => area(&mut drawn.served, from, to, slots.len(), 0.0, HEIGHT),
            Some(share) => {
                let edge = (HEIGHT * (1.0 - share)).max(LEAST);
                area(&mut drawn.failed, from, to, slots.len(), 0.0, edge);
                if share > 0.0 {
                    area(&mut drawn.served, from, to, slots.len(), edge, HEIGHT);
                }
            }
        }
        from = to;
    }
    drawn
}

/// Draws how quick a site was; lines are broken where it never served. Each slot is two units wide, and every step is told from the
/// one before, which keeps 35 days of hours in a few kilobytes.
#[must_use]
pub fn latency(slots: &[Option<Figures>]) -> Latency {
    let top = slots.iter().flatten().map(|figures| figures.p95).max().unwrap_or_default();
    let line = |value: fn(&Figures) -> u32| {
        let mut path = String::new();
        let mut before: Option<i64> = None;
        for (at, slot) in slots.iter().enumerate() {
            let served = slot.as_ref().filter(|figures| figures.served > 0);
            before = served.map(|figures| {
                let y = (HEIGHT - (HEIGHT - 2.0) * f64::from(value(figures)) / f64::from(top.max(1))).round() as i64;
                // A point alone is a short line.
                let _ = match before {
                    Some(before) => write!(path, " 2 {}", y - before),
                    None => write!(path, "M{} {y}l1 0", at * 2),
                };
                y
            });
        }
        path
    };
    Latency { median: line(|figures| figures.median), p95: line(|figures| figures.p95), top, width: slots.len() * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(served: u16, failed: u16, p95: u32) -> Option<Figures> {
        Some(Figures { served, failed, median: p95 / 2, p95, ..Figures::default() })
    }

    #[test]
    fn areas_are_where_they_belong() {
        let drawn = availability(&[slot(60, 0, 100), slot(60, 0, 100), slot(30, 30, 100), None, slot(0, 60, 0), slot(59, 1, 9)]);
        assert_eq!(drawn.served, "M0.0 0.0H200.0V60.0H0.0ZM200.0 30.0H300.0V60.0H200.0ZM500.0 8.0H600.0V60.0H500.0Z");
        assert_eq!(drawn.failed, "M200.0 0.0H300.0V30.0H200.0ZM400.0 0.0H500.0V60.0H400.0ZM500.0 0.0H600.0V8.0H500.0Z");
        assert_eq!(drawn.unknown, "M300.0 56.0H400.0V60.0H300.0Z");
        assert_eq!(availability(&[]), Availability::default());
    }

    #[test]
    fn lines_break_where_nothing_was_served() {
        let drawn = latency(&[slot(60, 0, 100), slot(60, 0, 200), None, slot(0, 5, 0), slot(1, 0, 200)]);
        assert_eq!((drawn.top, drawn.width), (200, 10));
        assert_eq!(drawn.p95, "M0 31l1 0 2 -29M8 2l1 0");
        assert_eq!(drawn.median.matches('M').count(), 2);
        assert_eq!(latency(&[]), Latency::default());
    }
}
