// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the files of an image say of themselves: headers of themes and plugins, WordPress' version file, Debian's package
//! list. Pure. Texts are read as WordPress reads them (`get_file_data`): the first 8 KiB, one header to a line.

use crate::fleet::inventory::{Component, Core, Package};

/// How much of a file is looked at for its header.
pub const HEADER_BYTES: usize = 8 * 1024;
/// No header that means anything is longer.
const LONGEST: usize = 200;

/// A header's value; empty where it is not there.
fn header(text: &str, name: &str) -> String {
    for line in text.split(['\n', '\r']) {
        let line = line
            .trim_start_matches([' ', '\t', '/', '*', '#', '@'])
            .trim_start_matches("<?php")
            .trim_start_matches([' ', '\t', '/', '*', '#', '@']);
        let Some(start) = line.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)) else { continue };
        if let Some(value) = line[start.len()..].trim_start().strip_prefix(':') {
            let value = value.split("*/").next().unwrap_or_default().split("?>").next().unwrap_or_default().trim();
            if !value.is_empty() {
                return value.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            }
        }
    }
    String::new()
}

fn component(slug: &str, name: String, text: &str) -> Component {
    Component {
        slug: slug.to_owned(),
        name,
        version: header(text, "Version"),
        parent: String::new(),
        requires_wordpress: header(text, "Requires at least"),
        requires_php: header(text, "Requires PHP"),
        license: header(text, "License"),
        digest: String::new(),
    }
}

/// The beginning of a file as text.
#[must_use]
pub fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER_BYTES)]).into_owned()
}

/// The theme that a `style.css` heads; none where it has no `Theme Name`.
#[must_use]
pub fn theme(slug: &str, style: &str) -> Option<Component> {
    let name = Some(header(style, "Theme Name")).filter(|name| !name.is_empty())?;
    Some(Component { parent: header(style, "Template"), ..component(slug, name, style) })
}

/// The plugin that a PHP file heads; none where it has no `Plugin Name`.
#[must_use]
pub fn plugin(slug: &str, file: &str) -> Option<Component> {
    let name = Some(header(file, "Plugin Name")).filter(|name| !name.is_empty())?;
    Some(component(slug, name, file))
}

/// A must-use plugin: WordPress loads every PHP file in that folder, whether it has a header or not.
#[must_use]
pub fn must_use(file: &str, text: &str) -> Component {
    plugin(file, text).unwrap_or_else(|| component(file, file.to_owned(), text))
}

/// WordPress' version, from `wp-includes/version.php`.
#[must_use]
pub fn core(text: &str) -> Option<Core> {
    let value = |variable: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(variable)?.trim_start().strip_prefix('='))?;
        Some(line.split(';').next()?.trim().trim_matches(['\'', '"']).to_owned())
    };
    Some(Core { version: value("$wp_version")?, db_version: value("$wp_db_version")?.parse().ok()? })
}

/// The installed packages, from `/var/lib/dpkg/status`.
#[must_use]
pub fn packages(status: &str) -> Vec<Package> {
    let mut all: Vec<Package> = status
        .split("\n\n")
        .filter_map(|stanza| {
            let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let installed = field("Status").is_some_and(|status| status.split(' ').next_back() == Some("installed"));
            let source = field("Source").and_then(|source| source.split(' ').next()).unwrap_or_default();
            installed.then_some(())?;
            Some(Package {
                name: field("Package")?.to_owned(),
                version: field("Version")?.to_owned(),
                architecture: field("Architecture").unwrap_or_default().to_owned(),
                source: source.to_owned(),
            })
        })
        .collect();
    all.sort_by(|a, b| (&a.name, &a.architecture).cmp(&(&b.name, &b.architecture)));
    all
}

/// PHP's version: from the header that the official PHP images carry, else from Debian's packages.
#[must_use]
pub fn php(version_header: Option<&str>, packages: &[Package]) -> Option<String> {
    let compiled = version_header.and_then(|text| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("#define PHP_VERSION "))?;
        Some(line.trim().trim_matches('"').to_owned())
    });
    let packaged = || {
        let of = |package: &&Package| {
            let rest = package.name.strip_prefix("php").unwrap_or_default();
            rest.strip_suffix("-fpm").or_else(|| rest.strip_suffix("-cli")).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
        };
        let all = packages.iter().filter(of).map(|package| upstream(&package.version).to_owned());
        all.max_by(|a, b| crate::fleet::inventory::compare_versions(a, b))
    };
    compiled.or_else(packaged).filter(|version| !version.is_empty())
}

/// The part of a Debian version that is the program's own: `2:8.4.11-1+deb13u1` is 8.4.11.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(['-', '+', '~']).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_are_read_as_wordpress_reads_them() {
        let style = "/*\r\nTheme Name: Helsingborg \r\n * Version: 1.1\r\nTemplate: municipio\r\nRequires at least: 6.5\r\nrequires php: 8.1\r\nLicense: MIT */";
        let theme = theme("hbg", style).unwrap();
        assert_eq!((theme.name.as_str(), theme.version.as_str(), theme.parent.as_str()), ("Helsingborg", "1.1", "municipio"));
        assert_eq!((theme.requires_wordpress.as_str(), theme.requires_php.as_str(), theme.license.as_str()), ("6.5", "8.1", "MIT"));
        assert!(super::theme("x", "body { color: red }").is_none());
        assert!(super::theme("x", "/* Theme Name: */").is_none());
    }

    #[test]
    fn plugins_have_a_name_or_are_none() {
        let file = "<?php\n/**\n * Plugin Name: Events\n * Version: 2.3\n */\n";
        assert_eq!(plugin("events", file).unwrap().version, "2.3");
        assert_eq!(plugin("one", "<?php /* Plugin Name: One line */ ?>").unwrap().name, "One line");
        assert!(plugin("events", "<?php // Silence is golden.").is_none());
        assert_eq!(must_use("loader.php", "<?php").name, "loader.php");
    }

    #[test]
    fn core_tells_both_versions() {
        let text = "<?php\n/**\n * @global string $wp_version\n */\n$wp_version = '6.8.3';\n$wp_db_version = 60421;\n";
        assert_eq!(core(text), Some(Core { version: "6.8.3".into(), db_version: 60421 }));
        assert_eq!(core("<?php"), None);
    }

    #[test]
    fn only_what_is_installed_is_listed() {
        let status = "Package: php8.4-fpm\nStatus: install ok installed\nArchitecture: amd64\nSource: php8.4 (8.4.2-1)\nVersion: 1:8.4.2-1+deb13u1\nDescription: x\n more\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
        let all = packages(status);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].name.as_str(), all[0].source.as_str()), ("php8.4-fpm", "php8.4"));
        assert_eq!(php(None, &all).as_deref(), Some("8.4.2"));
        assert_eq!(php(Some("#define PHP_VERSION \"8.3.1\"\n"), &all).as_deref(), Some("8.3.1"));
        assert_eq!(php(None, &[]), None);
    }
}
