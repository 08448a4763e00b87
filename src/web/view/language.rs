// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The two languages, and the texts in `templates/locales`.

use std::{borrow::Cow, collections::HashMap};

use fluent_templates::{LanguageIdentifier, fluent_bundle::FluentValue, static_loader};
use serde::{Deserialize, Serialize};

use crate::fleet::instance::text_enum;

static_loader! {
    static TEXTS = {
        locales: "./templates/locales",
        fallback_language: "sv",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}

text_enum!(Language, "language", [Language::Sv => "sv", Language::En => "en"]);

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sv, Self::En];

    /// The tag for `lang` attributes.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Sv => "sv",
            Self::En => "en",
        }
    }

    /// Picks by what a browser asks for in `Accept-Language`: Swedish where nothing is asked for, English where only other
    /// languages are.
    #[must_use]
    pub fn from_accept_language(header: Option<&str>) -> Self {
        let Some(header) = header.filter(|text| !text.trim().is_empty()) else { return Self::Sv };
        let mut asked: Vec<(f32, Self)> = header
            .split(',')
            .filter_map(|part| {
                let mut pieces = part.trim().split(';');
                let tag = pieces.next()?.trim().to_ascii_lowercase();
                let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
                let language = match tag.split('-').next()? {
                    "sv" | "*" => Self::Sv,
                    "en" => Self::En,
                    _ => return None,
                };
                (weight > 0.0).then_some((weight, language))
            })
            .collect();
        asked.sort_by(|a, b| b.0.total_cmp(&a.0));
        asked.first().map_or(Self::En, |first| first.1)
    }

    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }

    /// The text with this key, where the language has it.
    #[must_use]
    pub fn text(self, key: &str, arguments: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> Option<String> {
        TEXTS.lookup_single_language(&self.identifier(), key, Some(arguments)).ok()
    }

    /// The text with this key and no arguments; the key itself where the language lacks it.
    #[must_use]
    pub fn plain(self, key: &str) -> String {
        self.text(key, &HashMap::new()).unwrap_or_else(|| key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_wish_is_followed() {
        for (header, language) in [
            (None, Language::Sv),
            (Some(""), Language::Sv),
            (Some("en-GB,en;q=0.9,sv;q=0.8"), Language::En),
            (Some("en;q=0.5, sv-SE"), Language::Sv),
            (Some("de-DE,de;q=0.9"), Language::En),
            (Some("fi, *;q=0.1"), Language::Sv),
            (Some("sv;q=0, en;q=0.1"), Language::En),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header:?}");
        }
    }

    #[test]
    fn plurals_follow_the_language() {
        let count = |n: i64| HashMap::from([(Cow::Borrowed("count"), FluentValue::from(n))]);
        assert_eq!(Language::Sv.text("ago-minutes", &count(1)).as_deref(), Some("för 1 minut sedan"));
        assert_eq!(Language::Sv.text("ago-minutes", &count(3)).as_deref(), Some("för 3 minuter sedan"));
        assert_eq!(Language::En.text("ago-minutes", &count(1)).as_deref(), Some("1 minute ago"));
        assert_eq!(Language::En.text("no-such-key", &count(1)), None);
    }
}
