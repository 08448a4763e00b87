// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The two languages, and the texts in `templates/locales`.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use fluent_templates::{
    FluentBundle,
    fluent_bundle::{FluentArgs, FluentResource, FluentValue},
};
use serde::{Deserialize, Serialize};

use super::{assets, format};
use crate::{
    error::{Error, Result},
    fleet::instance::text_enum,
};

type Bundle = FluentBundle<FluentResource>;

static TEXTS: LazyLock<HashMap<Language, Bundle>> =
    LazyLock::new(|| Language::ALL.into_iter().filter_map(|language| Some((language, bundle(language).ok()?))).collect());

/// Reads all texts of a language. The tests see to it that none is broken.
fn bundle(language: Language) -> Result<Bundle> {
    let broken = |name: &str, errors: String| Error::Internal(format!("texts {name}: {errors}"));
    let identifier = language.tag().parse().map_err(|error| broken(language.tag(), format!("{error}")))?;
    let mut bundle = Bundle::new_concurrent(vec![identifier]);
    // The marks that isolate placed text from a right-to-left surrounding: neither language needs them.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match language {
        Language::Sv => |value, _| grouped(Language::Sv, value),
        Language::En => |value, _| grouped(Language::En, value),
    }));
    for (name, text) in assets::texts(language) {
        let resource = FluentResource::try_new(text).map_err(|(_, errors)| broken(&name, format!("{errors:?}")))?;
        bundle.add_resource(resource).map_err(|errors| broken(&name, format!("{errors:?}")))?;
    }
    Ok(bundle)
}

/// Figures in sentences are grouped as the language does.
fn grouped(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    Some(format::number(language, number.value, usize::from(number.value.fract() != 0.0)))
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

    /// Checks that every text of the language can be read.
    ///
    /// # Errors
    /// A defect in a file under `templates/locales`.
    pub fn check(self) -> Result<()> {
        bundle(self).map(drop)
    }

    /// The text with this key (`key` or `key.attribute`), where the language has it and the arguments suffice.
    #[must_use]
    pub fn text(self, key: &str, arguments: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> Option<String> {
        let bundle = TEXTS.get(&self)?;
        let pattern = match key.split_once('.') {
            Some((message, attribute)) => bundle.get_message(message)?.get_attribute(attribute)?.value(),
            None => bundle.get_message(key)?.value()?,
        };
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, value) in arguments {
            given.set(name.as_ref(), value.clone());
        }
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&given), &mut errors).into_owned();
        errors.is_empty().then_some(text)
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
    fn every_text_can_be_read() {
        for language in Language::ALL {
            language.check().unwrap();
        }
    }

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
        assert_eq!(Language::En.text("ago-days", &count(1_234)).as_deref(), Some("1,234 days ago"));
        assert_eq!(Language::En.text("no-such-key", &count(1)), None);
    }
}
