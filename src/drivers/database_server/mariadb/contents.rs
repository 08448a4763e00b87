// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A schema's digests, made by the server itself so that its rows stay there.

use std::collections::BTreeMap;

use mysql_async::{Conn, Error as Cause, prelude::Queryable};
use sha2::{Digest, Sha256};

use crate::fleet::contents::{Contents, TableContents, is_version};

/// A table of more names than this is told as one.
const NAMES: usize = 5000;
/// A longer value is no version.
const VERSION: usize = 64;

/// A column as the catalogue tells it: table, name, everything about it, whether it counts itself.
type Column = (String, String, String, bool);

/// A cell as bytes, whatever its character set.
type Bytes = Option<Vec<u8>>;

pub(super) async fn read(c: &mut Conn, schema: &str) -> Result<Contents, Cause> {
    let columns: Vec<Column> = c
        .query(format!(
            "SELECT c.table_name, c.column_name, CONCAT_WS('|', c.column_name, c.column_type, c.is_nullable, IFNULL(c.column_default, '-'), \
             c.extra, IFNULL(c.collation_name, '-')), c.extra LIKE '%auto_increment%' \
             FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = '{schema}' AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position"
        ))
        .await?;
    let keys: Vec<(String, String)> = c
        .query(format!(
            "SELECT table_name, CONCAT_WS('|', index_name, seq_in_index, column_name, non_unique, IFNULL(sub_part, '-')) \
             FROM information_schema.statistics WHERE table_schema = '{schema}' ORDER BY table_name, index_name, seq_in_index"
        ))
        .await?;
    let mut tables: BTreeMap<String, (Sha256, Vec<(String, bool)>)> = BTreeMap::new();
    for (table, column, told, counts) in columns {
        let (digest, list) = tables.entry(table).or_default();
        digest.update(told + "\n");
        list.push((column, counts));
    }
    for (table, told) in keys {
        if let Some((digest, _)) = tables.get_mut(&table) {
            digest.update(told + "\n");
        }
    }
    c.query_drop(format!("USE `{schema}`")).await?;
    let mut contents = Contents::default();
    for (table, (digest, columns)) in tables {
        let structure = digest.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        let mut found = TableContents { structure, ..TableContents::default() };
        rows(c, &table, &columns, &mut found).await?;
        contents.tables.insert(table, found);
    }
    Ok(contents)
}

/// The columns in which rows have their name and their value.
fn named(columns: &[(String, bool)]) -> Option<(&str, &str)> {
    let has = |name: &str| columns.iter().any(|(column, _)| column == name);
    [("option_name", "option_value"), ("meta_key", "meta_value")].into_iter().find(|(name, value)| has(name) && has(value))
}

async fn rows(c: &mut Conn, table: &str, columns: &[(String, bool)], found: &mut TableContents) -> Result<(), Cause> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let table = quoted(table);
    let Some((name, value)) = named(columns) else {
        let sum: Option<(String, Option<u64>)> = c.query_first(format!("CHECKSUM TABLE {table}")).await?;
        found.rows = sum.and_then(|(_, sum)| sum).map_or_else(|| "none".to_owned(), |sum| sum.to_string());
        return Ok(());
    };
    // A row that was written anew with the same value has another number and is the same.
    let cells: Vec<String> =
        columns.iter().filter(|(_, counts)| !counts).map(|(column, _)| format!("IFNULL({}, 0x01)", quoted(column))).collect();
    let (name, value, cells) = (quoted(name), quoted(value), cells.join(", "));
    let digests: Vec<(Bytes, String)> = c
        .query(format!(
            "SELECT BINARY {name}, CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(0x00, {cells})))) FROM {table} GROUP BY BINARY {name} LIMIT {}",
            NAMES + 1
        ))
        .await?;
    if digests.len() > NAMES {
        let sum: Option<(String, Option<u64>)> = c.query_first(format!("CHECKSUM TABLE {table}")).await?;
        found.rows = sum.and_then(|(_, sum)| sum).map_or_else(|| "none".to_owned(), |sum| sum.to_string());
        return Ok(());
    }
    let text = |name: Bytes| String::from_utf8_lossy(&name.unwrap_or_default()).into_owned();
    found.named = digests.into_iter().map(|(name, digest)| (text(name), digest)).collect();
    let versions: Vec<(Bytes, Bytes)> = c
        .query(format!(
            "SELECT BINARY {name}, BINARY {value} FROM {table} WHERE {name} LIKE '%ver%' OR {name} = 'wpmu_upgrade_site' LIMIT {NAMES}"
        ))
        .await?;
    let versions = versions.into_iter().map(|(name, value)| (text(name), text(value)));
    found.versions = versions.filter(|(name, value)| is_version(name) && value.len() <= VERSION).collect();
    Ok(())
}
