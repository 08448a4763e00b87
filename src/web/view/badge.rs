// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A municipality's status as a small picture for other sites: a word and a shape, readable without colour. Pure.

use std::fmt::Write;

use handlebars::html_escape;

use super::{Assets, Language, tone::Tone};
use crate::fleet::status::Verdict;

/// Height in pixels, and the place that a letter takes at most.
const HEIGHT: usize = 24;
const LETTER: usize = 8;
/// Beside a text, and before the shape.
const PAD: usize = 8;
const SHAPE: usize = 16;

/// The picture, as SVG. It needs nothing from elsewhere, and no style sheet.
#[must_use]
pub fn badge(assets: &Assets, language: Language, name: &str, verdict: Verdict, is_old: bool) -> String {
    let (heading, word) = (language.plain("status-heading"), word(language, verdict, is_old));
    let tone = if is_old { Tone::Wait } else { Tone::of("verdict", &verdict.to_string()).unwrap_or(Tone::Wait) };
    // Each is at least 4.5 : 1 on white, in print too.
    let colour = match tone {
        Tone::Ok => "#14683a",
        Tone::Warn | Tone::Work => "#8a4b00",
        Tone::Bad => "#a8172a",
        Tone::Off | Tone::Wait => "#4a4f57",
    };
    let (left, right) = (PAD * 2 + heading.chars().count() * LETTER, PAD * 3 + SHAPE + word.chars().count() * LETTER);
    let whole = left + right;
    let (heading_width, word_width) = (left - PAD * 2, right - PAD * 3 - SHAPE);
    let (shape_at, word_at) = (left + PAD, left + PAD * 2 + SHAPE);
    let shape = assets.icon(&format!("tone-{}", tone.as_str())).unwrap_or_default();
    let (edge, inner) = (whole - 1, HEIGHT - 1);
    let (heading, word) = (html_escape(&heading), html_escape(&word));
    let title = format!("{} – {heading}: {word}", html_escape(name));
    let mut svg = String::new();
    // A text is as wide as it is said to be, whichever letters the reader has.
    let text = r#"y="16.5" lengthAdjust="spacingAndGlyphs""#;
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}" role="img" aria-label="{title}" lang="{language}">
<title>{title}</title>
<rect x=".5" y=".5" width="{edge}" height="{inner}" rx="4" fill="#fff" stroke="{colour}"/>
<path d="M{left} 0v{HEIGHT}" stroke="{colour}"/>
<g font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="12" fill="#1d2127">
<text x="{PAD}" {text} textLength="{heading_width}">{heading}</text>
<text x="{word_at}" {text} textLength="{word_width}" fill="{colour}" font-weight="bold">{word}</text>
</g>
<svg x="{shape_at}" y="4" width="{SHAPE}" height="{SHAPE}" viewBox="0 0 16 16" color="{colour}">{shape}</svg>
</svg>
"##
    );
    svg
}

fn word(language: Language, verdict: Verdict, is_old: bool) -> String {
    language.plain(&if is_old { "status-badge-old".to_owned() } else { format!("verdict-{verdict}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_in_words_how_it_is() {
        let assets = Assets::load();
        for language in Language::ALL {
            for verdict in Verdict::ALL {
                let svg = badge(&assets, language, "Ale & \"co\"", verdict, false);
                assert!(svg.contains(&format!(">{}</text>", language.plain(&format!("verdict-{verdict}")))), "{svg}");
                assert!(svg.contains("Ale &amp; &quot;co&quot; –") && !svg.contains("style") && !svg.contains("verdict-"), "{svg}");
            }
            let old = badge(&assets, language, "Ale", Verdict::Well, true);
            assert!(!old.contains(&language.plain("verdict-well")), "{old}");
        }
    }
}
