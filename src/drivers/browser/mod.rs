// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A browser that takes pictures of pages.

use async_trait::async_trait;

use super::wordpress::Site;
use crate::{error::Result, fleet::Domain};

pub mod chromium;
mod door;
pub mod simulated;

/// Width and height of the window, in pixels. Phones come first in no town hall's statistics that matter here: what is wide breaks
/// in more places.
pub const WINDOW: (u32, u32) = (1280, 1600);

/// Takes pictures. Every call has a time-out and leaves no process behind. Errors name the system "browser".
#[async_trait]
pub trait Browser: Send + Sync + 'static {
    /// Whether there is one.
    async fn ready(&self) -> Result<()>;
    /// A picture (PNG) of a page as a visitor's browser shows it, straight from the container. Whatever the page asks of other
    /// hosts than these gets no answer.
    async fn picture(&self, site: &Site, hosts: &[Domain], path: &str) -> Result<Vec<u8>>;
}
