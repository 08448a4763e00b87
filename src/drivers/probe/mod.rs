// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Asks for pages as visitors do, often and at little cost.

use async_trait::async_trait;
use bytes::Bytes;

use crate::fleet::health::Failure;

pub mod kept;
pub mod simulated;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `host` or `host:port`, as browsers send it.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Whether it is asked over a connection of its own, to rule out what a kept one may be to blame for.
    pub apart: bool,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where it leads, where it leads somewhere.
    pub location: Option<String>,
    /// The body, at most [`kept::BODY`] bytes of it.
    pub body: Bytes,
    /// Time until the last byte, in milliseconds.
    pub milliseconds: u32,
}

/// Asks. Every call has a time-out.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// Asks for a page.
    ///
    /// # Errors
    /// How it failed, where no whole answer came.
    async fn ask(&self, asked: &Asked) -> Result<Answer, Failure>;
}
