// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The steps, one file each: observe, apply, undo.

mod archive;
mod close;
mod container;
mod database;
mod health;
mod install;
mod intact;
mod network;
mod remove;
mod restore_check;
pub mod route;
mod secrets;
mod stop;
mod volume;

pub use archive::Archive;
pub use close::Close;
pub use container::{Container, STOPPED};
pub use database::Database;
pub use health::{PrivateHealth, PublicHealth};
pub use install::Install;
pub use intact::Intact;
pub use network::Network;
pub use remove::{DropSchema, ForgetBackups, ForgetSecrets, RemoveContainer, RemoveVolume, Unroute};
pub use restore_check::RestoreCheck;
pub use route::Route;
pub use secrets::Secrets;
pub use stop::Stop;
pub use volume::Volume;

pub use crate::instances::Context;

use crate::{
    error::{Error, Result},
    fleet::container::label,
    workflow::Observation,
};

/// Whether something with these labels belongs to the context's instance.
#[must_use]
pub fn is_ours(cx: &Context, labels: &std::collections::BTreeMap<String, String>) -> bool {
    labels.get(label::FLEET).is_some_and(|fleet| fleet == cx.target.tools.settings.fleet.as_str())
        && labels.get(label::INSTANCE).is_some_and(|id| *id == cx.target.instance.id.text())
}

/// Turns an outside failure into what an observer may say of it: it could not be seen.
///
/// # Errors
/// What is no outside failure.
pub fn unseen<T>(seen: Result<T>, then: impl FnOnce(T) -> Observation) -> Result<Observation> {
    match seen {
        Ok(seen) => Ok(then(seen)),
        Err(error @ Error::Outside { .. }) => Ok(Observation::Unknown(error.to_string())),
        Err(error) => Err(error),
    }
}
