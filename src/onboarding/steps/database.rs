// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The instance's schema and the user that sees only it.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, unseen};
use crate::{
    error::Result,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Database;

#[async_trait]
impl Step<Context> for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let schema = cx.target.instance.schema();
        unseen(cx.target.tools.database.schema(&schema).await, |seen| match (seen.schema, seen.user) {
            (true, true) => Observation::Present(json!({"schema": schema})),
            (false, false) => Observation::Absent,
            (true, false) => Observation::Partial("the schema without its user".into()),
            (false, true) => Observation::Partial("the user without its schema".into()),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let password = cx.target.secret("db_password").await?;
        cx.target.tools.database.create_schema(&cx.target.instance.schema(), &password).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        cx.target.tools.database.drop_schema(&cx.target.instance.schema()).await
    }
}
