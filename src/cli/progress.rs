// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How an operation's journal is shown while it is written: a live line on a terminal, plain lines elsewhere. All of it goes
//! to standard error, so that standard output holds the result alone.

use std::{collections::HashMap, io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Deserialize;

use super::{language::Language, output, style, words};

/// An operation, as much of it as following it takes. Lenient: a newer control plane may say more.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Work {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: String,
    /// For which municipality.
    pub municipality: String,
    /// Where it stands.
    pub state: String,
    /// The step at hand.
    pub step: String,
    /// What stopped it.
    pub error: String,
    /// Its steps in order.
    pub steps: Vec<String>,
}

impl Work {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "undone" | "failed" | "parked")
    }
}

/// One line of the journal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Counts from 1.
    pub seq: i64,
    /// When.
    pub at: Option<Timestamp>,
    /// Which step.
    pub step: String,
    /// What about it.
    pub kind: String,
    /// For people.
    pub message: String,
}

/// Shows one operation.
pub struct Progress {
    language: Language,
    colour: bool,
    steps: Vec<String>,
    begun: HashMap<String, Timestamp>,
    bar: Option<ProgressBar>,
    lost: bool,
}

impl Progress {
    /// Starts showing.
    #[must_use]
    pub fn new(work: &Work, language: Language) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let colour = style::colour_on(&std::io::stderr());
        Self { language, colour, steps: work.steps.clone(), begun: HashMap::new(), bar, lost: false }
    }

    /// Shows one line of the journal.
    pub fn entry(&mut self, entry: &Entry) {
        self.lost = false;
        let line = self.describe(entry);
        match entry.kind.as_str() {
            "intent" | "undoing" => {
                if let Some(at) = entry.at {
                    self.begun.insert(entry.step.clone(), at);
                }
                self.now(&line);
            }
            _ => self.print(&line),
        }
    }

    /// Says, once, that the control plane does not answer.
    pub fn lost(&mut self) {
        if !self.lost {
            self.lost = true;
            let text = self.language.pick(
                "the control plane does not answer; it goes on with the work when it is back, and so does this command",
                "Flotta svarar inte; arbetet fortsätter när den är tillbaka, och det gör även detta kommando",
            );
            self.print(text);
        }
    }

    /// Ends the live line.
    pub fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn describe(&self, entry: &Entry) -> String {
        let language = self.language;
        let total = self.steps.len();
        let place = self.steps.iter().position(|name| *name == entry.step);
        let place = place.map_or_else(String::new, |at| format!("[{:>w$}/{total}] ", at + 1, w = total.to_string().len()));
        let name = words::step(&entry.step, language);
        let took = self.took(entry);
        let what = match entry.kind.as_str() {
            "intent" => format!("{name} …"),
            "undoing" => format!("{name}: {} …", language.pick("undoing", "ångras")),
            "done" => style::good(&format!("{name}: {}{took}", language.pick("done", "klart")), self.colour),
            "undone" => format!("{name}: {}{took}", language.pick("undone", "ångrat")),
            "failed" => style::bad(&format!("{name}: {}", language.pick("failed", "misslyckades")), self.colour),
            _ => name.to_owned(),
        };
        let message = style::clean(&entry.message).replace('\n', " ");
        let worth_saying = !message.is_empty() && !matches!(entry.kind.as_str(), "intent" | "done" | "undoing" | "undone");
        if worth_saying { format!("{place}{what}: {message}") } else { format!("{place}{what}") }
    }

    fn took(&self, entry: &Entry) -> String {
        let (Some(from), Some(to)) = (self.begun.get(&entry.step), entry.at) else { return String::new() };
        let tenths = to.duration_since(*from).as_millis().max(0) / 100;
        let text = format!("{}.{}", tenths / 10, tenths % 10);
        match self.language {
            Language::En => format!(" ({text} s)"),
            Language::Sv => format!(" ({} s)", text.replace('.', ",")),
        }
    }

    fn now(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(line.to_owned()),
            None => output::tell(line),
        }
    }

    fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => output::tell(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        let steps = ["secrets", "database"].map(str::to_owned).to_vec();
        Progress { language: Language::En, colour: false, steps, begun: HashMap::new(), bar: None, lost: false }
    }

    #[test]
    fn lines_tell_place_name_and_time() {
        let mut progress = progress();
        let at = |text: &str| Some(text.parse().unwrap());
        let intent = Entry { step: "database".into(), kind: "intent".into(), at: at("2026-11-23T06:00:00Z"), ..Entry::default() };
        assert_eq!(progress.describe(&intent), "[2/2] Database …");
        progress.entry(&intent);
        let done = Entry { step: "database".into(), kind: "done".into(), at: at("2026-11-23T06:00:01.340Z"), ..Entry::default() };
        assert_eq!(progress.describe(&done), "[2/2] Database: done (1.3 s)");
        let failed = Entry { step: "odd".into(), kind: "failed".into(), message: "no\nroom\u{1b}[0m".into(), ..Entry::default() };
        assert_eq!(progress.describe(&failed), "odd: failed: no room [0m");
    }
}
