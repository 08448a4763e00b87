// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The copy of the instance's schema, with a user of its own. It is made inside the database server's container: no row passes
//! through the control plane.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::unseen;
use crate::{
    error::{Error, OutsideKind, Result},
    instances::Context,
    rollouts::rehearsals::place::Place,
    workflow::{Observation, Step},
};

/// See the module.
pub struct CopyData;

/// A table that says for which rehearsal the copy was made; written last, so that a copy that has it is whole.
const MARK: &str = "flotta_rehearsal";
const SECONDS: u64 = 3600;

/// Dumps and loads at once. Triggers stay behind: they would act with the rights of the instance's own user.
fn command(from: &str, into: &str) -> String {
    format!(
        "mariadb-dump --single-transaction --quick --skip-triggers --hex-blob --skip-comments {from} \
         | mariadb --binary-mode --skip-reconnect {into}"
    )
}

#[async_trait]
impl Step<Context> for CopyData {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(SECONDS + 300)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let (database, schema) = (&cx.target.tools.database, Place::of(cx).schema());
        let there = match database.schema(&schema).await {
            Ok(there) if !there.schema && !there.user => return Ok(Observation::Absent),
            Ok(there) => there,
            Err(error) => return unseen(Err(error), |(): ()| Observation::Absent),
        };
        let mark = match database.query_row(&schema, &format!("SELECT operation FROM {MARK}"), Vec::new()).await {
            Ok(row) => row.and_then(|mut columns| columns.pop().flatten()),
            Err(error) if error.is_transient() => return unseen(Err(error), |(): ()| Observation::Absent),
            Err(_) => None,
        };
        Ok(if there.user && mark == Some(cx.operation.text()) {
            Observation::Present(json!({"schema": schema, "tables": there.tables, "bytes": there.bytes}))
        } else {
            Observation::Partial("an unfinished copy".to_owned())
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, place) = (&cx.target.tools, Place::of(cx));
        let (from, into) = (cx.target.instance.schema(), place.schema());
        let (bytes, free) = (tools.database.schema(&from).await?.bytes, tools.engine.free_disk_bytes().await?);
        let kept = tools.settings.reserved_disk_mib << 20;
        // Loading writes each row once more to the log.
        if free < kept.saturating_add(bytes.saturating_mul(2)) {
            return Err(Error::outside(
                "database server",
                OutsideKind::Full,
                format!("a copy needs {} MiB and {} MiB of the disk are to stay free; {} MiB are", bytes >> 19, kept >> 20, free >> 20),
            ));
        }
        tools.database.drop_schema(&into).await?;
        tools.database.create_schema(&into, &place.secret("db_password")?).await?;
        let command = command(&from, &into);
        let words = ["bash", "-o", "pipefail", "-c", &command];
        let done = tools.engine.exec(&tools.settings.database_server(), &words, None, b"", SECONDS).await?;
        if done.status != 0 {
            let said = String::from_utf8_lossy(&done.stderr).chars().take(300).collect::<String>();
            return Err(Error::outside("database server", OutsideKind::Failed, format!("the schema could not be copied: {}", said.trim())));
        }
        let mark = format!("CREATE TABLE {MARK} (operation varchar(36));\nINSERT INTO {MARK} VALUES ('{}');\n", cx.operation);
        tools.database.run_script(&into, &mark).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        cx.target.tools.database.drop_schema(&Place::of(cx).schema()).await
    }
}
