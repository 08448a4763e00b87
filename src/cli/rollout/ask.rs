// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rollout is asked on the command line, and the plan that comes of it.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Context, ROOT};
use crate::{
    cli::{
        failure::Outcome,
        language::Language,
        output::{Column, column, line, text},
        words,
    },
    error::FieldError,
    fleet::{Environment, RolloutId, Slug, knobs::Rehearse, release::release_name, update::Migration},
    rollouts::plan::Slice,
};

/// A rollout that is wanted. What is left out is as the schedule has it.
#[derive(Debug, Args)]
pub struct Ask {
    /// The release that everybody gets, by name.
    #[arg(value_parser = named)]
    release: String,
    /// Only this municipality; may be given several times.
    #[arg(long = "municipality", value_name = "SLUG")]
    municipalities: Vec<Slug>,
    /// Only instances of this kind: production, staging or trial.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
    /// Only instances that run this release now.
    #[arg(long, value_name = "RELEASE", value_parser = named)]
    from: Option<String>,
    /// Municipalities that go first, together, under a name; may be given several times, in order.
    #[arg(long = "ring", value_name = "NAME=SLUG,…", value_parser = ring)]
    rings: Vec<(String, Vec<String>)>,
    /// The waves of the others: numbers of instances or shares of all; the last takes the rest.
    #[arg(long, value_name = "WAVES", value_delimiter = ',')]
    waves: Vec<Slice>,
    /// One first, then everybody at once, with little time between: for a hole that is being used.
    #[arg(long)]
    emergency: bool,
    /// Instances in flight at once.
    #[arg(long, value_name = "N")]
    in_flight: Option<u32>,
    /// Rehearsals at once.
    #[arg(long, value_name = "N")]
    rehearsals: Option<u32>,
    /// How long each is watched, wave by wave, such as 10m or 30m,1h; the last holds for the waves after it.
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = seconds)]
    soak: Vec<u32>,
    /// So many failures of the release halt the rollout; in the first wave one does.
    #[arg(long, value_name = "N")]
    budget: Option<u32>,
    /// So many failures in a hundred do, if that is fewer.
    #[arg(long, value_name = "PERCENT")]
    budget_percent: Option<u32>,
    /// Wait for a person at each gate.
    #[arg(long)]
    manual_gates: bool,
    /// How long requests of an old container may take to end.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    drain: Option<u32>,
    /// How long after its soak an instance may take to be seen well.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    healthy_deadline: Option<u32>,
    /// An update that takes longer, with its soak, pauses the rollout.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    progress_deadline: Option<u32>,
    /// Whether the release is first tried on a copy of each: required or skip.
    #[arg(long, value_name = "WORD")]
    rehearse: Option<Rehearse>,
    /// What the release does to data, where no rehearsal tells: none, data or schema.
    #[arg(long, value_name = "WORD")]
    migration: Option<Migration>,
    /// The rollout that this one takes the place of, by id.
    #[arg(long, value_name = "ID")]
    parent: Option<RolloutId>,
}

fn named(text: &str) -> Result<String, FieldError> {
    release_name(text)
}

fn ring(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, slugs) = text.split_once('=').ok_or("write it as name=slug,slug")?;
    let slugs: Vec<String> =
        slugs.split(',').map(|s| s.trim().parse::<Slug>().map(String::from).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
    Ok((name.trim().to_owned(), slugs))
}

/// `90`, `90s`, `10m`, `2h` or `1d` in seconds.
///
/// # Errors
/// Tells how to write it.
pub(in crate::cli) fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(format!("`{text}` is no time: write it as 90s, 10m, 2h or 1d")),
    };
    number.parse::<u32>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(|| format!("`{text}` is no time: write it as 90s, 10m or 2h"))
}

impl Ask {
    /// The API's request.
    pub(super) fn body(&self) -> Value {
        let mut body = Map::from_iter([("release".to_owned(), json!(self.release))]);
        let mut put = |name: &str, value: Value| {
            body.insert(name.to_owned(), value);
        };
        if !self.municipalities.is_empty() {
            put("municipalities", self.municipalities.iter().map(Slug::as_str).collect::<Vec<_>>().into());
        }
        if let Some(environment) = self.environment {
            put("environment", environment.to_string().into());
        }
        if let Some(from) = &self.from {
            put("from", from.as_str().into());
        }
        if !self.rings.is_empty() {
            put("rings", self.rings.iter().map(|(name, slugs)| json!({"name": name, "municipalities": slugs})).collect());
        }
        if !self.waves.is_empty() {
            put("waves", self.waves.iter().map(ToString::to_string).collect::<Vec<_>>().into());
        }
        if self.emergency {
            put("schedule", "emergency".into());
        }
        if let Some(parent) = self.parent {
            put("parent", parent.text().into());
        }
        let mut knobs = Map::new();
        let numbers = [
            ("in_flight", self.in_flight),
            ("rehearsals", self.rehearsals),
            ("budget", self.budget),
            ("budget_percent", self.budget_percent),
            ("drain_seconds", self.drain),
            ("healthy_deadline_seconds", self.healthy_deadline),
            ("progress_deadline_seconds", self.progress_deadline),
        ];
        knobs.extend(numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        if !self.soak.is_empty() {
            knobs.insert("soak_seconds".to_owned(), json!(self.soak));
        }
        if self.manual_gates {
            knobs.insert("manual_gates".to_owned(), json!(true));
        }
        if let Some(rehearse) = self.rehearse {
            knobs.insert("rehearse".to_owned(), json!(rehearse.to_string()));
        }
        if let Some(migration) = self.migration {
            knobs.insert("migration".to_owned(), json!(migration.to_string()));
        }
        if !knobs.is_empty() {
            body.insert("knobs".to_owned(), knobs.into());
        }
        body.into()
    }
}

const WAVES: &[Column] = &[
    column("Wave", "Våg", |v| text(v, "/number")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Municipalities", "Kommuner", |v| text(v, "/members")),
    column("Watched for", "Övervakas", |v| text(v, "/soak")),
    column("Expected", "Beräknad tid", |v| text(v, "/expected")),
];
const MEMBERS: &[Column] = &[
    column("Wave", "Våg", |v| text(v, "/number")),
    column("Municipality", "Kommun", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("Sites", "Webbplatser", |v| text(v, "/sites")),
    column("Why here", "Varför här", |v| text(v, "/placed")),
    column("Waits for", "Väntar på", |v| text(v, "/held")),
];
const LEFT_OUT: &[Column] = &[
    column("Left out", "Utelämnad", |v| text(v, "/municipality")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("Why", "Varför", |v| text(v, "/why")),
];

/// Shows what it would be.
pub(super) async fn plan(context: &Context, ask: &Ask) -> Outcome {
    let answer = context.client.post(&[&ROOT[..], &["plan"]].concat(), &ask.body(), None).await?;
    if context.output.is_json() {
        return context.output.json(&answer.text);
    }
    let plan: Value = answer.read()?;
    let language = context.language();
    let rows = |name: &str| plan[name].as_array().cloned().unwrap_or_default();
    let (members, waves) = (rows("members"), rows("waves"));
    let span = words::span(plan["expected_seconds"].as_f64().unwrap_or(0.0), language);
    context.output.say(
        &format!("{} to {} in {} waves; it will take about {span}.", members.len(), text(&plan, "/release"), waves.len()),
        &format!("{} till {} i {} vågor; det tar ungefär {span}.", members.len(), text(&plan, "/release"), waves.len()),
    )?;
    let table = |columns, rows: &[Value]| {
        if rows.is_empty() { Ok(()) } else { line("").and_then(|()| line(&context.output.table(columns, rows))) }
    };
    let number = |row: &Value| json!(row["wave"].as_u64().unwrap_or(0) + 1);
    let waves: Vec<Value> = (1..)
        .zip(waves)
        .map(|(at, mut wave): (u32, Value)| {
            let seconds = |name: &str, wave: &Value| words::span(wave[name].as_f64().unwrap_or(0.0), language);
            wave["soak"] = seconds("soak_seconds", &wave).into();
            wave["expected"] = seconds("expected_seconds", &wave).into();
            wave["number"] = at.into();
            wave
        })
        .collect();
    table(WAVES, &waves)?;
    let members: Vec<Value> = members
        .into_iter()
        .map(|mut m| {
            m["number"] = number(&m);
            m["placed"] = words::placed(&text(&m, "/placed"), language).to_owned().into();
            let (held, detail) = (text(&m, "/held"), text(&m, "/detail"));
            let held = if held.is_empty() { held } else { words::held(&held, language).to_owned() };
            m["held"] = if detail.is_empty() { held } else { format!("{held}: {detail}") }.into();
            m
        })
        .collect();
    table(MEMBERS, &members)?;
    let left_out: Vec<Value> = rows("left_out")
        .into_iter()
        .map(|mut m| {
            m["why"] = words::left_out(&text(&m, "/why"), language).to_owned().into();
            m
        })
        .collect();
    table(LEFT_OUT, &left_out)?;
    let hint = match language {
        Language::En => "Nothing was started. `flotta rollout start` with the same options does it.",
        Language::Sv => "Inget har startats. `flotta rollout start` med samma tillval gör det.",
    };
    line("").and_then(|()| line(hint))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        ask: Ask,
    }

    #[test]
    fn options_become_the_apis_request() {
        let line = Line::try_parse_from([
            "x",
            "6.9",
            "--municipality",
            "ale",
            "--municipality",
            "mora",
            "--environment",
            "trial",
            "--ring",
            "early=ale,bor",
            "--waves",
            "1,25%",
            "--soak",
            "90,10m",
            "--manual-gates",
            "--rehearse",
            "skip",
            "--migration",
            "data",
            "--drain",
            "1m",
        ]);
        let body = line.map_err(|e| e.to_string()).unwrap().ask.body();
        assert_eq!(
            body,
            json!({"release": "6.9", "municipalities": ["ale", "mora"], "environment": "trial",
                "rings": [{"name": "early", "municipalities": ["ale", "bor"]}], "waves": ["1", "25%"],
                "knobs": {"soak_seconds": [90, 600], "manual_gates": true, "rehearse": "skip", "migration": "data", "drain_seconds": 60}})
        );
        assert_eq!(Line::try_parse_from(["x", "6.9"]).map_err(|e| e.to_string()).unwrap().ask.body(), json!({"release": "6.9"}));
    }

    #[test]
    fn times_are_written_with_a_unit() {
        assert_eq!(["90", "90s", "10m", "2h", "1d"].map(|t| seconds(t).unwrap()), [90, 90, 600, 7200, 86_400]);
        for bad in ["", "m", "1w", "-1", "99999999d", "1.5h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
