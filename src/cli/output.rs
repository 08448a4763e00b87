// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a command prints: a table for people, or the API's own JSON for programs.

use std::io::Write;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    client::Answer,
    failure::{Failure, Outcome},
    language::Language,
    style::{clean, width},
};

/// How a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// The API's JSON, unchanged.
    Json,
}

/// A column of a table, or a line of a single thing: its heading in both languages and what stands under it.
pub struct Column {
    english: &'static str,
    swedish: &'static str,
    cell: fn(&Value) -> String,
}

/// Makes a column.
pub const fn column(english: &'static str, swedish: &'static str, cell: fn(&Value) -> String) -> Column {
    Column { english, swedish, cell }
}

/// Prints in one format and one language.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// How.
    pub format: Format,
    /// In which language.
    pub language: Language,
}

impl Output {
    /// Whether programs read it.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints one line for people.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn say(&self, english: &str, swedish: &str) -> Outcome {
        line(&clean(self.language.pick(english, swedish)))
    }

    /// Prints an answer's JSON exactly as it came.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn json(&self, text: &str) -> Outcome {
        line(text.trim_end())
    }

    /// Prints one page of a list. `empty` says, in both languages, what to do where there is nothing.
    ///
    /// # Errors
    /// When the answer cannot be read, or standard output is closed.
    pub fn list(&self, answer: &Answer, columns: &[Column], empty: (&str, &str)) -> Outcome {
        self.rows(answer, columns, empty, |items| items)
    }

    /// As [`Output::list`], with the items turned into rows first.
    ///
    /// # Errors
    /// When the answer cannot be read, or standard output is closed.
    pub fn rows(&self, answer: &Answer, columns: &[Column], empty: (&str, &str), rows: fn(Vec<Value>) -> Vec<Value>) -> Outcome {
        if self.is_json() {
            return self.json(&answer.text);
        }
        let page: Value = answer.read()?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if items.is_empty() {
            return self.say(empty.0, empty.1);
        }
        let shown = items.len();
        line(&self.table(columns, &rows(items)))?;
        let number = |name: &str| page[name].as_u64().unwrap_or_default();
        let (total, at, per_page) = (number("total"), number("page"), number("per_page"));
        if total > at.saturating_mul(per_page) {
            self.say(
                &format!("{shown} of {total} are shown; go on with --page {}", at + 1),
                &format!("{shown} av {total} visas; fortsätt med --page {}", at + 1),
            )?;
        }
        Ok(())
    }

    /// Prints one thing, a line for each column that has something to say.
    ///
    /// # Errors
    /// When the answer cannot be read, or standard output is closed.
    pub fn one(&self, answer: &Answer, columns: &[Column]) -> Outcome {
        if self.is_json() {
            return self.json(&answer.text);
        }
        self.fields(&answer.read()?, columns)
    }

    /// Prints data as lines of heading and value.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn fields(&self, value: &Value, columns: &[Column]) -> Outcome {
        let mut table = plain();
        for column in columns {
            let text = clean(&(column.cell)(value));
            if !text.is_empty() {
                table.add_row([format!("{}:", self.language.pick(column.english, column.swedish)), text]);
            }
        }
        line(&trimmed(&table))
    }

    /// Data as a table.
    #[must_use]
    pub fn table(&self, columns: &[Column], rows: &[Value]) -> String {
        let mut table = plain();
        table.set_header(columns.iter().map(|c| self.language.pick(c.english, c.swedish).to_uppercase()));
        for row in rows {
            table.add_row(columns.iter().map(|c| clean(&(c.cell)(row))));
        }
        trimmed(&table)
    }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match width() {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.max(40)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table
}

fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().strip_prefix(' ').map_or_else(|| line.trim_end().to_owned(), str::to_owned))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Prints a line. A reader that went away (`flotta … | head`) ends the command quietly.
///
/// # Errors
/// When standard output cannot be written.
pub fn line(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|e| match e.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Told(0),
        _ => Failure::failed(format!("standard output: {e}"), ""),
    })
}

/// Tells what goes on, on standard error. Whether anybody still reads it is no reason to stop.
pub fn tell(text: &str) {
    tell_as_it_is(&format!("{text}\n"));
}

/// The same without ending the line; nothing where there is nothing to tell.
pub fn tell_as_it_is(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// The text at a JSON pointer; numbers and truths as text, nothing for what is not there.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// The time at a JSON pointer, in the user's time zone.
#[must_use]
pub fn time(value: &Value, pointer: &str) -> String {
    let text = text(value, pointer);
    text.parse::<Timestamp>().map_or(text, |at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z").to_string())
}

/// The number of bytes at a JSON pointer, in units that people read.
#[must_use]
pub fn bytes(value: &Value, pointer: &str) -> String {
    let Some(count) = value.pointer(pointer).and_then(Value::as_u64) else { return String::new() };
    let mut unit = "B";
    let mut scaled = count * 10;
    for next in ["kB", "MB", "GB", "TB"] {
        if scaled < 10_000 {
            break;
        }
        scaled /= 1000;
        unit = next;
    }
    if unit == "B" { format!("{count} B") } else { format!("{}.{} {unit}", scaled / 10, scaled % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_as_people_read_them() {
        let value = json!({"n": 7, "none": null, "list": ["a", "b"], "size": 1_234_567, "small": 12});
        assert_eq!(text(&value, "/n"), "7");
        assert_eq!(text(&value, "/none"), "");
        assert_eq!(text(&value, "/list"), "a, b");
        assert_eq!(bytes(&value, "/size"), "1.2 MB");
        assert_eq!(bytes(&value, "/small"), "12 B");
    }

    #[test]
    fn a_table_has_headings_in_the_language_asked_for() {
        const COLUMNS: &[Column] = &[column("Name", "Namn", |v| text(v, "/name")), column("State", "Läge", |v| text(v, "/state"))];
        let output = Output { format: Format::Table, language: Language::Sv };
        let table = output.table(COLUMNS, &[json!({"name": "Ale", "state": "running"})]);
        assert_eq!(
            table.lines().map(|l| l.split_whitespace().collect::<Vec<_>>()).collect::<Vec<_>>(),
            [["NAMN", "LÄGE"], ["Ale", "running"]]
        );
    }
}
