// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The language of messages and headings. Every text stands in both languages at the place that says it.

use clap::ValueEnum;

/// A language that Flotta speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Swedish.
    Sv,
}

impl Language {
    /// The language asked for, or the one of the environment: Swedish where `LC_ALL`, `LC_MESSAGES` or `LANG` says so.
    #[must_use]
    pub fn choose(asked: Option<Self>) -> Self {
        asked.unwrap_or_else(|| {
            let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            Self::of_locale(&set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default())
        })
    }

    fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language == "sv" { Self::Sv } else { Self::En }
    }

    /// The text in this language.
    #[must_use]
    pub fn pick<'a>(self, english: &'a str, swedish: &'a str) -> &'a str {
        match self {
            Self::En => english,
            Self::Sv => swedish,
        }
    }

    /// The language's code in HTTP.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sv => "sv",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swedish_is_chosen_by_its_locales_only() {
        for locale in ["sv_SE.UTF-8", "sv", "sv_FI"] {
            assert_eq!(Language::of_locale(locale), Language::Sv, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "en_GB.UTF-8", "svx"] {
            assert_eq!(Language::of_locale(locale), Language::En, "{locale}");
        }
    }
}
