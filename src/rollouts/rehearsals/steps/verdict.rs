// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is to be said of the release, and the evidence for it.

use async_trait::async_trait;
use serde_json::json;

use super::order;
use crate::{
    error::{Error, Result},
    instances::Context,
    rollouts::rehearsals::{
        evidence::{Evidence, Folder, Pair},
        judge::judge,
        place::{Place, Side},
    },
    workflow::{Observation, Step},
};

/// See the module.
pub struct Verdict;

/// Version of the evidence's form.
const VERSION: u32 = 1;

#[async_trait]
impl Step<Context> for Verdict {
    fn name(&self) -> &'static str {
        "verdict"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let folder = Folder::of(&cx.target.tools.settings, cx.operation);
        Ok(match (folder.whole()?, folder.baseline()?) {
            (None, _) => Observation::Absent,
            (Some(_), Some(_)) => Observation::Partial("evidence with what it was made from".to_owned()),
            (Some(whole), None) => Observation::Present(json!({
                "level": whole.level, "migration": whole.migration, "summary": whole.summary, "release": whole.to,
                "findings": whole.findings.len(), "pages": whole.pages.len(), "pictures": whole.pictures.len(),
            })),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (place, order) = (Place::of(cx), order(cx)?);
        let folder = Folder::of(&cx.target.tools.settings, cx.operation);
        let missing = || Error::Internal("what the releases gave is gone".to_owned());
        let (baseline, candidate) = match (folder.whole()?, folder.baseline()?, folder.candidate()?) {
            (_, Some(baseline), Some(candidate)) => (baseline, candidate),
            // It was written, and what it was made from was about to go.
            (Some(whole), _, _) => return folder.keep_whole(&whole),
            _ => return Err(missing()),
        };
        let verdict = judge(&baseline, &candidate);
        let new = |page| candidate.look.pages.iter().find(|seen| seen.page == page).cloned();
        let pages = baseline.looks.0.pages.into_iter().map(|old| Pair { new: new(old.page.clone()), old }).collect();
        folder.keep_whole(&Evidence {
            version: VERSION,
            from: place.release(&order, Side::Old).await?.name,
            to: place.release(&order, Side::New).await?.name,
            at: cx.target.tools.clock.now(),
            level: verdict.level,
            summary: verdict.summary(),
            migration: candidate.migration,
            changes: candidate.changes,
            change_count: candidate.change_count,
            findings: verdict.findings,
            pages,
            pictures: candidate.pictures,
            without_pictures: candidate.without_pictures,
        })
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        Folder::of(&cx.target.tools.settings, cx.operation).remove()
    }

    fn is_undone(&self, cx: &Context, _: &Observation) -> bool {
        !Folder::of(&cx.target.tools.settings, cx.operation).exists()
    }
}
