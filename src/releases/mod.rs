// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases: registering an image under a name that never changes, building one, moving it between channels, deleting it.
//!
//! ```text
//! a tar ─► upload (a file) ─► content (checked, written anew) ─► build ─► engine ─► inventory (read from the image) ─► store
//! ```

pub mod build;
pub mod content;
pub mod cyclonedx;
pub mod difference;
mod dockerfile;
pub mod headers;
pub mod inventory;
pub mod overlay;
mod remove;
pub mod upload;

pub use remove::{delete, prune};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, FieldError, Result},
    fleet::{Channel, Contract, Release, ReleaseId, container::ImageState, release},
    instances::Tools,
    store,
};

/// What is asked when a release is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Register {
    /// The image, by name or id; fetched from its registry where the engine does not have it.
    pub image: String,
    /// The release's name; the image's version label where left out.
    pub name: Option<String>,
    /// How the image is configured; found by its labels and environment where left out.
    pub contract: Option<String>,
    /// Whether it becomes stable at once.
    pub stable: bool,
}

/// Registers an image as a release, pinned by its id.
///
/// # Errors
/// `Invalid` when there is no such image, it follows no contract, or the name is bad; `Conflict` when the name is taken.
pub async fn register(tools: &Tools, request: &Register) -> Result<Release> {
    let reference = &release::image_reference(request.image.trim())?;
    let image = match tools.engine.image(reference).await? {
        Some(image) => image,
        None => {
            let pulled = tools.engine.pull_image(reference).await;
            let found = tools.engine.image(reference).await?;
            found.ok_or_else(|| {
                let why = pulled.err().map(|e| e.to_string()).unwrap_or_default();
                Error::field(FieldError::new(
                    "image",
                    "unknown-image",
                    format!("the engine has no image `{reference}` and could not fetch it {why}"),
                    "build it, or check the name and the registry's log-in",
                ))
            })?
        }
    };
    let contract = match &request.contract {
        Some(named) => named.parse::<Contract>()?,
        None => contract_of(&image, "image", &format!("`{reference}`"))?,
    };
    can_run(contract)?;
    let name = match request.name.as_deref().or_else(|| image.labels.get("org.opencontainers.image.version").map(String::as_str)) {
        Some(name) => release::release_name(name.trim()).map_err(|e| e.at("name"))?,
        None => {
            return Err(
                FieldError::new("name", "missing-name", "the image has no version label to name the release by", "give a name").into()
            );
        }
    };
    let new = Release {
        id: ReleaseId::generate(),
        name,
        image: reference.to_owned(),
        image_id: image.id,
        contract,
        channel: if request.stable { Channel::Stable } else { Channel::Candidate },
        created_at: tools.clock.now(),
    };
    store::releases::insert(&tools.store, &new).await?;
    inventory::try_to_read(tools, &new).await;
    Ok(new)
}

/// How an image is configured, by what it says itself.
fn contract_of(image: &ImageState, field: &str, called: &str) -> Result<Contract, FieldError> {
    release::detect_contract(|label| image.labels.get(label).map(String::as_str), &image.environment).ok_or_else(|| {
        FieldError::new(
            field,
            "no-contract",
            format!("{called} does not say how it is configured"),
            "give a contract, or label the image with se.flotta.contract",
        )
    })
}

fn can_run(contract: Contract) -> Result<(), FieldError> {
    match contract {
        Contract::Wordpress => Ok(()),
        Contract::Municipio => Err(FieldError::new(
            "contract",
            "contract-not-run",
            "images of the municipio contract are recognised, but this version of Flotta does not run them: they take passwords only from the visible environment",
            "use an image of the wordpress contract",
        )),
    }
}

/// Moves a release to another channel.
///
/// # Errors
/// `NotFound` when there is none of that name; `Conflict` when instances still run one that is to be retired, or it is there already.
pub async fn move_to(tools: &Tools, name: &str, channel: Channel) -> Result<Release> {
    let release = store::releases::by_name(&tools.store, name).await?;
    if release.channel == channel {
        return Err(Error::Conflict(FieldError::new(
            "channel",
            "same-channel",
            format!("release `{name}` is {channel} already"),
            "there is nothing to do",
        )));
    }
    if channel == Channel::Retired {
        let running = store::instances::count_running(&tools.store, release.id).await?;
        if running > 0 {
            return Err(Error::Conflict(FieldError::new(
                "channel",
                "release-in-use",
                format!("{running} instances run release `{name}`"),
                "roll them out to another release first",
            )));
        }
    }
    store::releases::set_channel(&tools.store, release.id, channel).await?;
    Ok(Release { channel, ..release })
}

/// The release before another: the one that it was put on, or the newest stable one that is older.
///
/// # Errors
/// When the store fails.
pub async fn before(tools: &Tools, release: &Release) -> Result<Option<Release>> {
    if let Some(base) = store::releases::origin(&tools.store, release.id).await?.and_then(|origin| origin.base) {
        match store::releases::get(&tools.store, base).await {
            // It was deleted meanwhile.
            Err(Error::NotFound { .. }) => {}
            other => return other.map(Some),
        }
    }
    store::releases::stable_before(&tools.store, release).await
}
