// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Statements cut into tokens, and the value of an expression.

use std::collections::BTreeMap;

use super::refused;
use crate::error::Result;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word, number or `@variable`.
    Word(String),
    /// A name in backticks.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// Anything else.
    Symbol(char),
}

/// The statements of a script, without comments and empty ones.
pub(super) fn statements(script: &str) -> Result<Vec<Vec<Token>>> {
    let mut all = Vec::new();
    let mut statement = Vec::new();
    let mut chars = script.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ';' => all.push(std::mem::take(&mut statement)),
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            '-' if chars.peek() == Some(&'-') => while chars.next_if(|c| *c != '\n').is_some() {},
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '\'' | '"' | '`' => {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        None => return Err(refused("database server", "syntax error: a quote is not closed")),
                        Some('\\') if c != '`' => text.extend(chars.next().map(|e| match e {
                            'n' => '\n',
                            'r' => '\r',
                            't' => '\t',
                            '0' => '\0',
                            other => other,
                        })),
                        Some(q) if q == c && chars.next_if_eq(&c).is_none() => break,
                        Some(other) => text.push(other),
                    }
                }
                statement.push(if c == '`' { Token::Name(text) } else { Token::Text(text) });
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| is_word(*c)) {
                    word.push(c);
                }
                statement.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => statement.push(Token::Symbol(c)),
        }
    }
    all.push(statement);
    all.retain(|s| !s.is_empty());
    Ok(all)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '$')
}

/// The tokens cut at a separator that stands in no parentheses.
pub(super) fn split<'a>(tokens: &'a [Token], separator: &Token) -> Vec<&'a [Token]> {
    let mut depth = 0_usize;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let separates = match (token, separator) {
            (Token::Word(a), Token::Word(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        };
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            _ if depth == 0 && separates => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// What comes after the first `count` tokens; nothing where there are fewer.
pub(super) fn after(tokens: &[Token], count: usize) -> &[Token] {
    tokens.get(count..).unwrap_or_default()
}

/// A name at the start, the last part of it where it is qualified, and how many tokens it took.
pub(super) fn name(tokens: &[Token]) -> Option<(String, usize)> {
    match tokens {
        [Token::Word(_) | Token::Name(_), Token::Symbol('.'), Token::Word(n) | Token::Name(n), ..] => Some((n.clone(), 3)),
        [Token::Word(n) | Token::Name(n), ..] => Some((n.clone(), 1)),
        _ => None,
    }
}

/// The value of an expression; `column` looks up the row at hand.
pub(super) fn eval(
    tokens: &[Token],
    column: &dyn Fn(&str) -> Option<Option<String>>,
    vars: &BTreeMap<String, Option<String>>,
) -> Option<String> {
    match tokens {
        [Token::Text(text)] => Some(text.clone()),
        [Token::Word(w), Token::Text(text)] if w.starts_with('_') || w.eq_ignore_ascii_case("N") => Some(text.clone()),
        [Token::Word(w)] if w.eq_ignore_ascii_case("NULL") => None,
        [Token::Word(w)] if w.starts_with('@') => vars.get(&w.to_ascii_lowercase()).cloned().flatten(),
        [Token::Word(w)] => column(w).unwrap_or_else(|| Some(w.clone())),
        [Token::Name(n)] => column(n).flatten(),
        [_, Token::Symbol('.'), Token::Word(n) | Token::Name(n)] => column(n).flatten(),
        [Token::Word(f), Token::Symbol('('), Token::Word(hex), Token::Word(using), Token::Word(_), Token::Symbol(')')]
            if f.eq_ignore_ascii_case("CONVERT") && using.eq_ignore_ascii_case("USING") =>
        {
            unhex(hex.strip_prefix("0x")?)
        }
        [Token::Word(function), Token::Symbol('('), inner @ .., Token::Symbol(')')] => {
            let arguments: Vec<Option<String>> =
                split(inner, &Token::Symbol(',')).into_iter().map(|part| eval(part, column, vars)).collect();
            match (function.to_ascii_uppercase().as_str(), arguments.as_slice()) {
                ("REPLACE", [Some(text), Some(from), Some(to)]) => Some(text.replace(from.as_str(), to)),
                ("REPLACE", _) => None,
                ("CONCAT", parts) => parts.iter().cloned().collect(),
                ("MD5" | "SHA1" | "NOW" | "UTC_TIMESTAMP", _) => Some(words(tokens)),
                ("IFNULL" | "COALESCE", parts) => parts.iter().flatten().next().cloned(),
                _ => Some(words(tokens)),
            }
        }
        [] => None,
        other => Some(words(other)),
    }
}

/// The text that hex digits stand for.
fn unhex(digits: &str) -> Option<String> {
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    String::from_utf8((0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?).ok()
}

/// The first tokens as text, for messages; texts in quotes are left out, as they may be secret.
pub(super) fn words(tokens: &[Token]) -> String {
    let piece = |t: &Token| match t {
        Token::Word(w) => w.clone(),
        Token::Name(n) => format!("`{n}`"),
        Token::Text(_) => "'…'".to_owned(),
        Token::Symbol(c) => c.to_string(),
    };
    tokens.iter().take(16).map(piece).collect::<Vec<_>>().join(" ")
}

/// `LIKE` with `%`, `_` and `\\`.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern_rest.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(&text[at..], rest))
        }
        Some(p) => {
            let (literal, any) = if p == '\\' { (pattern_rest.next().unwrap_or(p), false) } else { (p, p == '_') };
            let mut text_rest = text.chars();
            text_rest.next().is_some_and(|t| any || t.eq_ignore_ascii_case(&literal)) && like(text_rest.as_str(), pattern_rest.as_str())
        }
    }
}
