// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The Dockerfile of the light way: themes and plugins put on another release. Pure.

use super::content::{Content, FILES};

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
    text.push_str(&format!("COPY {FILES}/ {PLACE}/\n"));
    if !content.compiled.is_empty() {
        let all: Vec<String> = content.compiled.iter().map(|folder| format!("{PLACE}/{folder}")).collect();
        text.push_str(&format!("RUN test ! -x /usr/local/bin/flotta-compile || /usr/local/bin/flotta-compile {}\n", all.join(" ")));
    }
    if !user.is_empty() {
        text.push_str(&format!("USER {user}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_version_goes_first() {
        let content = Content { compiled: vec!["plugins/events".into()], ..Content::default() };
        assert_eq!(
            of(&content, "sha256:1", &["themes/hbg".into()], "www-data"),
            "FROM sha256:1\nUSER root\n\
             RUN rm -rf /var/www/html/wp-content/themes/hbg /opt/flotta/opcache/*/var/www/html/wp-content/themes/hbg\n\
             COPY files/ /var/www/html/wp-content/\n\
             RUN test ! -x /usr/local/bin/flotta-compile || /usr/local/bin/flotta-compile /var/www/html/wp-content/plugins/events\n\
             USER www-data\n"
        );
        assert_eq!(of(&Content::default(), "x", &[], ""), "FROM x\nUSER root\nCOPY files/ /var/www/html/wp-content/\n");
    }
}
