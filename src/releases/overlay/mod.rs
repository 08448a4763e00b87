// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Overlays: what one municipality adds on top of every release that it runs. No municipality needs a fork of its own.
//!
//! ```text
//! a tar ─► change (checked, merged with what was there) ─► keep (a file, by its digest) + a row: the next version
//! release + version ─► derived (a release of its own, built once and when it is needed) ─► what the municipality runs
//! ```
//!
//! Rollouts and updates name the plain release; [`derived::effective`] tells what that is for a municipality.

pub mod change;
pub mod derived;
mod keep;

pub use keep::sweep;

use super::{build::Base, content, content::Content, difference};
use crate::{
    error::FieldError,
    fleet::{Holds, Inventory},
};

/// The label by which an image says that its `wp-config.php` includes `/etc/flotta/constants.php`.
pub const CONSTANTS_LABEL: &str = "se.flotta.constants";

/// What stands against putting an overlay on a release.
pub(super) fn misfits(content: &Content, holds: &Holds, base: &Base) -> Vec<FieldError> {
    let name = &base.release.name;
    let mut errors = content::misfits(content, name, &base.inventory);
    for (field, ours, theirs) in
        [("plugin", &holds.plugins, &base.inventory.plugins), ("mu_plugin", &holds.must_use, &base.inventory.must_use)]
    {
        for one in ours.iter().filter(|one| !holds.replaces.contains(&one.slug)) {
            if let Some(there) = theirs.iter().find(|there| there.slug == one.slug) {
                errors.push(FieldError::new(
                    field,
                    "in-the-release",
                    format!("release `{name}` brings `{}` {} itself", one.slug, there.version).trim_end().to_owned(),
                    "remove it from the overlay, or add it with --replace so that it takes the place of the release's own",
                ));
            }
        }
    }
    if !holds.constants.is_empty() && !base.image.labels.contains_key(CONSTANTS_LABEL) {
        errors.push(FieldError::new(
            "constant",
            "constants-not-read",
            format!("the image of release `{name}` does not say that its wp-config.php reads constants of an overlay"),
            format!("let it include /etc/flotta/constants.php and label it {CONSTANTS_LABEL}, as docs/images.md tells; or leave the constants out"),
        ));
    }
    errors
}

/// What an overlay changes, in words, a line for each; empty where it holds nothing.
#[must_use]
pub fn words(plain: &Inventory, holds: &Holds, tongue: difference::Tongue) -> Vec<String> {
    let changes = difference::between(plain, &holds.over(plain));
    let mut lines = if changes.is_empty() { Vec::new() } else { difference::words(&changes, tongue) };
    let noun = match tongue {
        difference::Tongue::English => "Constant",
        difference::Tongue::Swedish => "Konstanten",
    };
    lines.extend(holds.constants.iter().map(|(name, value)| format!("{noun} {name} = {value}")));
    lines
}
