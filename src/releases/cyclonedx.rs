// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An inventory as a CycloneDX 1.6 document, for whoever looks for known weaknesses. Pure.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fleet::{
    Inventory, Release,
    inventory::{Component, Package},
};

/// The document's media type.
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json; version=1.6";

/// The document.
#[must_use]
pub fn document(release: &Release, inventory: &Inventory, now: Timestamp) -> Value {
    let mut components = Vec::new();
    if let Some(core) = &inventory.wordpress {
        let purl = generic("wordpress", &core.version);
        components.push(json!({
            "type": "application", "bom-ref": "wordpress", "name": "wordpress", "version": core.version, "purl": purl,
            "licenses": [{"license": {"id": "GPL-2.0-or-later"}}],
            "properties": [{"name": "se.flotta:db_version", "value": core.db_version.to_string()}],
        }));
    }
    if let Some(php) = &inventory.php {
        components.push(json!({
            "type": "application", "bom-ref": "php", "name": "php", "version": php, "purl": generic("php", php),
            "licenses": [{"license": {"id": "PHP-3.01"}}],
        }));
    }
    let parts = [("theme", &inventory.themes), ("plugin", &inventory.plugins), ("must-use-plugin", &inventory.must_use)];
    components.extend(parts.into_iter().flat_map(|(kind, all)| all.iter().map(move |one| part(kind, one))));
    components.extend(inventory.packages.iter().map(package));
    let refs: Vec<Value> = components.iter().map(|one| one["bom-ref"].clone()).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", release.id.text()),
        "version": 1,
        "metadata": {
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "tools": {"components": [{"type": "application", "name": "flotta", "version": env!("CARGO_PKG_VERSION")}]},
            "component": {
                "type": "container", "bom-ref": "release", "name": release.image, "version": release.name,
                "hashes": [{"alg": "SHA-256", "content": release.image_id.trim_start_matches("sha256:")}],
            },
        },
        "components": components,
        "dependencies": [{"ref": "release", "dependsOn": refs}],
    })
}

fn part(kind: &str, one: &Component) -> Value {
    let mut value = json!({
        "type": "library", "bom-ref": format!("{kind}:{}", one.slug), "name": one.slug, "version": one.version,
        "description": one.name, "purl": generic(&one.slug, &one.version),
        "properties": [{"name": "se.flotta:kind", "value": kind}],
    });
    if !one.license.is_empty() {
        let license = spdx(&one.license).map_or_else(|| json!({"name": one.license}), |id| json!({"id": id}));
        value["licenses"] = json!([{"license": license}]);
    }
    if !one.digest.is_empty() {
        value["properties"] = json!([
            {"name": "se.flotta:kind", "value": kind},
            {"name": "se.flotta:files_sha256", "value": one.digest},
        ]);
    }
    value
}

fn package(one: &Package) -> Value {
    let mut purl = format!("pkg:deb/debian/{}@{}", escaped(&one.name), escaped(&one.version));
    if !one.architecture.is_empty() {
        purl.push_str(&format!("?arch={}", escaped(&one.architecture)));
    }
    let mut value = json!({
        "type": "library", "bom-ref": purl, "name": one.name, "version": one.version, "purl": purl,
    });
    if !one.source.is_empty() {
        value["properties"] = json!([{"name": "se.flotta:source_package", "value": one.source}]);
    }
    value
}

fn generic(name: &str, version: &str) -> String {
    let plain = format!("pkg:generic/{}", escaped(name));
    if version.is_empty() { plain } else { format!("{plain}@{}", escaped(version)) }
}

/// As package addresses want it: everything but these is written by its bytes.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b".-_~:".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The licence's SPDX id, where its name is one that themes and plugins use for it.
fn spdx(text: &str) -> Option<&'static str> {
    let plain: String = text.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.replace("gnugeneralpubliclicense", "gpl").replace("license", "").replace("version", "v");
    Some(match plain.as_str() {
        "gplv2orlater" | "gpl2orlater" | "gpl20orlater" | "gpl20" if text.contains("later") || text.contains('+') => "GPL-2.0-or-later",
        "gplv2" | "gpl2" | "gpl20" | "gpl20only" => "GPL-2.0-only",
        "gplv3orlater" | "gpl3orlater" | "gpl30orlater" => "GPL-3.0-or-later",
        "gplv3" | "gpl3" | "gpl30" | "gpl30only" => "GPL-3.0-only",
        "mit" => "MIT",
        "eupl12" => "EUPL-1.2",
        "apache20" | "apachev2" | "apachev20" => "Apache-2.0",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Channel, Contract, ReleaseId, inventory::Core};

    #[test]
    fn a_document_names_everything() {
        let release = Release {
            id: ReleaseId::generate(),
            name: "6.8-1".into(),
            image: "flotta/wordpress:6.8".into(),
            image_id: format!("sha256:{}", "a".repeat(64)),
            contract: Contract::Wordpress,
            channel: Channel::Stable,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let inventory = Inventory {
            wordpress: Some(Core { version: "6.8.3".into(), db_version: 60421 }),
            php: Some("8.4.11".into()),
            themes: vec![Component {
                slug: "hbg".into(),
                name: "Helsingborg".into(),
                version: "1.1".into(),
                license: "GPLv2 or later".into(),
                ..Component::default()
            }],
            plugins: vec![Component { slug: "hbg".into(), license: "Our own".into(), ..Component::default() }],
            packages: vec![Package {
                name: "libstdc++6".into(),
                version: "1:14.2+x~1".into(),
                architecture: "amd64".into(),
                source: "gcc-14".into(),
            }],
            ..Inventory::default()
        };
        let document = document(&release, &inventory, Timestamp::UNIX_EPOCH);
        assert_eq!(document["metadata"]["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(document["serialNumber"], format!("urn:uuid:{}", release.id.text()));
        let all = document["components"].as_array().unwrap();
        let of = |at: usize, key: &str| all[at][key].as_str().unwrap_or_default().to_owned();
        assert_eq!(of(0, "purl"), "pkg:generic/wordpress@6.8.3");
        assert_eq!((of(2, "bom-ref"), of(2, "purl")), ("theme:hbg".into(), "pkg:generic/hbg@1.1".into()));
        assert_eq!(all[2]["licenses"][0]["license"]["id"], "GPL-2.0-or-later");
        assert_eq!((of(3, "bom-ref"), of(3, "purl")), ("plugin:hbg".into(), "pkg:generic/hbg".into()));
        assert_eq!(all[3]["licenses"][0]["license"]["name"], "Our own");
        assert_eq!(of(4, "purl"), "pkg:deb/debian/libstdc%2B%2B6@1:14.2%2Bx~1?arch=amd64");
        assert_eq!(document["dependencies"][0]["dependsOn"].as_array().unwrap().len(), all.len());
    }

    #[test]
    fn licences_are_known_by_their_usual_names() {
        for (text, id) in [
            ("GNU General Public License v2 or later", Some("GPL-2.0-or-later")),
            ("GPL-2.0+", Some("GPL-2.0-or-later")),
            ("GPL-2.0-or-later", Some("GPL-2.0-or-later")),
            ("GPLv2", Some("GPL-2.0-only")),
            ("GPL v3 or later", Some("GPL-3.0-or-later")),
            ("MIT License", Some("MIT")),
            ("all rights reserved", None),
        ] {
            assert_eq!(spdx(text), id, "{text}");
        }
    }
}
