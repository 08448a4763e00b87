// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What templates can call.
//!
//! | helper | gives |
//! | --- | --- |
//! | `t "key" name=value` | the text with this key; an error where the language lacks it |
//! | `word "kind" value` | the word for a value of a kind (`instance-running`); the value itself where there is none |
//! | `tone "kind" value` | `ok`, `work`, `warn`, `bad`, `off` or `wait` |
//! | `icon "name" title="…"` | an inline picture; hidden from screen readers unless it has a title |
//! | `sprite "a" "b"` | pictures to be used many times through `<use href="#i-a">` |
//! | `asset "app.css"` | the address of an asset |
//! | `time at`, `ago at`, `day at`, `clock at` | a `time` element: for tables, by distance, the day only, the time of day only |
//! | `duration seconds`, `number n`, `bytes n` | text as the language writes it |
//! | `thousandths n` | a thousandth of a number, written likewise |
//! | `concat a b …`, `has list value`, `json value` | text, whether a list has a value, the value as JSON |
//! | `either a b`, `pick condition a b` | the first that is not empty; one or the other |
//! | `errors_for errors "field"` | the errors of one field |
//! | `error_message error`, `error_fix error` | what is wrong and what to do, in the language of the page |
//! | `lang` | the language's tag |

use std::{borrow::Cow, collections::HashMap, fmt::Write, sync::Arc};

use fluent_templates::fluent_bundle::FluentValue;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext, RenderError, RenderErrorReason, ScopedJson,
    html_escape,
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde_json::Value;

use super::{Assets, Language, format, tone::Tone};
use crate::clock::Clock;

/// What helpers know besides their arguments.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) language: Language,
    pub(super) assets: Arc<Assets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) zone: TimeZone,
}

/// A helper that gives a value, which is escaped where it is written.
struct Gives<F>(Surroundings, F);

impl<F: Fn(&Surroundings, &Helper<'_>) -> Result<Value, RenderError> + Send + Sync> HelperDef for Gives<F> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        h: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.1)(&self.0, h).map(ScopedJson::Derived)
    }
}

/// A helper that writes markup of its own.
struct Writes<F>(Surroundings, F);

impl<F: Fn(&Surroundings, &Helper<'_>) -> Result<String, RenderError> + Send + Sync> HelperDef for Writes<F> {
    fn call<'reg: 'rc, 'rc>(
        &self,
        h: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        out.write(&(self.1)(&self.0, h)?)?;
        Ok(())
    }
}

// Closures learn the life-times of their arguments from these two signatures.
fn gives<F: Fn(&Surroundings, &Helper<'_>) -> Result<Value, RenderError>>(around: Surroundings, function: F) -> Gives<F> {
    Gives(around, function)
}

fn writes<F: Fn(&Surroundings, &Helper<'_>) -> Result<String, RenderError>>(around: Surroundings, function: F) -> Writes<F> {
    Writes(around, function)
}

pub(super) fn register(registry: &mut Handlebars<'static>, around: Surroundings) {
    macro_rules! gives {
        ($name:literal, $function:expr) => {
            registry.register_helper($name, Box::new(gives(around.clone(), $function)));
        };
    }
    macro_rules! writes {
        ($name:literal, $function:expr) => {
            registry.register_helper($name, Box::new(writes(around.clone(), $function)));
        };
    }
    gives!("t", |s, h| {
        let key = text(h, 0)?;
        s.language.text(key, &arguments(h)).map(Value::from).ok_or_else(|| wrong(format!("no text `{key}` in {}", s.language)))
    });
    gives!("word", |s, h| {
        let (kind, value) = (text(h, 0)?, text(h, 1)?);
        // A dot would name an attribute of a text: `municipality.onboard` is looked up as `municipality-onboard`.
        let word = s.language.text(&format!("{kind}-{}", value.replace('.', "-")), &HashMap::new());
        Ok(Value::from(word.unwrap_or_else(|| value.to_owned())))
    });
    gives!("tone", |_, h| {
        let (kind, value) = (text(h, 0)?, text(h, 1)?);
        Tone::of(kind, value).map(|t| Value::from(t.as_str())).ok_or_else(|| wrong(format!("no tone for {kind} `{value}`")))
    });
    writes!("icon", icon);
    writes!("sprite", sprite);
    gives!("asset", |s, h| {
        let name = text(h, 0)?;
        s.assets.address(name).map(Value::from).ok_or_else(|| wrong(format!("no asset `{name}`")))
    });
    writes!("time", |s, h| element(s, h, |s, at| (format::short(at), Some(format::date_time(s.language, at)))));
    writes!("day", |s, h| element(s, h, |s, at| (format::date(s.language, at), None)));
    writes!("clock", |s, h| element(s, h, |s, at| (format::clock(at), Some(format::date_time(s.language, at)))));
    writes!("ago", |s, h| element(s, h, ago));
    gives!("duration", |s, h| Ok(Value::from(format::duration(s.language, figure(h)?))));
    gives!("number", |s, h| {
        let value = figure(h)?;
        Ok(Value::from(format::number(s.language, value, usize::from(value.fract() != 0.0))))
    });
    gives!("bytes", |s, h| Ok(Value::from(format::bytes(s.language, figure(h)?))));
    gives!("concat", |_, h| {
        let mut joined = String::new();
        for param in h.params() {
            match param.value() {
                Value::String(part) => joined.push_str(part),
                Value::Null => {}
                other => drop(write!(joined, "{other}")),
            }
        }
        Ok(Value::from(joined))
    });
    gives!("has", |_, h| {
        let wanted = h.param(1).map(handlebars::PathAndJson::value);
        Ok(Value::from(h.param(0).and_then(|p| p.value().as_array()).is_some_and(|list| list.iter().any(|item| Some(item) == wanted))))
    });
    gives!("either", |_, h| {
        let filled = h.params().iter().map(handlebars::PathAndJson::value).find(|v| !v.is_null() && v.as_str() != Some(""));
        Ok(filled.cloned().unwrap_or(Value::Null))
    });
    gives!("pick", |_, h| {
        let truthy = h.param(0).is_some_and(|p| p.value().is_truthy(false));
        Ok(h.param(if truthy { 1 } else { 2 }).map_or(Value::Null, |p| p.value().clone()))
    });
    gives!("json", |_, h| Ok(Value::from(h.param(0).map_or_else(String::new, |p| p.value().to_string()))));
    gives!("thousandths", |s, h| {
        let value = figure(h)? / 1000.0;
        let decimals = (0..3).find(|d| (value * 10_f64.powi(*d)).fract() == 0.0).unwrap_or(3);
        Ok(Value::from(format::number(s.language, value, usize::try_from(decimals).unwrap_or(0))))
    });
    gives!("errors_for", |_, h| {
        let field = text(h, 1)?;
        let all = h.param(0).and_then(|p| p.value().as_array()).ok_or_else(|| wrong("errors_for needs a list of errors".to_owned()))?;
        Ok(Value::Array(all.iter().filter(|error| error["field"] == field).cloned().collect()))
    });
    gives!("error_message", |s, h| Ok(error_part(s.language, h, "message")));
    gives!("error_fix", |s, h| Ok(error_part(s.language, h, "fix")));
    gives!("lang", |s, _| Ok(Value::from(s.language.tag())));
}

fn wrong(what: String) -> RenderError {
    RenderErrorReason::Other(what).into()
}

fn text<'a>(h: &'a Helper<'_>, at: usize) -> Result<&'a str, RenderError> {
    let param = h.param(at).ok_or_else(|| wrong(format!("{} needs {} arguments", h.name(), at + 1)))?;
    if param.is_value_missing() {
        return Err(RenderError::strict_error(param.relative_path()));
    }
    param.value().as_str().ok_or_else(|| wrong(format!("{}: argument {at} is not text: {}", h.name(), param.value())))
}

fn figure(h: &Helper<'_>) -> Result<f64, RenderError> {
    let value = h.param(0).map(handlebars::PathAndJson::value);
    value.and_then(Value::as_f64).ok_or_else(|| wrong(format!("{} needs a number, not {value:?}", h.name())))
}

fn arguments<'a>(h: &'a Helper<'_>) -> HashMap<Cow<'static, str>, FluentValue<'a>> {
    h.hash()
        .iter()
        .map(|(name, param)| {
            let value = match param.value() {
                Value::Number(number) => {
                    number.as_i64().map_or_else(|| FluentValue::from(number.as_f64().unwrap_or_default()), FluentValue::from)
                }
                Value::String(text) => FluentValue::from(text.as_str()),
                other => FluentValue::from(other.to_string()),
            };
            (Cow::Owned((*name).to_owned()), value)
        })
        .collect()
}

fn icon(s: &Surroundings, h: &Helper<'_>) -> Result<String, RenderError> {
    let name = text(h, 0)?;
    let shapes = s.assets.icon(name).ok_or_else(|| wrong(format!("no icon `{name}`")))?;
    Ok(match h.hash_get("title").and_then(|title| title.value().as_str()) {
        Some(title) => {
            format!(r#"<svg class="icon" viewBox="0 0 16 16" role="img"><title>{}</title>{shapes}</svg>"#, html_escape(title))
        }
        None => format!(r#"<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{shapes}</svg>"#),
    })
}

fn sprite(s: &Surroundings, h: &Helper<'_>) -> Result<String, RenderError> {
    let mut out = String::from(r#"<svg class="sprite" aria-hidden="true">"#);
    for at in 0..h.params().len() {
        let name = text(h, at)?;
        let shapes = s.assets.icon(name).ok_or_else(|| wrong(format!("no icon `{name}`")))?;
        let _ = write!(out, r#"<symbol id="i-{name}" viewBox="0 0 16 16">{shapes}</symbol>"#);
    }
    out.push_str("</svg>");
    Ok(out)
}

fn element(
    s: &Surroundings,
    h: &Helper<'_>,
    say: impl Fn(&Surroundings, &Zoned) -> (String, Option<String>),
) -> Result<String, RenderError> {
    let at: Timestamp = text(h, 0)?.parse().map_err(|error| wrong(format!("{}: {error}", h.name())))?;
    let (words, whole) = say(s, &at.to_zoned(s.zone.clone()));
    Ok(match whole {
        Some(whole) => format!(r#"<time datetime="{at}" title="{whole}">{words}</time>"#),
        None => format!(r#"<time datetime="{at}">{words}</time>"#),
    })
}

fn ago(s: &Surroundings, at: &Zoned) -> (String, Option<String>) {
    let whole = format::date_time(s.language, at);
    match format::relative(s.clock.now(), at.timestamp()) {
        Some((key, count)) => {
            let words = s.language.text(key, &HashMap::from([(Cow::Borrowed("count"), FluentValue::from(count))]));
            (words.unwrap_or_else(|| whole.clone()), Some(whole))
        }
        None => (format::date(s.language, at), Some(whole)),
    }
}

/// An error's message or fix. English is what the error carries; Swedish is looked up by the error's code, and falls back
/// to the English sentence rather than to silence.
fn error_part(language: Language, h: &Helper<'_>, part: &str) -> Value {
    let error = h.param(0).map_or(&Value::Null, handlebars::PathAndJson::value);
    if let (Language::Sv, Some(code)) = (language, error["code"].as_str()) {
        let key = if part == "fix" { format!("error-{code}.fix") } else { format!("error-{code}") };
        if let Some(swedish) = language.text(&key, &HashMap::new()) {
            return Value::from(swedish);
        }
    }
    let english = error[part].as_str().unwrap_or_default();
    let mut letters = english.chars();
    let capital = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    Value::from(if capital.is_empty() || capital.ends_with('.') { capital } else { format!("{capital}.") })
}
