// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The pictures of a rehearsal: of the home page of some sites, twice under the present release and once under the one that is
//! tried. They help a person to see; a rehearsal without them says why, and goes on.

use std::path::PathBuf;

use super::{
    differ,
    evidence::{Picture, folder},
};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Domain, OperationId,
        evidence::{Look, Sampled},
    },
    instances::Tools,
    rollouts::{evidence::blocking, pages::Eye},
    vault,
};

/// Whose pictures are taken.
pub struct Album<'a> {
    tools: &'a Tools,
    folder: PathBuf,
    eye: &'a Eye,
    /// Hosts that the pages may ask for more.
    hosts: Vec<Domain>,
}

impl<'a> Album<'a> {
    /// Of the sites of these pages.
    pub fn new(tools: &'a Tools, operation: OperationId, eye: &'a Eye, look: &Look) -> Self {
        let mut hosts: Vec<Domain> = look.pages.iter().filter_map(|seen| seen.page.host.parse().ok()).collect();
        hosts.push(eye.site.domain.clone());
        hosts.sort();
        hosts.dedup();
        Self { tools, folder: folder(tools, operation), eye, hosts }
    }

    /// Takes both pictures of the present release. Gives the pages of which there are two, and why there are no more.
    pub async fn before(&self, look: &Look) -> (Vec<Sampled>, String) {
        if let Err(error) = self.tools.browser.ready().await {
            return (Vec::new(), said(error));
        }
        let most = usize::try_from(self.tools.settings.rehearsals.pictures).unwrap_or(usize::MAX);
        let homes = look.pages.iter().filter(|seen| seen.page.kind == "home" && seen.status == 200).map(|seen| &seen.page);
        let mut taken = Vec::new();
        for page in homes.take(most) {
            let both = async {
                self.take(page, "old").await?;
                self.take(page, "again").await
            };
            match both.await {
                Ok(_) => taken.push(page.clone()),
                // One that fails is followed by others that do.
                Err(error) => return (taken, said(error)),
            }
        }
        (taken, String::new())
    }

    /// Takes the picture of the release that is tried, and compares.
    pub async fn after(&self, pages: &[Sampled]) -> (Vec<Picture>, String) {
        let mut pictures = Vec::new();
        for page in pages {
            match self.compare(page).await {
                Ok(picture) => pictures.push(picture),
                Err(error) => return (pictures, said(error)),
            }
        }
        (pictures, String::new())
    }

    async fn compare(&self, page: &Sampled) -> Result<Picture> {
        let new = self.take(page, "new").await?;
        let name = |what: &str| file(page, what);
        let (folder, old, again, difference) = (self.folder.clone(), name("old"), name("again"), name("difference"));
        let (first, second, shown) = (folder.join(&old), folder.join(again), folder.join(&difference));
        let found = blocking(move || {
            let found = differ::differ(&std::fs::read(first)?, &std::fs::read(&second)?, &new);
            let found = found.ok_or_else(|| std::io::Error::other("a picture cannot be read"))?;
            std::fs::write(shown, &found.picture)?;
            // It has said what it had to say.
            std::fs::remove_file(second)?;
            Ok(found)
        })
        .await?;
        Ok(Picture { page: page.clone(), old, new: name("new"), difference, changed: found.changed, unsteady: found.unsteady })
    }

    async fn take(&self, page: &Sampled, what: &str) -> Result<Vec<u8>> {
        let domain = page.host.parse().map_err(|e: crate::error::FieldError| Error::outside("browser", OutsideKind::Refused, e.message))?;
        let site = crate::drivers::wordpress::Site { domain, ..self.eye.site.clone() };
        let picture = self.tools.browser.picture(&site, &self.hosts, &page.path).await?;
        let (all, folder, path) = (self.tools.settings.evidence(), self.folder.clone(), self.folder.join(file(page, what)));
        blocking(move || {
            vault::private_folder(&all)?;
            vault::private_folder(&folder)?;
            std::fs::write(path, &picture)?;
            Ok(picture)
        })
        .await
    }
}

/// The file of a picture of a site's home page.
fn file(page: &Sampled, what: &str) -> String {
    format!("{what}-{}.png", page.blog)
}

fn said(error: Error) -> String {
    match error {
        Error::Outside { message, .. } => message,
        other => other.to_string(),
    }
}
