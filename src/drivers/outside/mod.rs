// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The public way to sites and addresses: the domain name system, TLS with every certificate checked, and redirects. Nothing is
//! asked at private addresses unless the configuration allows it, whatever a name or a redirect leads to.

use async_trait::async_trait;
use jiff::Timestamp;

use super::probe::Answer;
use crate::fleet::{
    health::Failure,
    outside::{Look, Subject},
};

pub mod names;
pub mod public;
pub mod reach;
pub mod simulated;
mod tls;
mod way;

pub(crate) use way::leads;

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// Visitors get none either.
    Failed(Failure),
    /// Flotta's own resolver does not answer: nothing is known.
    Blind,
}

/// Asks and looks from outside. Every call has a time-out.
#[async_trait]
pub trait Outside: Send + Sync + 'static {
    /// Asks for a page, by the public way.
    ///
    /// # Errors
    /// Why no whole answer came.
    async fn ask(&self, asked: &Subject, now: Timestamp) -> Result<Answer, Unasked>;

    /// Whether Flotta's own resolver answers at all, whatever it says.
    async fn resolves(&self) -> bool;

    /// Looks at everything that is to be seen, with a resolution, a handshake and pages that no cache answers.
    async fn look(&self, at: &Subject, now: Timestamp) -> Look;
}
