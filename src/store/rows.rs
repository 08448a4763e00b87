// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Between rows and nouns: times, ids, words, documents. A row that cannot be read is a defect, named with its column.

use jiff::Timestamp;

use crate::error::{Error, Result};

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(column: &str, micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable(column, &micros.to_string()))
}

pub(super) fn maybe_time(column: &str, micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(|m| time(column, m)).transpose()
}

/// Parses a word, id or name that Flotta itself wrote.
pub(super) fn parse<T: std::str::FromStr>(column: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| unreadable(column, text))
}

pub(super) fn json(column: &str, text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|_| unreadable(column, text))
}

pub(super) fn unsigned(column: &str, number: i32) -> Result<u32> {
    number.try_into().map_err(|_| unreadable(column, &number.to_string()))
}

pub(super) fn signed(column: &str, number: u32) -> Result<i32> {
    number.try_into().map_err(|_| unreadable(column, &number.to_string()))
}

fn unreadable(column: &str, text: &str) -> Error {
    Error::Internal(format!("the store holds `{}` in {column}, which this version cannot read", text.chars().take(40).collect::<String>()))
}
