// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Questions to a person: a password without echo, a word to confirm with. And passwords from a file or a pipe.

use std::io::{BufRead, IsTerminal, Read, Write};

use secrecy::SecretString;

use super::{
    failure::{Failure, Outcome},
    output,
};

/// No password is longer.
const LONGEST: u64 = 4096;

/// Whether there is a person to ask.
#[must_use]
pub fn is_person() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on a thread of its own. Ctrl-C ends the command and gives the terminal back as it was, echo included.
///
/// # Errors
/// As the question; quietly, with 130, at Ctrl-C.
pub async fn asking<T: Send + 'static>(question: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    let before = rustix::termios::tcgetattr(std::io::stdin()).ok();
    tokio::select! {
        answer = tokio::task::spawn_blocking(question) => answer.map_err(|e| Failure::failed(e.to_string(), ""))?,
        _ = tokio::signal::ctrl_c() => {
            let restored = before.map(|before| rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &before));
            if let Some(Err(error)) = restored {
                output::tell(&format!("\nthe terminal could not be restored: {error}"));
            }
            output::tell("");
            Err(Failure::Told(130))
        }
    }
}

/// Asks for one line; nothing where the input ended.
///
/// # Errors
/// When the terminal cannot be read.
pub fn ask(question: &str) -> Outcome<String> {
    let failed = |e: std::io::Error| Failure::failed(format!("the terminal cannot be read: {e}"), "");
    write!(std::io::stderr(), "{question}").and_then(|()| std::io::stderr().flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

/// Asks for a password without showing it.
///
/// # Errors
/// When there is no terminal.
pub fn password(question: &str) -> Outcome<SecretString> {
    rpassword::prompt_password(question).map(SecretString::from).map_err(|e| {
        Failure::usage("password", format!("the terminal cannot be read: {e}"), "give --password-file FILE, or - for standard input")
    })
}

/// Reads a password from a file, or from standard input where the path is `-`: its first line.
///
/// # Errors
/// When the file cannot be read or its first line is empty.
pub fn password_from(path: &std::path::Path) -> Outcome<SecretString> {
    let bad =
        |why: String| Failure::usage("password-file", format!("{}: {why}", path.display()), "give a file whose first line is the password");
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(|e| bad(e.to_string()))?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(bad("the first line is empty".to_owned())),
        line => Ok(line.to_owned().into()),
    }
}
