// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every site's tables and data brought to the new release, one site after another, behind the write pause, and proved. WordPress's
//! own way through a network ends at the first error and leaves out archived sites; themes migrate a site at its first visit.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::{beside, kept, moved, not_needed, or_the_ground};
use crate::{
    drivers::wordpress::Blog,
    error::{Error, OutsideKind, Result},
    instances::{Context, Target, archive},
    onboarding::steps::Container,
    rollouts::{evidence, pages},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Migrate;

fn needed(cx: &Context) -> Result<bool> {
    let asked = &moved(cx)?.asked;
    Ok(asked.reverts.is_none() && asked.migration.pauses())
}

fn of_release(message: String) -> Error {
    Error::outside("release", OutsideKind::Refused, message)
}

fn named(blog: &Blog) -> String {
    format!("site {} ({}{})", blog.id, blog.domain, blog.path)
}

/// One site: its tables, then one visit to its front page, which is when themes migrate.
async fn one(to: &Target, blog: &Blog) -> Result<()> {
    let (site, key) = (to.site()?, to.secret("agent_key").await?);
    to.tools.wordpress.upgrade(&site, &key, blog).await.map_err(|error| match error {
        Error::Outside { system: "wordpress", message, .. } => of_release(format!("{}: {message}", named(blog))),
        other => other,
    })?;
    if blog.archived || blog.deleted {
        return Ok(());
    }
    let page = to.tools.wordpress.page(&blog.site(&site)?, &blog.path).await?;
    if page.broken || page.status >= 500 {
        return Err(of_release(format!("{}: its front page shows an error ({}) while it is migrated", named(blog), page.status)));
    }
    Ok(())
}

/// Every site is at the version that the code wants, and no migration is under way.
async fn prove(to: &Target) -> Result<Vec<Blog>> {
    let (site, key) = (to.site()?, to.secret("agent_key").await?);
    let wanted = to.tools.wordpress.ready(&site, &key).await?.wanted_db_version;
    let blogs = pages::blogs(to).await?;
    for blog in &blogs {
        if wanted.is_some_and(|wanted| blog.db_version != wanted) {
            let wanted = wanted.unwrap_or_default();
            return Err(of_release(format!("{}: its tables are at version {}, not {wanted}", named(blog), blog.db_version)));
        }
        if let Some(lock) = blog.locks.iter().find(|lock| lock.contains("upgrade") || lock.contains("migrat")) {
            return Err(of_release(format!("{}: the lock `{lock}` was left behind by a migration", named(blog))));
        }
    }
    Ok(blogs)
}

async fn all(to: &Target) -> Result<Vec<Blog>> {
    for blog in pages::blogs(to).await? {
        one(to, &blog).await?;
    }
    prove(to).await
}

/// A database server or an engine that died in the middle may have left a site half migrated, and nobody's migration is made to go
/// on from there: the snapshot is put back, and the update has another turn.
fn for_good(error: Error) -> Error {
    match error {
        Error::Outside { system: system @ ("database server" | "engine"), message, .. } => {
            Error::outside(system, OutsideKind::Refused, message)
        }
        other => other,
    }
}

#[async_trait]
impl Step<Context> for Migrate {
    fn name(&self) -> &'static str {
        "migrate"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        if !needed(cx)? {
            return Ok(not_needed());
        }
        let tools = &cx.target.tools;
        let done: Option<Vec<Blog>> = evidence::load(tools, cx.operation, kept::MIGRATED).await?;
        if let Some(blogs) = done {
            return Ok(Observation::Present(json!({"sites": blogs.len()})));
        }
        let begun: Option<bool> = evidence::load(tools, cx.operation, kept::TOUCHED).await?;
        Ok(begun.map_or(Observation::Absent, |_| Observation::Partial("sites that may be migrated in part".to_owned())))
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, to) = (&cx.target.tools, &moved(cx)?.to);
        let touched = evidence::load::<bool>(tools, cx.operation, kept::TOUCHED).await?.is_some();
        if beside::start_again(cx, to).await? && touched {
            return Err(for_good(Error::outside("engine", OutsideKind::Failed, "the container was stopped while sites were migrated")));
        }
        evidence::save(tools, cx.operation, kept::TOUCHED, &true).await?;
        let begun = Instant::now();
        match all(to).await {
            Ok(blogs) => evidence::save(tools, cx.operation, kept::MIGRATED, &blogs).await,
            Err(error) => Err(for_good(or_the_ground(cx, to, begun, error).await)),
        }
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let (tools, moved) = (&cx.target.tools, moved(cx)?);
        if evidence::load::<bool>(tools, cx.operation, kept::TOUCHED).await?.is_some() {
            // Nothing of the new code may write while its data is taken away.
            Container.undo(&cx.at(&moved.to)).await?;
            archive::restore(&moved.from, &archive::relative(&cx.target, cx.operation)).await?;
        }
        evidence::forget(tools, cx.operation, kept::MIGRATED).await?;
        evidence::forget(tools, cx.operation, kept::TOUCHED).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        !needed(cx).unwrap_or(true) || matches!(seen, Observation::Absent)
    }
}
