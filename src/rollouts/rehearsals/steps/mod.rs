// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The steps of a rehearsal, one file each: observe, apply, undo.

mod baseline;
mod candidate;
mod clear;
mod copy;
mod image;
mod keys;
mod network;
mod side;
mod turn;
mod verdict;

pub use baseline::Baseline;
pub use candidate::Candidate;
pub use clear::Clear;
pub use copy::CopyData;
pub use image::Image;
pub use keys::Keys;
pub use network::Network;
pub use turn::Turn;
pub use verdict::Verdict;

use super::Order;
use crate::{
    error::{Error, Result},
    instances::Context,
    workflow::Observation,
};

/// What the context's operation was asked.
fn order(cx: &Context) -> Result<Order> {
    Order::of(&cx.input).ok_or_else(|| Error::Internal("a rehearsal without an order".to_owned()))
}

/// Turns an outside failure into what an observer may say of it: it could not be seen.
fn unseen<T>(seen: Result<T>, then: impl FnOnce(T) -> Observation) -> Result<Observation> {
    match seen {
        Ok(seen) => Ok(then(seen)),
        Err(error @ Error::Outside { .. }) => Ok(Observation::Unknown(error.to_string())),
        Err(error) => Err(error),
    }
}
