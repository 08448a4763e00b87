// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A rollout as it goes on: a live board on a terminal, plain lines elsewhere. All of it goes to standard error, so that
//! standard output holds the result alone.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{Context, ROOT, shown};
use crate::cli::{
    client::Client,
    failure::{Failure, Outcome},
    language::Language,
    output::{self, text},
    stream::{Event, Parser},
    style, words,
};

/// The control plane may be away for so long before the watching ends.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const PAUSE: Duration = Duration::from_secs(1);
/// The board is drawn anew at most so often.
const DRAW: Duration = Duration::from_millis(400);

/// The whole in one sentence.
pub(super) fn sentence(rollout: &Value, language: Language) -> String {
    let count = |state: &str| rollout["counts"][state].as_u64().unwrap_or(0);
    let (total, done) = (rollout["members"].as_u64().unwrap_or(0), count("succeeded"));
    let bad: u64 = ["failed-unchanged", "rolled-back", "needs-approval", "quarantined"].iter().map(|s| count(s)).sum();
    let (state, why, release) = (text(rollout, "/state"), text(rollout, "/why"), text(rollout, "/release"));
    let (state, why) = (words::rollout(&state, language), words::why(&why, language));
    match language {
        Language::En => format!("Rollout of {release}: {state} ({why}). {done} of {total} have it, {bad} failed."),
        Language::Sv => format!("Utrullning av {release}: {state} ({why}). {done} av {total} har den, {bad} misslyckades."),
    }
}

/// Follows a rollout to its end; the exit status says how it ended.
pub(super) async fn watch(context: &Context, id: &str) -> Outcome {
    let path = [&ROOT[..], &[id]].concat();
    let first: Value = context.client.get(&path, &[]).await?.read()?;
    let mut board = Board::new(&first, context.language());
    let followed = tokio::select! {
        followed = to_the_end(&context.client, id, &mut board) => followed,
        stopped = tokio::signal::ctrl_c() => match stopped {
            Ok(()) => Err(Failure::Told(130)),
            Err(e) => Err(Failure::failed(format!("signals cannot be waited for: {e}"), "")),
        },
    };
    board.close();
    if let Err(Failure::Told(130)) = followed {
        output::tell(context.language().pick(
            "The rollout goes on. Watch it with: flotta rollout watch",
            "Utrullningen fortsätter. Följ den med: flotta rollout watch",
        ));
        output::tell(&format!("  flotta rollout watch {id}"));
    }
    let end = followed?;
    let rollout: Value = serde_json::from_str(&end).map_err(|e| {
        Failure::failed(format!("the end of the stream cannot be read: {e}"), "use the `flotta` of the same version as the control plane")
    })?;
    if context.output.is_json() {
        context.output.json(&end)?
    } else {
        shown(context, &rollout)?
    }
    match status(&rollout) {
        0 => Ok(()),
        status => Err(Failure::Told(status)),
    }
}

/// 0 everybody has it or is back, 1 halted or blocked, 3 done but not for everybody.
fn status(rollout: &Value) -> u8 {
    let count = |state: &str| rollout["counts"][state].as_u64().unwrap_or(0);
    let bad = ["failed-unchanged", "rolled-back", "needs-approval", "quarantined"].iter().any(|s| count(s) > 0);
    match text(rollout, "/state").as_str() {
        "completed" if bad => 3,
        "reverted" if count("quarantined") > 0 => 3,
        "completed" | "reverted" => 0,
        _ => 1,
    }
}

async fn to_the_end(client: &Client, id: &str, board: &mut Board) -> Outcome<String> {
    let mut last = 0;
    let mut heard = Instant::now();
    loop {
        match one_connection(client, id, &mut last, board).await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => heard = Instant::now(),
            Err(failure @ Failure::Unreachable { .. }) => {
                board.lost();
                if heard.elapsed() > PATIENCE {
                    return Err(failure);
                }
            }
            Err(Failure::Api(refusal)) if refusal.status == 429 || refusal.status >= 500 => board.lost(),
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn one_connection(client: &Client, id: &str, last: &mut i64, board: &mut Board) -> Outcome<Option<String>> {
    let mut stream = client.stream(&[&ROOT[..], &[id, "events"]].concat(), (*last > 0).then(|| last.to_string()).as_deref()).await?;
    let mut parser = Parser::default();
    while let Some(piece) = client.piece(&mut stream).await? {
        let events: Vec<Event> = parser.push(&piece).map_err(|why| Failure::failed(why, "look at the control plane's log"))?;
        for event in events {
            if event.kind == "end" {
                return Ok(Some(event.data));
            }
            let Ok(line) = serde_json::from_str::<Value>(&event.data) else { continue };
            *last = line["seq"].as_i64().unwrap_or(*last).max(*last);
            board.line(&line);
        }
        if board.is_due() {
            board.draw(&client.get(&[&ROOT[..], &[id]].concat(), &[]).await?.read()?);
        }
    }
    Ok(None)
}

/// What is shown meanwhile.
struct Board {
    language: Language,
    colour: bool,
    bars: Option<(MultiProgress, ProgressBar, Vec<ProgressBar>)>,
    drawn: Instant,
    lost: bool,
}

impl Board {
    fn new(rollout: &Value, language: Language) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let plain = |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let head = all.add(ProgressBar::new_spinner());
            head.set_style(plain("{spinner} {wide_msg} {elapsed}"));
            head.enable_steady_tick(Duration::from_millis(120));
            let waves = rollout["waves"].as_array().map_or(0, Vec::len);
            let bars = (0..waves).map(|_| {
                let bar = all.add(ProgressBar::new(1));
                bar.set_style(plain("{prefix:14} {bar:24} {pos}/{len} {wide_msg}"));
                bar
            });
            let bars: Vec<ProgressBar> = bars.collect();
            (all, head, bars)
        });
        let mut board = Self { language, colour: style::colour_on(&std::io::stderr()), bars, drawn: Instant::now(), lost: false };
        board.draw(rollout);
        board
    }

    fn is_due(&self) -> bool {
        self.bars.is_some() && self.drawn.elapsed() >= DRAW
    }

    fn draw(&mut self, rollout: &Value) {
        self.drawn = Instant::now();
        self.lost = false;
        let Some((_, head, bars)) = &self.bars else { return };
        head.set_message(sentence(rollout, self.language));
        let members = rollout["board"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (at, bar) in bars.iter().enumerate() {
            let wave: Vec<&Value> = members.iter().filter(|m| m["wave"].as_u64() == u64::try_from(at).ok()).collect();
            let in_state = |states: &[&str]| wave.iter().filter(|m| states.contains(&text(m, "/state").as_str())).count();
            let over = wave.len() - in_state(&["pending", "updating", "soaking"]);
            let told: Vec<String> =
                ["updating", "soaking", "reverting", "rolled-back", "failed-unchanged", "needs-approval", "quarantined", "skipped"]
                    .iter()
                    .filter_map(|state| match in_state(&[state]) {
                        0 => None,
                        n => Some(format!("{n} {}", words::member(state, self.language))),
                    })
                    .collect();
            bar.set_prefix(format!("{} {}", at + 1, text(rollout, &format!("/waves/{at}/name"))));
            bar.set_length(wave.len() as u64);
            bar.set_position(over as u64);
            bar.set_message(told.join(", "));
        }
    }

    fn line(&mut self, line: &Value) {
        self.lost = false;
        let said = describe(line, self.language);
        let said = match text(line, "/word").as_str() {
            "succeeded" | "completed" | "reverted" => style::good(&said, self.colour),
            "halting" | "halted" | "rolled-back" | "failed-unchanged" | "quarantined" | "release" => style::bad(&said, self.colour),
            _ => said,
        };
        self.print(&said);
    }

    fn lost(&mut self) {
        if !std::mem::replace(&mut self.lost, true) {
            let text = self.language.pick(
                "the control plane does not answer; the rollout goes on when it is back",
                "Flotta svarar inte; utrullningen fortsätter när den är tillbaka",
            );
            self.print(text);
        }
    }

    fn print(&self, line: &str) {
        match &self.bars {
            Some((_, head, _)) => head.println(line),
            None => output::tell(line),
        }
    }

    fn close(&self) {
        if let Some((all, ..)) = &self.bars {
            // What was drawn is cleared; the result stands on standard output.
            drop(all.clear());
        }
    }
}

/// One line of the history, in words.
fn describe(line: &Value, language: Language) -> String {
    let (kind, word, slug) = (text(line, "/kind"), text(line, "/word"), text(line, "/municipality"));
    let what = match kind.as_str() {
        "state" => format!("{} ({})", words::rollout(&word, language), words::why(&text(line, "/evidence/why"), language)),
        "gate" => {
            let name = text(line, "/evidence/name");
            match language {
                Language::En => format!("gate after wave {name} passed: {} succeeded", text(line, "/evidence/succeeded")),
                Language::Sv => format!("kontrollpunkten efter våg {name} passerad: {} lyckades", text(line, "/evidence/succeeded")),
            }
        }
        "member" => words::member(&word, language).to_owned(),
        "fault" => format!("{}: {}", language.pick("ill", "sjuk"), words::blame(&word, language)),
        _ => format!("{} {}", words::order(&word, language), text(line, "/by")),
    };
    let message = style::clean(&text(line, "/message")).replace('\n', " ");
    let about = if slug.is_empty() { what } else { format!("{slug}: {what}") };
    if message.is_empty() { about } else { format!("{about}: {message}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exit_status_says_how_it_ended() {
        let end = |state: &str, counts: Value| status(&json!({"state": state, "counts": counts}));
        assert_eq!(end("completed", json!({"succeeded": 3})), 0);
        assert_eq!(end("completed", json!({"succeeded": 3, "skipped": 1})), 0);
        assert_eq!(end("completed", json!({"succeeded": 3, "rolled-back": 1})), 3);
        assert_eq!(end("completed", json!({"quarantined": 1})), 3);
        assert_eq!(end("halted", json!({"succeeded": 3})), 1);
        assert_eq!(end("revert-blocked", json!({})), 1);
        assert_eq!(end("reverted", json!({"reverted": 3})), 0);
    }

    #[test]
    fn lines_are_told_in_words() {
        let line = json!({"kind": "member", "word": "rolled-back", "municipality": "ale", "message": "it shows\nan error\u{1b}[0m"});
        assert_eq!(describe(&line, Language::En), "ale: back on the old release after a failure: it shows an error [0m");
        let state = json!({"kind": "state", "word": "halting", "municipality": "", "message": "", "evidence": {"why": "budget"}});
        assert!(describe(&state, Language::Sv).starts_with("stoppas ("), "{}", describe(&state, Language::Sv));
    }
}
