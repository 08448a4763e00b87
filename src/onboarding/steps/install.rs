// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! WordPress in the schema: a copy of the release's template with the municipality's own names. The database step removes it.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, unseen};
use crate::{
    error::Result,
    instances::template,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Install;

#[async_trait]
impl Step<Context> for Install {
    fn name(&self) -> &'static str {
        "install"
    }

    fn budget(&self) -> std::time::Duration {
        // The first of a release also makes its template.
        std::time::Duration::from_secs(300)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let target = &cx.target;
        let schema = target.instance.schema();
        let there = match target.tools.database.schema(&schema).await {
            Ok(there) => there,
            Err(error) => return Ok(Observation::Unknown(error.to_string())),
        };
        if there.tables == 0 {
            let kind = target.instance.network_kind;
            return Ok(if template::unfinished(&target.tools, &target.release, kind, &target.instance.locale) {
                Observation::Partial("an unfinished template of the release".into())
            } else {
                Observation::Absent
            });
        }
        let query = "SELECT option_value FROM wp_options WHERE option_name = ?";
        let seen = target.tools.database.query_row(&schema, query, vec![template::MARK.to_owned()]).await;
        let mark = match seen {
            Ok(row) => row.and_then(|mut columns| columns.pop().flatten()),
            // A dump that stopped early may have tables, but not this one.
            Err(error) if error.is_transient() => return unseen(Err(error), |(): ()| Observation::Absent),
            Err(_) => None,
        };
        Ok(if mark == Some(target.instance.id.text()) {
            Observation::Present(json!({"tables": there.tables}))
        } else {
            Observation::Partial(format!("{} tables of an unfinished installation", there.tables))
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let target = &cx.target;
        let instance = &target.instance;
        let mut script = template::sql(&target.tools, &target.release, instance.network_kind, &instance.locale).await?;
        script.push('\n');
        script.push_str(&template::personalise(instance, target.tools.settings.https_port));
        target.tools.database.run_script(&instance.schema(), &script).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let (tools, instance) = (&cx.target.tools, &cx.target.instance);
        template::discard(tools, &cx.target.release, instance.network_kind, &instance.locale).await?;
        tools.database.drop_schema(&instance.schema()).await
    }

    fn is_undone(&self, _: &Context, seen: &Observation) -> bool {
        // What is whole goes with the schema.
        matches!(seen, Observation::Absent | Observation::Present(_))
    }
}
