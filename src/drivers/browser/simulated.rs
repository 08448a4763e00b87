// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A simulated browser, which sees one colour: the page's status.

use async_trait::async_trait;

use super::Browser;
use crate::{
    drivers::{
        wordpress::Site,
        world::{Call, World, refused, site::Answer},
    },
    error::{Error, Result},
    fleet::Domain,
};

const SYSTEM: &str = "browser";

/// A [`Browser`] in a simulated world.
#[derive(Clone)]
pub struct SimulatedBrowser(World);

impl SimulatedBrowser {
    /// The browser of this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(world)
    }
}

#[async_trait]
impl Browser for SimulatedBrowser {
    async fn ready(&self) -> Result<()> {
        self.0.call(Call::new("browser.ready", ""), |_| Ok(())).await
    }

    async fn picture(&self, site: &Site, _hosts: &[Domain], path: &str) -> Result<Vec<u8>> {
        let (site, path) = (site.clone(), path.to_owned());
        let call = Call::new("browser.picture", site.domain.as_str()).detail(path.clone());
        self.0
            .call(call, move |s| match s.page(&site, &path)? {
                Answer::Never => Err(refused(SYSTEM, "the page was not there in time")),
                Answer::Now(page) => picture(if page.status < 400 && !page.broken { 255 } else { 0 }),
            })
            .await
    }
}

fn picture(grey: u8) -> Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(16, 16, image::Luma([grey]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|error| Error::Internal(error.to_string()))?;
    Ok(bytes.into_inner())
}
