// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Constants that a municipality may set in its `wp-config.php`: which names are free, which values, and the PHP that sets them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::FieldError;

/// So many constants may be set.
pub const MOST: usize = 100;
/// The longest name, and the longest text.
const LONGEST_NAME: usize = 100;
const LONGEST_TEXT: usize = 4000;

/// What Flotta, the image or WordPress itself fixes.
const FIXED: [&str; 58] = [
    // Flotta sets them for each instance.
    "WP_ALLOW_MULTISITE",
    "MULTISITE",
    "SUBDOMAIN_INSTALL",
    "VHOST",
    "DOMAIN_CURRENT_SITE",
    "PATH_CURRENT_SITE",
    "SITE_ID_CURRENT_SITE",
    "BLOG_ID_CURRENT_SITE",
    "SUNRISE",
    "WP_HOME",
    "WP_SITEURL",
    "WPLANG",
    "RELOCATE",
    "NOBLOGREDIRECT",
    // An image that is replaced, never changed, implies them.
    "WP_DEBUG_DISPLAY",
    "DISALLOW_FILE_MODS",
    "DISALLOW_FILE_EDIT",
    "AUTOMATIC_UPDATER_DISABLED",
    "WP_AUTO_UPDATE_CORE",
    "FS_METHOD",
    "FS_CHMOD_DIR",
    "FS_CHMOD_FILE",
    "WP_TEMP_DIR",
    "WP_DEFAULT_THEME",
    "WP_INSTALLING",
    "WP_SETUP_CONFIG",
    "WP_REPAIRING",
    "WP_ALLOW_REPAIR",
    "DO_NOT_UPGRADE_GLOBAL_TABLES",
    "CUSTOM_USER_TABLE",
    "CUSTOM_USER_META_TABLE",
    // Where things lie.
    "ABSPATH",
    "WPINC",
    "WP_CONTENT_DIR",
    "WP_CONTENT_URL",
    "WP_PLUGIN_DIR",
    "WP_PLUGIN_URL",
    "PLUGINDIR",
    "WPMU_PLUGIN_DIR",
    "WPMU_PLUGIN_URL",
    "MUPLUGINDIR",
    "WP_LANG_DIR",
    "LANGDIR",
    "UPLOADS",
    "UPLOADBLOGSDIR",
    "BLOGUPLOADDIR",
    "TEMPLATEPATH",
    "STYLESHEETPATH",
    // What keeps log-ins apart.
    "COOKIE_DOMAIN",
    "COOKIEHASH",
    "COOKIEPATH",
    "SITECOOKIEPATH",
    "ADMIN_COOKIE_PATH",
    "PLUGINS_COOKIE_PATH",
    "FORCE_SSL_ADMIN",
    "SHORTINIT",
    "DOING_CRON",
    "DOING_AJAX",
];
/// Names that begin so are fixed too.
const FIXED_BEGINNINGS: [&str; 4] = ["DB_", "FLOTTA_", "PHP_", "WORDPRESS_"];
/// A part of a name that says that its value is to be kept from others.
const SECRET: [&str; 9] = ["PASSWORD", "PASSWD", "PASS", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS", "APIKEY", "KEY"];

/// Checks one constant.
///
/// # Errors
/// Names `constant`.
pub fn check(name: &str, value: &Value) -> Result<(), FieldError> {
    let shown = name.chars().take(LONGEST_NAME).collect::<String>().escape_debug().to_string();
    let wrong = |code: &str, message: String, fix: &str| Err(FieldError::new("constant", code, message, fix));
    let letters = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let good = (1..=LONGEST_NAME).contains(&name.len()) && letters && !name.as_bytes()[0].is_ascii_digit();
    if !good {
        return wrong(
            "invalid-constant",
            format!("`{shown}` cannot name a constant"),
            "use capital letters, digits and underscores, such as WP_POST_REVISIONS",
        );
    }
    // WordPress' own keys and salts end so as well, and are as secret.
    let ends = |end: &str| name.ends_with(end);
    if FIXED.contains(&name) || FIXED_BEGINNINGS.iter().any(|start| name.starts_with(start)) || ends("_SALT") || is_wordpress_key(name) {
        return wrong(
            "fixed-constant",
            format!("`{shown}` is set by Flotta, the image or WordPress itself"),
            "leave it out; docs/overlays.md tells which are free",
        );
    }
    if name.split('_').any(|part| SECRET.contains(&part)) {
        return wrong(
            "secret-constant",
            format!("`{shown}` looks like a secret, and what is in an overlay can be read by whoever may see the fleet"),
            "keep it in the site's own settings, where only its administrators see it",
        );
    }
    match value {
        Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) if text.len() <= LONGEST_TEXT && !text.contains('\0') => Ok(()),
        Value::String(_) => wrong(
            "invalid-value",
            format!("the text of `{shown}` is longer than {LONGEST_TEXT} bytes or holds the character NUL"),
            "give a shorter one",
        ),
        _ => wrong(
            "invalid-value",
            format!("`{shown}` is neither true, false, a number nor a text"),
            "give one of these; lists belong into a must-use plugin",
        ),
    }
}

fn is_wordpress_key(name: &str) -> bool {
    ["AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "SECRET_KEY"].contains(&name)
}

/// The file that sets them: what is set already stays as it is.
#[must_use]
pub fn php(constants: &BTreeMap<String, Value>) -> String {
    let mut text = "<?php\n// What this municipality's overlay sets. wp-config.php includes it.\n".to_owned();
    for (name, value) in constants {
        let value = match value {
            Value::Bool(yes) => yes.to_string(),
            // JSON writes numbers as PHP does.
            Value::Number(number) => number.to_string(),
            Value::String(words) => format!("'{}'", words.replace('\\', "\\\\").replace('\'', "\\'")),
            _ => continue,
        };
        text.push_str(&format!("defined('{name}') || define('{name}', {value});\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_fixed_or_secret_is_refused_with_its_reason() {
        for (name, code) in [
            ("DB_HOST", "fixed-constant"),
            ("AUTH_KEY", "fixed-constant"),
            ("NONCE_SALT", "fixed-constant"),
            ("MULTISITE", "fixed-constant"),
            ("DOMAIN_CURRENT_SITE", "fixed-constant"),
            ("WP_HOME", "fixed-constant"),
            ("WP_DEBUG_DISPLAY", "fixed-constant"),
            ("DISALLOW_FILE_MODS", "fixed-constant"),
            ("ABSPATH", "fixed-constant"),
            ("WP_CONTENT_DIR", "fixed-constant"),
            ("SMTP_PASSWORD", "secret-constant"),
            ("ACF_PRO_KEY", "secret-constant"),
            ("MATOMO_TOKEN", "secret-constant"),
            ("", "invalid-constant"),
            ("9A", "invalid-constant"),
            ("lower", "invalid-constant"),
            ("A'); evil();//", "invalid-constant"),
        ] {
            assert_eq!(check(name, &json!(1)).unwrap_err().code, code, "{name}");
        }
        for good in ["WP_POST_REVISIONS", "MONKEY_COUNT", "WP_MEMORY_LIMIT", "A"] {
            check(good, &json!(5)).unwrap();
        }
    }

    #[test]
    fn only_plain_values_are_taken() {
        for good in [json!(true), json!(5), json!(1.5), json!(""), json!("256M")] {
            check("A", &good).unwrap();
        }
        for bad in [json!(null), json!([]), json!({}), json!("a\0b"), json!("x".repeat(4001))] {
            assert_eq!(check("A", &bad).unwrap_err().code, "invalid-value", "{bad}");
        }
    }

    #[test]
    fn a_text_cannot_leave_its_quotes() {
        let all =
            BTreeMap::from([("A".to_owned(), json!("it's \\' <?php ?> $x")), ("B".to_owned(), json!(true)), ("C".to_owned(), json!(1.5))]);
        assert_eq!(
            php(&all).lines().skip(2).collect::<Vec<_>>(),
            [
                r"defined('A') || define('A', 'it\'s \\\' <?php ?> $x');",
                "defined('B') || define('B', true);",
                "defined('C') || define('C', 1.5);",
            ]
        );
    }
}
