// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Tables as the simulated database server keeps them, and the little SQL that it understands: what an installation, a
//! dump and a domain change need. What it does not understand is refused, never passed over in silence.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    parse::{Token, after, eval, like, name, split, statements, words},
    refused,
};
use crate::{
    error::Result,
    fleet::contents::{Contents, TableContents, is_version},
};

const SYSTEM: &str = "database server";

pub(in crate::drivers) type Row = Vec<Option<String>>;

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::drivers) struct Table {
    pub(in crate::drivers) columns: Vec<String>,
    pub(in crate::drivers) key: Vec<usize>,
    pub(in crate::drivers) rows: Vec<Row>,
}

/// One schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::drivers) struct Schema {
    pub(in crate::drivers) tables: BTreeMap<String, Table>,
}

impl Table {
    pub(in crate::drivers) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.eq_ignore_ascii_case(name))
    }

    /// The cell in `want` of the first row whose `column` is `value`.
    pub(in crate::drivers) fn find(&self, column: &str, value: &str, want: &str) -> Option<&str> {
        let (at, want) = (self.column(column)?, self.column(want)?);
        self.rows.iter().find(|row| row.get(at).is_some_and(|v| v.as_deref() == Some(value)))?.get(want)?.as_deref()
    }

    fn bytes(&self) -> u64 {
        self.rows.iter().flatten().flatten().map(|v| v.len() as u64).sum()
    }

    /// Row count and a checksum that does not depend on the order of the rows.
    fn fingerprint(&self) -> String {
        let sum = self.rows.iter().fold(0_u64, |sum, row| {
            let mut hasher = DefaultHasher::new();
            (&self.columns, row).hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        format!("{}:{sum}", self.rows.len())
    }

    fn matching(&self, condition: &[Token], vars: &BTreeMap<String, Option<String>>) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut all = true;
            if !condition.is_empty() {
                for part in split(condition, &Token::Word("AND".into())) {
                    all &= self.holds(part, row, vars)?;
                }
            }
            if all {
                found.push(at);
            }
        }
        Ok(found)
    }

    fn holds(&self, part: &[Token], row: &Row, vars: &BTreeMap<String, Option<String>>) -> Result<bool> {
        let unclear = || refused(SYSTEM, format!("simulated: condition `{}` is not understood", words(part)));
        let (column, used) = name(part).ok_or_else(unclear)?;
        let cell = self.cell(row, &column).ok_or_else(|| refused(SYSTEM, format!("unknown column `{column}`")))?;
        let (operator, rest) = part.get(used..).and_then(<[Token]>::split_first).ok_or_else(unclear)?;
        let value = |tokens: &[Token]| eval(tokens, &|c| self.cell(row, c), vars);
        Ok(match operator {
            Token::Symbol('=') => value(rest).is_some_and(|v| cell == Some(v)),
            Token::Symbol('!') if rest.first() == Some(&Token::Symbol('=')) => cell.is_some() && cell != value(&rest[1..]),
            Token::Symbol('<') if rest.first() == Some(&Token::Symbol('>')) => cell.is_some() && cell != value(&rest[1..]),
            Token::Word(w) if w.eq_ignore_ascii_case("LIKE") => cell.zip(value(rest)).is_some_and(|(c, p)| like(&c, &p)),
            Token::Word(w) if w.eq_ignore_ascii_case("IN") && rest.len() >= 2 => {
                split(&rest[1..rest.len() - 1], &Token::Symbol(',')).into_iter().any(|v| cell.is_some() && value(v) == cell)
            }
            Token::Word(w) if w.eq_ignore_ascii_case("IS") => (rest.len() == 1) == cell.is_none(),
            _ => return Err(unclear()),
        })
    }

    fn cell(&self, row: &Row, column: &str) -> Option<Option<String>> {
        self.column(column).map(|at| row.get(at).cloned().flatten())
    }

    fn insert(&mut self, row: Row, mode: Insert, table: &str) -> Result<()> {
        let key = |row: &Row| -> Option<Vec<String>> { self.key.iter().map(|k| row.get(*k).cloned().flatten()).collect() };
        let same = match key(&row) {
            Some(mine) if !mine.is_empty() => self.rows.iter().position(|r| key(r).as_ref() == Some(&mine)),
            _ => None,
        };
        match (same, mode) {
            (None, _) => self.rows.push(row),
            (Some(at), Insert::Replace) => self.rows[at] = row,
            (Some(_), Insert::Ignore) => {}
            (Some(_), Insert::Plain) => return Err(refused(SYSTEM, format!("duplicate entry in table `{table}`"))),
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Insert {
    Plain,
    Ignore,
    Replace,
}

impl Schema {
    pub(in crate::drivers) fn bytes(&self) -> u64 {
        self.tables.values().map(|t| t.bytes() + 1024).sum()
    }

    pub(in crate::drivers) fn fingerprint(&self) -> BTreeMap<String, String> {
        self.tables.iter().map(|(name, table)| (name.clone(), table.fingerprint())).collect()
    }

    pub(in crate::drivers) fn contents(&self) -> Contents {
        let table = |table: &Table| {
            let structure = format!("{:?} {:?}", table.columns, table.key);
            let names = [("option_name", "option_value"), ("meta_key", "meta_value")];
            let named = names.into_iter().find_map(|(name, value)| Some((table.column(name)?, table.column(value)?)));
            let Some((name, value)) = named else {
                return TableContents { structure, rows: table.fingerprint(), ..TableContents::default() };
            };
            let text = |row: &Row, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            let all: BTreeMap<String, String> = table.rows.iter().map(|row| (text(row, name), text(row, value))).collect();
            let versions = all.iter().filter(|(name, _)| is_version(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
            TableContents { structure, rows: String::new(), named: all, versions }
        };
        Contents { tables: self.tables.iter().map(|(name, t)| (name.clone(), table(t))).collect() }
    }

    /// Runs a script, statement by statement, stopping at the first error; with `halfway`, only its first half.
    pub(in crate::drivers) fn run(&mut self, script: &str, halfway: bool) -> Result<()> {
        let statements = statements(script)?;
        let count = if halfway { statements.len() / 2 } else { statements.len() };
        let mut vars = BTreeMap::new();
        statements.iter().take(count).try_for_each(|statement| self.statement(statement, &mut vars))
    }

    fn table(&mut self, name: &str) -> Result<&mut Table> {
        self.tables.get_mut(name).ok_or_else(|| no_table(name))
    }

    fn statement(&mut self, tokens: &[Token], vars: &mut BTreeMap<String, Option<String>>) -> Result<()> {
        let unclear = || refused(SYSTEM, format!("simulated: statement `{}` is not understood", words(tokens)));
        let word = |at: usize| match tokens.get(at) {
            Some(Token::Word(w)) => w.to_ascii_uppercase(),
            _ => String::new(),
        };
        match (word(0).as_str(), word(1).as_str()) {
            ("CREATE", "TABLE") => self.create(tokens),
            ("DROP", "TABLE") => {
                let lenient = word(2) == "IF";
                let rest = after(tokens, if lenient { 4 } else { 2 });
                for part in split(rest, &Token::Symbol(',')) {
                    let (table, _) = name(part).ok_or_else(unclear)?;
                    if self.tables.remove(&table).is_none() && !lenient {
                        return Err(no_table(&table));
                    }
                }
                Ok(())
            }
            ("TRUNCATE", second) => {
                let (table, _) = name(after(tokens, if second == "TABLE" { 2 } else { 1 })).ok_or_else(unclear)?;
                self.table(&table)?.rows.clear();
                Ok(())
            }
            ("INSERT" | "REPLACE", _) => self.insert(tokens, vars),
            ("UPDATE", _) => {
                let (table, used) = name(after(tokens, 1)).ok_or_else(unclear)?;
                let (assignments, condition) = parts(after(tokens, 1 + used), "SET", "WHERE").ok_or_else(unclear)?;
                let table = self.table(&table)?;
                for at in table.matching(condition, vars)? {
                    let old = table.rows[at].clone();
                    for assignment in split(assignments, &Token::Symbol(',')) {
                        let (column, used) = name(assignment).ok_or_else(unclear)?;
                        let column = table.column(&column).ok_or_else(|| refused(SYSTEM, format!("unknown column `{column}`")))?;
                        let value = eval(after(assignment, used + 1), &|c| table.cell(&old, c), vars);
                        table.rows[at][column] = value;
                    }
                }
                Ok(())
            }
            ("DELETE", "FROM") => {
                let (table, used) = name(after(tokens, 2)).ok_or_else(unclear)?;
                let rest = after(tokens, 2 + used);
                let table = self.table(&table)?;
                let gone = table.matching(after(rest, 1), vars)?;
                for at in gone.into_iter().rev() {
                    table.rows.remove(at);
                }
                Ok(())
            }
            ("SET", _) => {
                for part in split(after(tokens, 1), &Token::Symbol(',')) {
                    if let [Token::Word(variable), rest @ ..] = part
                        && variable.starts_with('@')
                        && !variable.starts_with("@@")
                    {
                        let from = rest.iter().position(|t| *t == Token::Symbol('=')).map_or(0, |at| at + 1);
                        let value = eval(&rest[from..], &|_| None, vars);
                        vars.insert(variable.to_ascii_lowercase(), value);
                    }
                }
                Ok(())
            }
            ("LOCK" | "UNLOCK" | "ALTER" | "COMMIT" | "START" | "BEGIN" | "USE" | "ANALYZE" | "OPTIMIZE" | "FLUSH", _)
            | ("CREATE", "INDEX" | "UNIQUE") => Ok(()),
            _ => Err(unclear()),
        }
    }

    fn create(&mut self, tokens: &[Token]) -> Result<()> {
        let unclear = || refused(SYSTEM, format!("simulated: statement `{}` is not understood", words(tokens)));
        let lenient = matches!(tokens.get(2), Some(Token::Word(w)) if w.eq_ignore_ascii_case("IF"));
        let start = if lenient { 5 } else { 2 };
        let (table_name, used) = name(after(tokens, start)).ok_or_else(unclear)?;
        if self.tables.contains_key(&table_name) {
            return if lenient { Ok(()) } else { Err(refused(SYSTEM, format!("table `{table_name}` already exists"))) };
        }
        let body = after(tokens, start + used);
        let end = body.iter().rposition(|t| *t == Token::Symbol(')')).ok_or_else(unclear)?;
        let mut table = Table::default();
        for part in split(body.get(1..end).ok_or_else(unclear)?, &Token::Symbol(',')) {
            match part {
                [Token::Word(first), rest @ ..] if is_key_word(first) => {
                    if first.eq_ignore_ascii_case("PRIMARY")
                        && let Some(at) = rest.iter().position(|t| *t == Token::Symbol('('))
                    {
                        let columns = rest[at + 1..].iter().filter_map(|t| match t {
                            Token::Name(n) | Token::Word(n) => table.column(n),
                            _ => None,
                        });
                        table.key = columns.collect();
                    }
                }
                [Token::Name(column) | Token::Word(column), ..] => table.columns.push(column.clone()),
                _ => return Err(unclear()),
            }
        }
        self.tables.insert(table_name, table);
        Ok(())
    }

    fn insert(&mut self, tokens: &[Token], vars: &BTreeMap<String, Option<String>>) -> Result<()> {
        let unclear = || refused(SYSTEM, format!("simulated: statement `{}` is not understood", words(tokens)));
        let is = |t: &Token, word: &str| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(word));
        let into = tokens.iter().position(|t| is(t, "INTO")).ok_or_else(unclear)?;
        let (table_name, used) = name(after(tokens, into + 1)).ok_or_else(unclear)?;
        let named = after(tokens, into + 1 + used);
        let bracket = if named.first() == Some(&Token::Symbol('(')) {
            named.iter().position(|t| *t == Token::Symbol(')')).ok_or_else(unclear)? + 1
        } else {
            0
        };
        let (named, rest) = named.split_at(bracket);
        if !rest.first().is_some_and(|t| is(t, "VALUES") || is(t, "VALUE")) {
            return Err(unclear());
        }
        let values = into + 1 + used + bracket;
        let mode = if is(&tokens[0], "REPLACE") || tokens.iter().any(|t| is(t, "DUPLICATE")) {
            Insert::Replace
        } else if tokens[..into].iter().any(|t| is(t, "IGNORE")) {
            Insert::Ignore
        } else {
            Insert::Plain
        };
        let table = self.table(&table_name)?;
        let columns: Vec<usize> = if named.len() > 2 {
            let column = |part: &[Token]| name(part).and_then(|(c, _)| table.column(&c));
            split(&named[1..named.len() - 1], &Token::Symbol(',')).into_iter().map(column).collect::<Option<_>>().ok_or_else(unclear)?
        } else {
            (0..table.columns.len()).collect()
        };
        let end = tokens.iter().rposition(|t| is(t, "ON")).filter(|_| mode == Insert::Replace).unwrap_or(tokens.len());
        for group in split(tokens.get(values + 1..end).ok_or_else(unclear)?, &Token::Symbol(',')) {
            let inner = group.get(1..group.len().saturating_sub(1)).ok_or_else(unclear)?;
            let cells = split(inner, &Token::Symbol(','));
            if cells.len() != columns.len() {
                return Err(refused(SYSTEM, format!("column count does not match value count in table `{table_name}`")));
            }
            let mut row: Row = vec![None; table.columns.len()];
            for (column, cell) in columns.iter().zip(cells) {
                row[*column] = eval(cell, &|_| None, vars);
            }
            table.insert(row, mode, &table_name)?;
        }
        Ok(())
    }

    /// One row of a `SELECT` from one table.
    pub(in crate::drivers) fn query(&self, schema: &str, query: &str, values: Vec<String>) -> Result<Option<Row>> {
        let unclear = || refused(SYSTEM, format!("simulated: query `{query}` is not understood"));
        let mut values = values.into_iter();
        let mut tokens = statements(query)?.into_iter().next().ok_or_else(unclear)?;
        for token in tokens.iter_mut().filter(|t| **t == Token::Symbol('?')) {
            *token = Token::Text(values.next().ok_or_else(|| refused(SYSTEM, "a bound value is missing"))?);
        }
        let is = |t: &Token, word: &str| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(word));
        if !tokens.first().is_some_and(|t| is(t, "SELECT")) {
            return Err(unclear());
        }
        let end = tokens.iter().position(|t| is(t, "ORDER") || is(t, "LIMIT")).unwrap_or(tokens.len());
        let vars = BTreeMap::new();
        let Some(from) = tokens.iter().position(|t| is(t, "FROM")) else {
            let cells = split(&tokens[1..end], &Token::Symbol(','));
            return Ok(Some(cells.into_iter().map(|c| eval(c, &|_| None, &vars)).collect()));
        };
        let catalogue =
            matches!(tokens.get(from + 1), Some(Token::Word(w) | Token::Name(w)) if w.eq_ignore_ascii_case("information_schema"));
        let (table_name, used) = name(after(&tokens, from + 1)).ok_or_else(unclear)?;
        let listing;
        let table = if catalogue {
            listing = self.catalogue(schema);
            &listing
        } else {
            self.tables.get(&table_name).ok_or_else(|| no_table(&table_name))?
        };
        let condition = tokens.get(from + 1 + used..end).and_then(<[Token]>::split_first).map_or(&[][..], |(_, rest)| rest);
        let rows = table.matching(condition, &vars)?;
        let cells = split(&tokens[1..from], &Token::Symbol(','));
        if cells.iter().any(|c| c.first().is_some_and(|t| is(t, "COUNT"))) {
            return Ok(Some(vec![Some(rows.len().to_string()); cells.len()]));
        }
        Ok(rows.first().map(|at| cells.into_iter().map(|c| eval(c, &|name| table.cell(&table.rows[*at], name), &vars)).collect()))
    }

    fn catalogue(&self, schema: &str) -> Table {
        let row = |(name, table): (&String, &Table)| {
            let text = [schema.to_owned(), name.clone(), "BASE TABLE".to_owned(), table.rows.len().to_string()];
            text.into_iter().map(Some).collect()
        };
        Table {
            columns: ["table_schema", "table_name", "table_type", "table_rows"].map(str::to_owned).to_vec(),
            key: Vec::new(),
            rows: self.tables.iter().map(row).collect(),
        }
    }

    /// The schema as statements that make it again, without its name.
    pub(in crate::drivers) fn dump(&self) -> String {
        let mut text = String::from("-- Simulated dump\n");
        for (name, table) in &self.tables {
            let mut lines: Vec<String> = table.columns.iter().map(|c| format!("  `{c}` longtext")).collect();
            if !table.key.is_empty() {
                let key: Vec<String> = table.key.iter().map(|k| format!("`{}`", table.columns[*k])).collect();
                lines.push(format!("  PRIMARY KEY ({})", key.join(",")));
            }
            text += &format!("DROP TABLE IF EXISTS `{name}`;\nCREATE TABLE `{name}` (\n{}\n);\n", lines.join(",\n"));
            let rows: Vec<String> = table
                .rows
                .iter()
                .map(|row| format!("({})", row.iter().map(|v| v.as_deref().map_or("NULL".into(), quote)).collect::<Vec<_>>().join(",")))
                .collect();
            if !rows.is_empty() {
                text += &format!("INSERT INTO `{name}` VALUES {};\n", rows.join(",\n"));
            }
        }
        text + "-- Dump completed\n"
    }
}

/// A text as SQL writes it.
pub(in crate::drivers) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

fn no_table(name: &str) -> crate::error::Error {
    refused(SYSTEM, format!("table `{name}` does not exist"))
}

fn is_key_word(word: &str) -> bool {
    ["PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "FULLTEXT", "SPATIAL", "INDEX", "FOREIGN", "CHECK"]
        .iter()
        .any(|k| word.eq_ignore_ascii_case(k))
}

/// What stands between the first word and the second, and after the second.
fn parts<'a>(tokens: &'a [Token], first: &str, second: &str) -> Option<(&'a [Token], &'a [Token])> {
    let rest = match tokens {
        [Token::Word(w), rest @ ..] if w.eq_ignore_ascii_case(first) => rest,
        _ => return None,
    };
    let at = rest.iter().position(|t| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case(second)));
    Some(at.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 1..])))
}
