// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is to be said of the release, and the evidence for it.

use async_trait::async_trait;
use serde_json::json;

use super::order;
use crate::{
    error::{Error, Result},
    instances::Context,
    rollouts::{
        evidence::{forget, load, save},
        rehearsals::{
            evidence::{self, Evidence, Pair, kept},
            judge::judge,
            place::{Place, Side},
        },
    },
    workflow::{Observation, Step},
};

/// See the module.
pub struct Verdict;

/// What the evidence was made from goes; the baseline last, as it says that something is left.
async fn forget_parts(cx: &Context) -> Result<()> {
    for name in [kept::CANDIDATE, kept::CONTENTS, kept::BASELINE] {
        forget(&cx.target.tools, cx.operation, name).await?;
    }
    Ok(())
}

/// Version of the evidence's form.
const VERSION: u32 = 1;

#[async_trait]
impl Step<Context> for Verdict {
    fn name(&self) -> &'static str {
        "verdict"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let tools = &cx.target.tools;
        let baseline: Option<evidence::Baseline> = load(tools, cx.operation, kept::BASELINE).await?;
        Ok(match (evidence::whole(tools, cx.operation).await?, baseline) {
            (None, _) => Observation::Absent,
            (Some(_), Some(_)) => Observation::Partial("evidence with what it was made from".to_owned()),
            (Some(whole), None) => Observation::Present(json!({
                "level": whole.level, "migration": whole.migration, "summary": whole.summary, "release": whole.to,
                "findings": whole.findings.len(), "pages": whole.pages.len(), "pictures": whole.pictures.len(),
            })),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, place, order) = (&cx.target.tools, Place::of(cx), order(cx)?);
        if evidence::whole(tools, cx.operation).await?.is_some() {
            // It was written, and what it was made from was about to go.
            return forget_parts(cx).await;
        }
        let missing = || Error::Internal("what the releases gave is gone".to_owned());
        let baseline: evidence::Baseline = load(tools, cx.operation, kept::BASELINE).await?.ok_or_else(missing)?;
        let candidate: evidence::Candidate = load(tools, cx.operation, kept::CANDIDATE).await?.ok_or_else(missing)?;
        let verdict = judge(&baseline, &candidate);
        let new = |page| candidate.look.pages.iter().find(|seen| seen.page == page).cloned();
        let pages = baseline.looks.0.pages.into_iter().map(|old| Pair { new: new(old.page.clone()), old }).collect();
        let whole = Evidence {
            version: VERSION,
            from: place.release(&order, Side::Old).await?.name,
            to: place.release(&order, Side::New).await?.name,
            at: tools.clock.now(),
            level: verdict.level,
            summary: verdict.summary(),
            migration: candidate.migration,
            changes: candidate.changes,
            change_count: candidate.change_count,
            findings: verdict.findings,
            pages,
            pictures: candidate.pictures,
            without_pictures: candidate.without_pictures,
        };
        save(tools, cx.operation, kept::WHOLE, &whole).await?;
        forget_parts(cx).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        evidence::discard(&cx.target.tools, cx.operation)
    }

    fn is_undone(&self, cx: &Context, _: &Observation) -> bool {
        !evidence::folder(&cx.target.tools, cx.operation).exists()
    }
}
