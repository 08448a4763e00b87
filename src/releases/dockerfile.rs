// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The Dockerfile of the light way: themes and plugins put on another release. Pure.

use super::content::{Content, FILES};

/// The most layers that an image holds.
pub const MOST_LAYERS: usize = 127;
/// In a context, the file with the constants of an overlay.
pub const CONSTANTS: &str = "constants.php";
/// Where they lie in an image; its `wp-config.php` says by a label that it includes them.
const CONSTANTS_PLACE: &str = "/etc/flotta";
const PLACE: &str = "/var/www/html/wp-content";
/// Where the release image keeps what was compiled (see `docker/wordpress/compile`).
const COMPILED: &str = "/opt/flotta/opcache";

/// What is built, of as few layers as can be, since an image holds 127. `replaced` are the folders that the base has already:
/// they go first, so that none of their files stays, and so does what was compiled of them: PHP would go on with that, as it
/// never compares the times of files in an image. Slugs need no quotes, they were checked.
#[must_use]
pub fn of(content: &Content, base_image: &str, replaced: &[String], user: &str) -> String {
    let mut text = format!("FROM {base_image}\nUSER root\n");
    if !replaced.is_empty() {
        let gone: Vec<String> =
            replaced.iter().flat_map(|folder| [format!("{PLACE}/{folder}"), format!("{COMPILED}/*{PLACE}/{folder}")]).collect();
        text.push_str(&format!("RUN rm -rf {}\n", gone.join(" ")));
    }
    if content.has_files() {
        text.push_str(&format!("COPY {FILES}/ {PLACE}/\n"));
    }
    let mut all: Vec<String> = content.compiled.iter().map(|folder| format!("{PLACE}/{folder}")).collect();
    if !content.constants.is_empty() {
        text.push_str(&format!("COPY {CONSTANTS} {CONSTANTS_PLACE}/{CONSTANTS}\n"));
        all.push(CONSTANTS_PLACE.to_owned());
    }
    if !all.is_empty() {
        text.push_str(&format!("RUN test ! -x /usr/local/bin/flotta-compile || /usr/local/bin/flotta-compile {}\n", all.join(" ")));
    }
    if !user.is_empty() {
        text.push_str(&format!("USER {user}\n"));
    }
    text
}

/// How many layers a Dockerfile of the light way adds.
#[must_use]
pub fn layers(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("RUN ") || line.starts_with("COPY ")).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::inventory::Component;

    #[test]
    fn an_overlay_brings_its_constants() {
        let content = Content {
            must_use: vec![Component { slug: "a.php".into(), ..Component::default() }],
            compiled: vec!["mu-plugins".into()],
            constants: [("A".to_owned(), serde_json::json!(1))].into(),
            ..Content::default()
        };
        let text = of(&content, "sha256:1", &[], "www-data");
        assert_eq!(
            text,
            "FROM sha256:1\nUSER root\nCOPY files/ /var/www/html/wp-content/\nCOPY constants.php /etc/flotta/constants.php\n\
             RUN test ! -x /usr/local/bin/flotta-compile || /usr/local/bin/flotta-compile /var/www/html/wp-content/mu-plugins /etc/flotta\n\
             USER www-data\n"
        );
        assert_eq!(layers(&text), 3);
        let only = Content { constants: content.constants, ..Content::default() };
        assert!(!of(&only, "x", &[], "").contains("files/"), "there is no such folder then");
    }

    #[test]
    fn the_older_version_goes_first() {
        let events = Component { slug: "events".into(), ..Component::default() };
        let content = Content { plugins: vec![events], compiled: vec!["plugins/events".into()], ..Content::default() };
        assert_eq!(
            of(&content, "sha256:1", &["themes/hbg".into()], "www-data"),
            "FROM sha256:1\nUSER root\n\
             RUN rm -rf /var/www/html/wp-content/themes/hbg /opt/flotta/opcache/*/var/www/html/wp-content/themes/hbg\n\
             COPY files/ /var/www/html/wp-content/\n\
             RUN test ! -x /usr/local/bin/flotta-compile || /usr/local/bin/flotta-compile /var/www/html/wp-content/plugins/events\n\
             USER www-data\n"
        );
        let plain = Content { compiled: Vec::new(), ..content };
        assert_eq!(of(&plain, "x", &[], ""), "FROM x\nUSER root\nCOPY files/ /var/www/html/wp-content/\n");
    }
}
