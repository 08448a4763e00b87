// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The release that is tried, on the copy: every site's tables upgraded, every site visited once, one at a time, and then the same
//! pages looked at. Whatever goes wrong with it is what the rehearsal is for, and no failure of the rehearsal.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use tokio::time::sleep;

use super::{order, side};
use crate::{
    drivers::wordpress::Blog,
    error::{Error, Result},
    fleet::{contents::Contents, update::Migration},
    instances::Context,
    rollouts::{
        compare,
        evidence::{forget, load, save},
        pages::{self, Eye},
        rehearsals::{
            Order,
            album::Album,
            classify::{Classified, classify},
            evidence::{self, kept},
            place::{Place, Side},
        },
    },
    workflow::{Observation, Step},
};

/// See the module.
pub struct Candidate;

/// How often a site's upgrade is tried: once may be chance.
const TRIES: u32 = 2;
/// How long a migration may take to let its locks go after every site was visited.
const LOCKS: Duration = Duration::from_secs(10);

#[async_trait]
impl Step<Context> for Candidate {
    fn name(&self) -> &'static str {
        "candidate"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let seen: Option<evidence::Candidate> = load(&cx.target.tools, cx.operation, kept::CANDIDATE).await?;
        let kept = seen.map(|seen| json!({"pages": seen.look.pages.len(), "migration": seen.migration}));
        side::observed(cx, Side::New, kept).await
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, place, order) = (&cx.target.tools, Place::of(cx), order(cx)?);
        let missing = || Error::Internal("what the present release gave is gone".to_owned());
        let baseline: evidence::Baseline = load(tools, cx.operation, kept::BASELINE).await?.ok_or_else(missing)?;
        let contents: (Contents, Contents) = load(tools, cx.operation, kept::CONTENTS).await?.ok_or_else(missing)?;
        let eye = side::start(cx, &order, Side::New).await?;
        let tried = match side::answers(cx, &eye, Side::New).await? {
            Ok(ready) => trial(&eye, &baseline, ready.wanted_db_version).await,
            Err(why) => Ok(Err(why)),
        };
        // A database server or an engine that is gone is nobody's fault here.
        tools.database.ping().await?;
        let output = side::output(cx, Side::New).await?;
        let album = Album::new(tools, cx.operation, &eye, &baseline.looks.0);
        let (pictures, without_pictures) =
            if matches!(tried, Ok(Ok(_))) { album.after(&baseline.pictured).await } else { Default::default() };
        let without_pictures = if baseline.without_pictures.is_empty() { without_pictures } else { baseline.without_pictures.clone() };
        let data = classify((&contents.0, &contents.1), &tools.database.contents(&place.schema()).await?);
        let seen = match tried.or_else(own_doing)? {
            Ok(seen) if data.migration == Migration::None && may_be_well(&baseline, &seen) => {
                Ok(in_turn(cx, &order, &eye, &baseline, seen).await?)
            }
            other => other,
        };
        let seen = match seen {
            Ok(seen) => evidence::Candidate { output, migration: data.migration, changes: data.changes, change_count: data.count, ..seen },
            Err(why) => evidence::Candidate::failed(why, output, data),
        };
        let seen = evidence::Candidate { pictures, without_pictures, ..seen };
        save(tools, cx.operation, kept::CANDIDATE, &seen).await?;
        place.remove(Side::New).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        Place::of(cx).remove(Side::Old).await?;
        Place::of(cx).remove(Side::New).await?;
        forget(&cx.target.tools, cx.operation, kept::CANDIDATE).await
    }
}

/// Whether only its speed could speak against it.
fn may_be_well(baseline: &evidence::Baseline, seen: &evidence::Candidate) -> bool {
    let (first, second) = &baseline.looks;
    compare::compare_masked(first, &seen.look, &compare::Mask::of(first, second)).may_be_well()
}

/// How fast it is, beside the present release on the same copy, which may be let at it again since nothing was migrated.
async fn in_turn(
    cx: &Context,
    order: &Order,
    eye: &Eye,
    baseline: &evidence::Baseline,
    mut seen: evidence::Candidate,
) -> Result<evidence::Candidate> {
    let old = side::beside(cx, order, Side::Old).await?;
    if side::answers(cx, &old, Side::Old).await?.is_ok() {
        // The first answers of a container are slower than all others.
        let pages: Vec<_> = baseline.looks.0.pages.iter().map(|seen| seen.page.clone()).collect();
        old.see_all(&pages).await;
        pages::in_turn(&old, eye, &baseline.looks.0, &mut seen.look).await;
    }
    Place::of(cx).remove(Side::Old).await?;
    Ok(seen)
}

/// What the release's own WordPress fails at is said of the release.
fn own_doing(error: Error) -> Result<std::result::Result<evidence::Candidate, String>> {
    if pages::is_own_doing(&error) { Ok(Err(error.to_string())) } else { Err(error) }
}

/// Goes through everything that a visitor or an upgrade would.
async fn trial(eye: &Eye, baseline: &evidence::Baseline, wanted: Option<i64>) -> Result<std::result::Result<evidence::Candidate, String>> {
    let blogs = eye.blogs().await?;
    let mut upgrades = BTreeMap::new();
    for blog in blogs.iter().filter(|blog| !blog.deleted) {
        if let Err(error) = upgrade(eye, blog).await {
            upgrades.insert(blog.id, error.to_string());
        }
    }
    let mut fronts = BTreeMap::new();
    for blog in blogs.iter().filter(|blog| !blog.archived && !blog.deleted) {
        let wrong = pages::visit(eye, blog).await.unwrap_or_else(|error| Some(error.to_string()));
        fronts.extend(wrong.map(|wrong| (blog.id, wrong)));
    }
    let pages: Vec<_> = baseline.looks.0.pages.iter().map(|seen| seen.page.clone()).collect();
    let mut look = eye.look(&pages).await?;
    eye.again(&baseline.looks.0, &mut look).await;
    let nothing = Classified { migration: Migration::None, changes: Vec::new(), count: 0 };
    Ok(Ok(evidence::Candidate {
        failed: None,
        wanted,
        upgrades,
        fronts,
        look,
        sites: side::states(&settled(eye, baseline).await?),
        ..evidence::Candidate::failed(String::new(), String::new(), nothing)
    }))
}

async fn upgrade(eye: &Eye, blog: &Blog) -> Result<i64> {
    let mut tries = 1;
    loop {
        match eye.wordpress.upgrade(&eye.site, &eye.key, blog).await {
            Err(error) if error.is_transient() && tries < TRIES => tries += 1,
            other => return other,
        }
    }
}

/// The sites, once no migration holds a lock any more, or the time for that is over.
async fn settled(eye: &Eye, baseline: &evidence::Baseline) -> Result<Vec<Blog>> {
    let known = |blog: &Blog, lock: &String| baseline.sites.get(&blog.id).is_some_and(|site| site.locks.contains(lock));
    let over = tokio::time::Instant::now() + LOCKS;
    loop {
        let blogs = eye.blogs().await?;
        if blogs.iter().all(|blog| blog.locks.iter().all(|lock| known(blog, lock))) || tokio::time::Instant::now() > over {
            return Ok(blogs);
        }
        sleep(Duration::from_millis(500)).await;
    }
}
