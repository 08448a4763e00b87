// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Planning a rollout: the form, what it would come to, and starting it.

use actix_web::{
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;

use super::super::in_place;
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::Channel,
    rollouts::{
        plan::Planned,
        request::{self, KnobsRequest, Prepared, Request},
    },
    store,
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::models::{Choice, PlannedMember, PlannedRollout, PlannedWave, RolloutForm, RolloutPlanPage, command_line},
        visit::{Visit, see_other},
    },
};

/// So many of a wave are named; the others are counted.
const NAMED: usize = 12;

/// The form, sent.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// `start`, or else only the plan is shown.
    #[serde(default)]
    intent: String,
    #[serde(flatten)]
    form: RolloutForm,
}

/// Which release the form begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    release: String,
}

/// The form with the usual values.
pub async fn form(web: Data<Web>, visit: Visit, wanted: Query<Wanted>) -> Answer {
    let release = match wanted.into_inner().release {
        named if !named.is_empty() => named,
        _ => store::releases::newest_stable(web.store()).await?.map(|r| r.name).unwrap_or_default(),
    };
    let usual = RolloutForm { release, schedule: "careful".to_owned(), rehearse: "required".to_owned(), ..RolloutForm::default() };
    visit.page(&web, &page(&web, usual).await?)
}

/// Shows the plan, or starts. What is wrong stands beside the fields, which keep what was typed.
pub async fn send(web: Data<Web>, visit: Visit, caller: Caller, note: Note, sent: Form<Sent>) -> Answer {
    let Sent { intent, form } = sent.into_inner();
    let done = match request(&form) {
        Err(errors) => Err(Error::Invalid(errors)),
        Ok(request) if intent == "start" => match api::rollouts::started(&web, &caller, &note, &request).await {
            Ok(rollout) => return Ok(see_other(&format!("/rollouts/{}", rollout.id))),
            Err(refused) => Err(refused),
        },
        Ok(request) => {
            note.nothing();
            request::prepare(web.tools(), &request).await.map(planned)
        }
    };
    let (status, plan, errors) = match done {
        Ok(plan) => (StatusCode::OK, Some(plan), Vec::new()),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            (status, None, errors.into_iter().map(at_home).collect())
        }
    };
    let page = page(&web, form).await?;
    visit.page_as(&web, status, &RolloutPlanPage { plan, errors, ..page })
}

/// The API's names of fields as the form's.
fn at_home(error: FieldError) -> FieldError {
    let name = match error.field.as_str() {
        "knobs.soak_seconds" | "knobs.progress_deadline_seconds" => "soak_minutes",
        other => other.strip_prefix("knobs.").unwrap_or(other),
    };
    let name = name.to_owned();
    error.at(&name)
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', ',', '\n', '\r', '\t']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The request that a form is, or what is wrong with it in itself.
fn request(form: &RolloutForm) -> Result<Request, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut number = |field: &str, text: &str| match text.trim() {
        "" => None,
        text => match text.parse::<u32>() {
            Ok(number) => Some(number),
            Err(_) => {
                let said = format!("`{}` is not a number", text.escape_debug());
                errors.push(FieldError::new(field, "not-a-number", said, "write digits only"));
                None
            }
        },
    };
    let (in_flight, soak) = (number("in_flight", &form.in_flight), number("soak_minutes", &form.soak_minutes));
    if !errors.is_empty() {
        return Err(errors);
    }
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let soak = soak.map(|minutes| minutes.saturating_mul(60));
    Ok(Request {
        release: form.release.clone(),
        municipalities: words(&form.municipalities),
        environment: given(&form.environment),
        waves: words(&form.waves),
        schedule: given(&form.schedule),
        knobs: KnobsRequest {
            in_flight,
            soak_seconds: soak.map(|seconds| vec![seconds]),
            // A long soak needs a long patience.
            progress_deadline_seconds: soak.filter(|s| *s >= 3000).map(|seconds| seconds.saturating_mul(2)),
            manual_gates: (!form.manual_gates.is_empty()).then_some(true),
            rehearse: given(&form.rehearse),
            migration: given(&form.migration),
            ..KnobsRequest::default()
        },
        ..Request::default()
    })
}

fn planned(p: Prepared) -> PlannedRollout {
    let total = p.plan.members.len();
    let waves = (0..).zip(&p.plan.waves).map(|(at, wave): (u32, _)| {
        let own: Vec<&Planned> = p.plan.members.iter().filter(|m| m.wave == at).collect();
        PlannedWave {
            nth: usize::try_from(at).unwrap_or(usize::MAX).saturating_add(1),
            name: wave.name.clone(),
            expected_seconds: wave.expected_seconds,
            soak_seconds: wave.soak_seconds,
            total: own.len(),
            more: own.len().saturating_sub(NAMED),
            members: own
                .into_iter()
                .take(NAMED)
                .map(|m| PlannedMember {
                    slug: m.instance.slug.to_string(),
                    environment: m.instance.environment,
                    placed: m.placed,
                    held: m.held,
                    detail: m.detail.clone(),
                })
                .collect(),
        }
    });
    PlannedRollout {
        waves: waves.collect(),
        total,
        expected_seconds: p.plan.expected_seconds,
        budget: p.knobs.budget_of(u32::try_from(total).unwrap_or(u32::MAX)),
        left_out: p.plan.left_out.iter().map(|(i, why)| Choice { value: i.slug.to_string(), label: why.as_str().to_owned() }).collect(),
    }
}

async fn page(web: &Web, form: RolloutForm) -> Result<RolloutPlanPage> {
    let all = store::every(async |page| store::releases::list(web.store(), page).await).await?;
    let releases = all.into_iter().filter(|r| r.channel != Channel::Retired);
    Ok(RolloutPlanPage {
        releases: releases.map(|r| Choice { value: r.name, label: r.channel.to_string() }).collect(),
        plan: None,
        errors: Vec::new(),
        command: command(&form),
        form,
    })
}

fn command(form: &RolloutForm) -> String {
    let release = if form.release.is_empty() { "RELEASE" } else { &form.release };
    let (waves, municipalities) = (words(&form.waves).join(","), words(&form.municipalities));
    let soak = format!("{}m", form.soak_minutes.trim());
    let mut parts = vec!["flotta", "rollout", "start", release];
    for slug in &municipalities {
        parts.extend(["--municipality", slug]);
    }
    for (option, value) in [("--environment", form.environment.as_str()), ("--waves", &waves), ("--in-flight", form.in_flight.trim())] {
        if !value.is_empty() {
            parts.extend([option, value]);
        }
    }
    if form.schedule == "emergency" {
        parts.push("--emergency");
    }
    if !form.soak_minutes.trim().is_empty() {
        parts.extend(["--soak", &soak]);
    }
    if !form.manual_gates.is_empty() {
        parts.push("--manual-gates");
    }
    if form.rehearse == "skip" {
        parts.extend(["--rehearse", "skip"]);
    }
    if !form.migration.is_empty() {
        parts.extend(["--migration", &form.migration]);
    }
    command_line(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_a_request_and_a_command() {
        let form = RolloutForm {
            release: "6.9".into(),
            municipalities: "ale, mora".into(),
            waves: "1 25% 100%".into(),
            soak_minutes: "5".into(),
            manual_gates: "true".into(),
            rehearse: "skip".into(),
            migration: "none".into(),
            schedule: "emergency".into(),
            ..RolloutForm::default()
        };
        let asked = request(&form).unwrap();
        assert_eq!(asked.municipalities, ["ale", "mora"]);
        assert_eq!((asked.knobs.soak_seconds, asked.knobs.manual_gates), (Some(vec![300]), Some(true)));
        assert_eq!(
            command(&form),
            "flotta rollout start 6.9 --municipality ale --municipality mora --waves '1,25%,100%' --emergency --soak 5m --manual-gates --rehearse skip --migration none"
        );
        let wrong = request(&RolloutForm { in_flight: "many".into(), ..form }).unwrap_err();
        assert_eq!(wrong[0].field, "in_flight");
        assert_eq!(at_home(FieldError::new("knobs.migration", "x", "x", "x")).field, "migration");
    }
}
