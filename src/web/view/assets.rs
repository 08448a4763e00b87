// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Style sheets, scripts and pictures, embedded in the binary and served under names that change with their content.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use rust_embed::RustEmbed;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Language;
use crate::fleet::known;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Files;

/// Where assets are served from.
pub const PREFIX: &str = "/assets/";

/// What to answer with an asset: its name changes when its content does, so a browser may keep it for a year.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One file to serve.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its media type, for `Content-Type`.
    pub media_type: &'static str,
    /// Its content.
    pub content: Cow<'static, [u8]>,
}

/// Every asset, by its served name and by its plain name; icons apart.
pub struct Assets {
    served: BTreeMap<String, Asset>,
    names: BTreeMap<String, String>,
    icons: BTreeMap<String, String>,
}

impl Assets {
    /// Reads them from the binary and works out their names.
    #[must_use]
    pub fn load() -> Self {
        let mut assets = Self { served: BTreeMap::new(), names: BTreeMap::new(), icons: BTreeMap::new() };
        for path in Files::iter() {
            let Some(name) = path.strip_prefix("assets/") else { continue };
            let Some(file) = Files::get(&path) else { continue };
            if let Some(icon) = name.strip_prefix("icons/").and_then(|icon| icon.strip_suffix(".svg")) {
                assets.icons.insert(icon.to_owned(), inner_svg(&String::from_utf8_lossy(&file.data)));
            } else {
                assets.add(name, file.data);
            }
        }
        assets.add("known.json", Cow::Owned(known_municipalities()));
        assets
    }

    fn add(&mut self, name: &str, content: Cow<'static, [u8]>) {
        let mut hash = String::new();
        for byte in Sha256::digest(&content).iter().take(6) {
            let _ = write!(hash, "{byte:02x}");
        }
        let served = match name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
            None => format!("{name}.{hash}"),
        };
        self.served.insert(served.clone(), Asset { media_type: media_type(name), content });
        self.names.insert(name.to_owned(), served);
    }

    /// The asset with this served name (what stands after [`PREFIX`]).
    #[must_use]
    pub fn get(&self, served: &str) -> Option<&Asset> {
        self.served.get(served)
    }

    /// The address of an asset by its plain name: `app.css` becomes `/assets/app.0a1b2c3d4e5f.css`.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<String> {
        self.names.get(name).map(|served| format!("{PREFIX}{served}"))
    }

    /// What stands inside an icon's `svg` element, drawn on 16 by 16.
    #[must_use]
    pub fn icon(&self, name: &str) -> Option<&str> {
        self.icons.get(name).map(String::as_str)
    }

    /// Served names with their assets.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Asset)> {
        self.served.iter().map(|(name, asset)| (name.as_str(), asset))
    }

    /// Names of all icons.
    pub fn icons(&self) -> impl Iterator<Item = &str> {
        self.icons.keys().map(String::as_str)
    }
}

/// Every template as (name, text): partials by their file name, pages by their path.
pub(super) fn templates() -> Vec<(String, String)> {
    Files::iter()
        .filter_map(|path| {
            let name = path.strip_suffix(".hbs")?;
            let text = String::from_utf8_lossy(&Files::get(&path)?.data).into_owned();
            Some((name.strip_prefix("partials/").unwrap_or(name).to_owned(), text))
        })
        .collect()
}

/// The texts of a language, one file each.
pub(super) fn texts(language: Language) -> Vec<(String, String)> {
    let folder = format!("locales/{language}/");
    Files::iter()
        .filter(|path| path.starts_with(&folder) && path.ends_with(".ftl"))
        .filter_map(|path| Some((path.to_string(), String::from_utf8_lossy(&Files::get(&path)?.data).into_owned())))
        .collect()
}

/// The 290, for the onboarding form: what a code fills in.
fn known_municipalities() -> Vec<u8> {
    let all: Vec<_> = known::all()
        .iter()
        .map(|k| json!({"code": k.code, "name": k.name, "short": k.short, "slug": known::suggested_slug(k.short)}))
        .collect();
    serde_json::to_vec(&all).unwrap_or_default()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn inner_svg(file: &str) -> String {
    let after_open = file.find("<svg").and_then(|at| file[at..].find('>').map(|end| &file[at + end + 1..])).unwrap_or("");
    after_open.rsplit_once("</svg>").map_or("", |(inner, _)| inner).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_with_the_content_and_lead_back_to_it() {
        let assets = Assets::load();
        let address = assets.address("app.css").unwrap();
        let asset = assets.get(address.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(asset.media_type, "text/css; charset=utf-8");
        assert!(!asset.content.is_empty());
        assert!(assets.get("app.css").is_none(), "only names with a hash are served");
        assert!(assets.get("../Cargo.toml").is_none());
    }

    #[test]
    fn icons_are_bare_shapes() {
        let assets = Assets::load();
        assert!(assets.icons().count() > 8);
        for name in assets.icons() {
            let icon = assets.icon(name).unwrap();
            assert!(icon.starts_with('<') && !icon.contains("<svg") && !icon.contains("style="), "{name}: {icon}");
        }
    }

    #[test]
    fn the_290_are_one_asset() {
        let assets = Assets::load();
        let address = assets.address("known.json").unwrap();
        let asset = assets.get(address.strip_prefix(PREFIX).unwrap()).unwrap();
        let all: Vec<serde_json::Value> = serde_json::from_slice(&asset.content).unwrap();
        assert_eq!(all.len(), 290);
    }
}
