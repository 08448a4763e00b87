// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a terminal shows beyond plain text, and what it must never be told.

use std::io::IsTerminal;

/// Whether colour may be used on a stream: it is a terminal, and nobody asked for none (<https://no-color.org>).
pub fn colour_on(stream: &impl IsTerminal) -> bool {
    stream.is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Text in bold red where colour is on.
pub fn bad(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[1;31m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Text in green where colour is on.
pub fn good(text: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[32m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// What came from elsewhere, without characters that could steer a terminal. Line breaks stay.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// Columns of the terminal on standard output; none where it is not one.
pub fn width() -> Option<u16> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(clean("Ale\u{1b}[2J\u{9b}1m\nkommun"), "Ale [2J 1m\nkommun");
    }
}
