// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an instance's agent tells of its WordPress, in short.

use std::time::Duration;

use serde_json::Value;
use tracing::debug;

use super::Tools;
use crate::{
    error::Result,
    fleet::{Instance, InstanceState},
};

/// The facts that people look at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// WordPress version.
    pub wordpress: String,
    /// PHP version.
    pub php: String,
    /// Name and version of the theme in use.
    pub theme: String,
    /// How many plugins are active.
    pub plugins: u32,
    /// How many sites the network has.
    pub sites: u32,
    /// How many users it has.
    pub users: u32,
}

/// Asks a running instance's agent. None where it does not run, or does not answer within `at_most`.
pub async fn ask(tools: &Tools, instance: &Instance, at_most: Duration) -> Option<Facts> {
    if instance.state != InstanceState::Running {
        return None;
    }
    match tokio::time::timeout(at_most, told(tools, instance)).await {
        Ok(Ok(facts)) => Some(facts),
        Ok(Err(error)) => {
            debug!(%error, instance = %instance.id, "an agent tells no facts");
            None
        }
        Err(_) => None,
    }
}

async fn told(tools: &Tools, instance: &Instance) -> Result<Facts> {
    let target = tools.target(instance.id).await?;
    let key = target.secret("agent_key").await?;
    Ok(read(&tools.wordpress.facts(&target.site()?, &key).await?))
}

/// Reads an agent's answer; what it does not tell stays empty.
fn read(told: &Value) -> Facts {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let either = |long: &str, short: &str| told.pointer(long).or_else(|| told.get(short)).unwrap_or(&Value::Null).clone();
    let count = |value: &Value| {
        let count = value.as_u64().or_else(|| value.as_array().map(|all| all.len() as u64)).unwrap_or(0);
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let active = |list: &str| told[list].as_array().into_iter().flatten().filter(|one| one["active"] == true);
    let theme = active("themes").next().map(|theme| format!("{} {}", text(&theme["name"]), text(&theme["version"])).trim().to_owned());
    Facts {
        wordpress: text(&either("/wordpress/version", "core")),
        php: text(&either("/php/version", "php")),
        theme: theme.unwrap_or_default(),
        plugins: u32::try_from(active("plugins").count()).unwrap_or(u32::MAX),
        sites: count(&told["sites"]),
        users: count(&either("/users/total", "users")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_and_what_is_missing_stays_empty() {
        let told = json!({
            "wordpress": {"version": "6.8.3"}, "php": {"version": "8.4.1"}, "sites": [{"id": 1}, {"id": 2}], "users": {"total": 7},
            "themes": [{"name": "Old", "version": "1", "active": false}, {"name": "Twenty Twenty-Five", "version": "1.3", "active": true}],
            "plugins": [{"name": "A", "active": true}, {"name": "B", "active": false}],
        });
        let facts = read(&told);
        assert_eq!((facts.wordpress.as_str(), facts.php.as_str(), facts.theme.as_str()), ("6.8.3", "8.4.1", "Twenty Twenty-Five 1.3"));
        assert_eq!((facts.plugins, facts.sites, facts.users), (1, 2, 7));
        assert_eq!(read(&json!({})), Facts::default());
        assert_eq!(read(&json!({"core": "6.8.3", "php": "8.4", "users": 3})).users, 3);
    }
}
