// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was written on an instance since a snapshot, by site: shown before going back with the data loses it.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    fleet::{Backup, Instance, update::Written},
    instances::{Tools, archive},
};

/// Tables of a site that change at every visit, and those that are counted by themselves.
const NOT_COUNTED: [&str; 6] = ["options", "posts", "postmeta", "comments", "commentmeta", "actionscheduler_logs"];
const TITLES: i64 = 20;

/// Compares the database with the snapshot. Sites on which nothing was written are left out.
///
/// # Errors
/// When the database server fails or the snapshot cannot be read.
pub async fn since(tools: &Tools, instance: &Instance, snapshot: &Backup) -> Result<Vec<Written>> {
    let target = tools.target(instance.id).await?;
    let schema = instance.schema();
    let before = archive::tables(&target, &snapshot.path).await?;
    let now = tools.database.counts(&schema).await?;
    let at = snapshot.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut all = Vec::new();
    for blog in super::pages::blogs(&target).await? {
        let prefix = if blog.id == 1 { "wp_".to_owned() } else { format!("wp_{}_", blog.id) };
        let mut written = Written { blog: blog.id, address: format!("{}{}", blog.domain, blog.path), ..Written::default() };
        let changed = format!(
            "FROM `{prefix}posts` WHERE post_modified_gmt >= ? AND post_status NOT IN ('auto-draft', 'inherit') AND post_type NOT IN ('revision', 'customize_changeset', 'oembed_cache')"
        );
        written.post_count = count(tools, &schema, &format!("SELECT COUNT(*) {changed}"), &at).await?;
        if written.post_count > 0 {
            let titles = format!(
                "SELECT GROUP_CONCAT(title SEPARATOR '\n') FROM (SELECT LEFT(IF(post_title = '', post_type, post_title), 100) AS title {changed} ORDER BY post_modified_gmt DESC LIMIT {TITLES}) AS newest"
            );
            let row = tools.database.query_row(&schema, &titles, vec![at.clone()]).await?;
            let text = row.and_then(|mut row| row.pop().flatten()).unwrap_or_default();
            written.posts = text.lines().map(ToOwned::to_owned).collect();
        }
        written.comments =
            count(tools, &schema, &format!("SELECT COUNT(*) FROM `{prefix}comments` WHERE comment_date_gmt >= ?"), &at).await?;
        if blog.id == 1 {
            written.users = count(tools, &schema, "SELECT COUNT(*) FROM `wp_users` WHERE user_registered >= ?", &at).await?;
        }
        written.rows = more_rows(blog.id, &prefix, &before, &now);
        if written.post_count + written.comments + written.users > 0 || !written.rows.is_empty() {
            all.push(written);
        }
    }
    Ok(all)
}

async fn count(tools: &Tools, schema: &str, query: &str, since: &str) -> Result<u64> {
    let row = tools.database.query_row(schema, query, vec![since.to_owned()]).await?;
    Ok(row.and_then(|mut row| row.pop().flatten()).and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Tables of one site that have more rows than in the snapshot, such as those of form entries.
fn more_rows(blog: u64, prefix: &str, before: &BTreeMap<String, String>, now: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let of_another = |rest: &str| blog == 1 && rest.split_once('_').is_some_and(|(id, _)| id.parse::<u64>().is_ok());
    now.iter()
        .filter_map(|(table, rows)| {
            let rest = table.strip_prefix(prefix)?;
            if of_another(rest) || NOT_COUNTED.contains(&rest) || (blog == 1 && matches!(rest, "users" | "usermeta" | "sitemeta" | "blogs")) {
                return None;
            }
            let was = before.get(table).map_or(0, |text| rows_of(text));
            rows.checked_sub(was).filter(|more| *more > 0).map(|more| (table.clone(), more))
        })
        .collect()
}

/// `rows 12 checksum 345` as 12.
fn rows_of(text: &str) -> u64 {
    text.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_entries_are_found_and_other_sites_left_alone() {
        let before = BTreeMap::from([("wp_frm_items".to_owned(), "rows 3 checksum 9".to_owned())]);
        let now = BTreeMap::from([
            ("wp_frm_items".to_owned(), 5),
            ("wp_2_frm_items".to_owned(), 7),
            ("wp_options".to_owned(), 900),
            ("wp_new_table".to_owned(), 1),
            ("wp_empty".to_owned(), 0),
        ]);
        assert_eq!(more_rows(1, "wp_", &before, &now), [("wp_frm_items".to_owned(), 2), ("wp_new_table".to_owned(), 1)]);
        assert_eq!(more_rows(2, "wp_2_", &before, &now), [("wp_2_frm_items".to_owned(), 7)]);
    }
}
