// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

use super::*;
use crate::fleet::inventory::Core;

/// A tar with these entries: path, kind and text (or a link's target), mode.
fn pack(entries: &[(&str, tar::EntryType, &str, u32)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, text, mode) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_mtime(u64::from(*mode));
        // The crate's own setters refuse the paths that are tested here.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        let linked = matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link);
        if linked {
            header.as_mut_bytes()[157..157 + text.len()].copy_from_slice(text.as_bytes());
        }
        let bytes = if linked { &[] } else { text.as_bytes() };
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn check(kind: Kind, tar: &[u8]) -> Result<Content, Vec<FieldError>> {
    super::check(tar, &mut tar::Builder::new(std::io::sink()), kind, 1)
}

fn code(kind: Kind, entries: &[(&str, tar::EntryType, &str, u32)]) -> String {
    check(kind, &pack(entries)).unwrap_err().remove(0).code
}

const FILE: tar::EntryType = tar::EntryType::Regular;
const STYLE: &str = "/*\nTheme Name: Helsingborg\nVersion: 1.1\n*/";

#[test]
fn a_theme_is_taken_and_its_hash_is_that_of_its_content() {
    let one = pack(&[("themes/hbg/style.css", FILE, STYLE, 0o600), ("themes/hbg/index.php", FILE, "<?php", 0o640)]);
    let other = pack(&[("./themes/hbg/index.php", FILE, "<?php", 0o644), ("themes/hbg/style.css", FILE, STYLE, 0o644)]);
    let content = check(Kind::Additions, &one).unwrap();
    assert_eq!(content, check(Kind::Additions, &other).unwrap());
    assert_eq!((content.themes[0].name.as_str(), content.themes[0].version.as_str()), ("Helsingborg", "1.1"));
    assert_eq!(content.compiled, ["themes/hbg"]);
    let changed = pack(&[("themes/hbg/style.css", FILE, STYLE, 0o644), ("themes/hbg/index.php", FILE, "<?php ", 0o644)]);
    assert_ne!(check(Kind::Additions, &changed).unwrap().sha256, content.sha256);
    let plain = check(Kind::Additions, &pack(&[("themes/hbg/style.css", FILE, STYLE, 0o644)])).unwrap();
    assert!(plain.compiled.is_empty());
}

#[test]
fn what_is_written_has_our_modes_times_and_folders() {
    let tar = pack(&[("themes/hbg/style.css", FILE, STYLE, 0o4777), ("themes/hbg/a/b", tar::EntryType::Symlink, "../style.css", 0o777)]);
    let mut target = tar::Builder::new(Vec::new());
    super::check(tar.as_slice(), &mut target, Kind::Additions, 77).unwrap();
    let written = target.into_inner().unwrap();
    let mut archive = tar::Archive::new(written.as_slice());
    let all: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            assert_eq!(entry.header().mtime().unwrap(), 77);
            format!("{} {:o}", entry.path().unwrap().display(), entry.header().mode().unwrap())
        })
        .collect();
    assert_eq!(
        all,
        [
            "files/themes/ 755",
            "files/themes/hbg/ 755",
            "files/themes/hbg/style.css 755",
            "files/themes/hbg/a/ 755",
            "files/themes/hbg/a/b 777"
        ]
    );
}

#[test]
fn what_escapes_is_refused() {
    use tar::EntryType::{Block, Char, Fifo, Link, Symlink};
    for entries in [
        &[("themes/hbg/../../etc/passwd", FILE, "", 0o644)][..],
        &[("/etc/passwd", FILE, "", 0o644)],
        &[("wp-config.php", FILE, "", 0o644)],
        &[("themes/.hbg/style.css", FILE, STYLE, 0o644)],
        &[("themes/a b/style.css", FILE, STYLE, 0o644)],
        &[("themes/hbg/a\\b", FILE, "", 0o644)],
        &[("themes/hbg/a\nb", FILE, "", 0o644)],
        &[("themes/hbg/x", Symlink, "/etc/passwd", 0o777)],
        &[("themes/hbg/x", Symlink, "../other/x", 0o777)],
        &[("themes/hbg", Symlink, "twentytwentyfive", 0o777)],
        &[("themes/hbg/a", Symlink, "b", 0o777), ("themes/hbg/a/x", FILE, "", 0o644)],
        &[("themes/hbg/x", Link, "themes/hbg/y", 0o644)],
        &[("themes/hbg/x", Fifo, "", 0o644)],
        &[("themes/hbg/x", Char, "", 0o644)],
        &[("themes/hbg/x", Block, "", 0o644)],
        &[("themes/hbg/x", FILE, "a", 0o644), ("themes/hbg/x", FILE, "b", 0o644)],
    ] {
        assert_eq!(code(Kind::Additions, entries), "bad-entry", "{entries:?}");
    }
    assert_eq!(code(Kind::Folder, &[("x", Symlink, "../y", 0o777), ("Dockerfile", FILE, "", 0o644)]), "bad-entry");
}

#[test]
fn what_is_no_theme_or_plugin_is_named() {
    assert_eq!(code(Kind::Additions, &[("themes/hbg/index.php", FILE, "<?php", 0o644)]), "no-theme");
    assert_eq!(code(Kind::Additions, &[("themes/hbg/style.css", FILE, "body {}", 0o644)]), "no-theme");
    assert_eq!(code(Kind::Additions, &[("themes/hbg/deep/style.css", FILE, STYLE, 0o644)]), "no-theme");
    assert_eq!(code(Kind::Additions, &[("plugins/x/x.php", FILE, "<?php", 0o644)]), "no-plugin");
    assert_eq!(code(Kind::Additions, &[]), "nothing-added");
    assert_eq!(code(Kind::Folder, &[("src/Dockerfile", FILE, "FROM x", 0o644)]), "no-dockerfile");
    assert!(check(Kind::Folder, &pack(&[("Dockerfile", FILE, "FROM x", 0o644)])).is_ok());
    let whole = pack(&[("themes/hbg/style.css", FILE, &"x".repeat(5000), 0o644)]);
    assert_eq!(check(Kind::Additions, &whole[..2000]).unwrap_err()[0].code, "no-tar");
    assert_eq!(check(Kind::Additions, b"PK\x03\x04 a zip, not a tar").unwrap_err()[0].code, "no-tar");
}

#[test]
fn a_file_that_says_it_is_huge_is_refused_before_it_is_read() {
    let mut header = tar::Header::new_gnu();
    header.set_path("themes/hbg/big").unwrap();
    header.set_mode(0o644);
    header.set_size(MOST_BYTES + 1);
    header.set_cksum();
    assert_eq!(check(Kind::Additions, header.as_bytes()).unwrap_err()[0].code, "too-much");
}

#[test]
fn what_the_base_lacks_is_told() {
    let one = |php: &str, core: &str, parent: &str| Content {
        themes: vec![Component {
            slug: "hbg".into(),
            requires_php: php.into(),
            requires_wordpress: core.into(),
            parent: parent.into(),
            ..Component::default()
        }],
        ..Content::default()
    };
    let base = Inventory {
        wordpress: Some(Core { version: "6.8.3".into(), db_version: 1 }),
        php: Some("8.4.11".into()),
        themes: vec![Component { slug: "municipio".into(), ..Component::default() }],
        ..Inventory::default()
    };
    let codes = |content: &Content| misfits(content, "6.8-1", &base).into_iter().map(|e| e.code).collect::<Vec<_>>();
    assert!(codes(&one("8.4", "6.8", "municipio")).is_empty());
    assert_eq!(codes(&one("8.5", "6.9", "other")), ["needs-newer-php", "needs-newer-wordpress", "no-parent-theme"]);
    assert!(misfits(&one("9", "9", ""), "x", &Inventory::default()).is_empty());
}

const EVENTS: &str = "<?php\n/* Plugin Name: Events\nVersion: 2.3 */";

#[test]
fn an_overlay_holds_plugins_must_use_plugins_and_constants() {
    let tar = pack(&[
        ("plugins/events/events.php", FILE, EVENTS, 0o644),
        ("mu-plugins/head.php", FILE, "<?php", 0o644),
        ("mu-plugins/parts/a.php", FILE, "<?php", 0o644),
        ("constants.json", FILE, r#"{"WP_POST_REVISIONS": 5}"#, 0o644),
    ]);
    let mut target = tar::Builder::new(Vec::new());
    let content = super::check(tar.as_slice(), &mut target, Kind::Overlay, 1).unwrap();
    assert_eq!((content.plugins[0].slug.as_str(), content.plugins[0].version.as_str()), ("events", "2.3"));
    assert_eq!(content.must_use[0].slug, "head.php");
    assert_eq!(content.beside.iter().collect::<Vec<_>>(), ["parts"]);
    assert_eq!(content.constants["WP_POST_REVISIONS"], 5);
    assert_eq!(content.compiled, ["plugins/events", "mu-plugins"]);
    let written = target.into_inner().unwrap();
    let mut archive = tar::Archive::new(written.as_slice());
    let all: Vec<String> = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
    assert!(all.contains(&"files/mu-plugins/parts/a.php".to_owned()) && !all.iter().any(|path| path.contains("constants")), "{all:?}");
    let other = pack(&[("constants.json", FILE, r#"{"WP_POST_REVISIONS": 6}"#, 0o644)]);
    assert_ne!(check(Kind::Overlay, &other).unwrap().sha256, content.sha256);
    assert!(!check(Kind::Overlay, &other).unwrap().has_files());
}

#[test]
fn what_is_no_overlay_is_refused() {
    let link = tar::EntryType::Symlink;
    for (entry, expected) in [
        (("themes/hbg/style.css", FILE, STYLE, 0o644), "bad-entry"),
        (("plugins/events/readme.txt", FILE, "x", 0o644), "no-plugin"),
        (("plugins/../../etc/x", FILE, "x", 0o644), "bad-entry"),
        (("plugins/events/out", link, "../../x", 0o777), "bad-entry"),
        (("mu-plugins/out.php", link, "/etc/passwd", 0o777), "bad-entry"),
        (("mu-plugins/flotta-agent.php", FILE, "<?php", 0o644), "bad-entry"),
        (("constants.json/x", FILE, "{}", 0o644), "bad-entry"),
        (("constants.json", FILE, "[1]", 0o644), "invalid-json"),
        (("constants.json", FILE, r#"{"DB_NAME": "x"}"#, 0o644), "fixed-constant"),
        (("constants.json", FILE, r#"{"MATOMO_TOKEN": "x"}"#, 0o644), "secret-constant"),
        (("constants.json", FILE, r#"{"A": [1]}"#, 0o644), "invalid-value"),
        (("Dockerfile", FILE, "FROM x", 0o644), "bad-entry"),
    ] {
        assert_eq!(code(Kind::Overlay, &[entry]), expected, "{}", entry.0);
    }
    let many: Vec<String> = (0..=constant::MOST).map(|n| format!("\"A{n}\": 1")).collect();
    assert_eq!(code(Kind::Overlay, &[("constants.json", FILE, &format!("{{{}}}", many.join(",")), 0o644)]), "too-many");
}
