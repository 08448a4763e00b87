// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality`: onboard, list, show, suspend, resume, offboard, rehearse, invite; hold, pin, window; status page; and the 290 that are known.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{
    Context, Paging,
    failure::{Failure, Outcome},
    follow::{self, follow},
    language::Language,
    output::{Column, column, text, time},
    progress::Work,
    words,
};
use crate::fleet::{Environment, Slug};

mod offboard;
mod onboard;
mod policy;
mod rehearse;
mod status_page;

/// What can be done with municipalities.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Give a municipality its own WordPress, at its own domain.
    Onboard(Box<onboard::Onboard>),
    /// List municipalities with their instances.
    #[command(
        after_help = "Examples:\n  flotta municipality list\n  flotta municipality list --state running --county 12\n  flotta municipality list --search borg --output json"
    )]
    List(List),
    /// Show one municipality.
    #[command(after_help = "Examples:\n  flotta municipality show helsingborg")]
    Show(One),
    /// Stop an instance, keeping everything; visitors get a friendly page.
    #[command(
        after_help = "Examples:\n  flotta municipality suspend helsingborg\n  flotta municipality suspend helsingborg --environment staging --no-wait"
    )]
    Suspend(Change),
    /// Start a suspended instance again.
    #[command(after_help = "Examples:\n  flotta municipality resume helsingborg")]
    Resume(Change),
    /// Archive an instance, prove the archive, and remove everything else.
    Offboard(offboard::Offboard),
    /// Try a release on a copy of a municipality's data, without touching its own.
    Rehearse(rehearse::Rehearse),
    /// Make a single-use link with which the administrator sets a password.
    #[command(after_help = "Examples:\n  flotta municipality invite helsingborg")]
    Invite(Invite),
    /// Keep an instance as it is for a while: no rollout touches it.
    Hold(policy::Hold),
    /// End a hold.
    Unhold(policy::Unhold),
    /// Let an instance be moved to one release only, or to any again.
    Pin(policy::Pin),
    /// Set the hours in which an instance may be updated.
    Window(policy::Window),
    /// Show whether anybody may see how a municipality's sites are; open or close that page.
    StatusPage(status_page::StatusPage),
    /// Search the 290 Swedish municipalities for codes, counties and fitting slugs.
    #[command(after_help = "Examples:\n  flotta municipality known göteborg\n  flotta municipality known 12 --limit 50")]
    Known(Known),
}

/// Which municipalities to list.
#[derive(Debug, Args)]
pub struct List {
    /// Part of slug, name or code.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only with an instance in this state: onboarding, running, suspended, repairing, quarantined or offboarding.
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only in this county, by its two digits.
    #[arg(long, value_name = "CODE")]
    county: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// One municipality.
#[derive(Debug, Args)]
pub struct One {
    /// Its slug.
    slug: Slug,
}

/// One instance of a municipality.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The municipality's slug.
    pub(super) slug: Slug,
    /// Which of its instances, where it has several: production, staging or trial.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
}

impl Which {
    pub(super) fn body(&self) -> Map<String, Value> {
        self.environment.iter().map(|e| ("environment".to_owned(), e.to_string().into())).collect()
    }
}

/// Whether to wait for the work, and how a repeat is known.
#[derive(Clone, Debug, Args)]
pub struct Waiting {
    /// Do not wait for the end; print the operation.
    #[arg(long)]
    no_wait: bool,
    /// A word of your own for this request: the same word again gives the same operation.
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
}

/// A change of one instance.
#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    waiting: Waiting,
}

/// Whom to invite.
#[derive(Debug, Args)]
pub struct Invite {
    #[command(flatten)]
    which: Which,
}

/// What to search the known municipalities for.
#[derive(Debug, Args)]
pub struct Known {
    /// Part of the name, or the beginning of the code.
    #[arg(default_value = "")]
    search: String,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=290))]
    limit: u32,
}

const ROOT: [&str; 3] = ["api", "v1", "municipalities"];

const LIST: &[Column] = &[
    column("Slug", "Kortnamn", |v| text(v, "/slug")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Code", "Kod", |v| text(v, "/code")),
    column("Environment", "Miljö", |v| text(v, "/instance/environment")),
    column("State", "Läge", |v| text(v, "/instance/state")),
    column("Release", "Utgåva", |v| text(v, "/instance/release")),
    column("Address", "Adress", |v| text(v, "/instance/address")),
];
const ONE: &[Column] = &[
    column("Slug", "Kortnamn", |v| text(v, "/slug")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Code", "Kod", |v| text(v, "/code")),
    column("Contact", "Kontakt", |v| text(v, "/contact_email")),
    column("Onboarded", "Ansluten", |v| time(v, "/created_at")),
];
const INSTANCE: &[Column] = &[
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("State", "Läge", |v| text(v, "/state")),
    column("Reason", "Orsak", |v| text(v, "/reason")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Release", "Utgåva", |v| text(v, "/release")),
    column("Overlay", "Påbyggnad", |v| text(v, "/overlay")),
    column("Network", "Nätverk", |v| text(v, "/network")),
    column("Locale", "Språk", |v| text(v, "/locale")),
    column("Administrator", "Administratör", |v| format!("{} <{}>", text(v, "/admin_login"), text(v, "/admin_email"))),
    column("Memory, MiB", "Minne, MiB", |v| text(v, "/limits/memory_mib")),
    column("Processor, thousandths", "Processor, tusendelar", |v| text(v, "/limits/cpu_milli")),
    column("Processes", "Processer", |v| text(v, "/limits/pids")),
    column("Made", "Skapad", |v| time(v, "/created_at")),
    column("Id", "Id", |v| text(v, "/id")),
];
const KNOWN: &[Column] = &[
    column("Code", "Kod", |v| text(v, "/code")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("County", "Län", |v| text(v, "/county")),
    column("Slug", "Kortnamn", |v| text(v, "/suggested_slug")),
];
const INVITATION: &[Column] = &[column("Link", "Länk", |v| text(v, "/url")), column("Ends", "Gäller till", |v| time(v, "/expires_at"))];

/// Runs one of them.
///
/// # Errors
/// When the control plane does not answer, or says no.
pub async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Onboard(args) => onboard::run(context, &args).await,
        Command::Offboard(args) => offboard::run(context, &args).await,
        Command::Rehearse(args) => rehearse::run(context, &args).await,
        Command::List(args) => list(context, &args).await,
        Command::Show(args) => show(context, &args.slug).await,
        Command::Suspend(args) => change(context, "suspend", &args).await,
        Command::Resume(args) => change(context, "resume", &args).await,
        Command::Invite(args) => invite(context, &args.which).await,
        Command::Hold(args) => policy::hold(context, &args).await,
        Command::Unhold(args) => policy::unhold(context, &args).await,
        Command::Pin(args) => policy::pin(context, &args).await,
        Command::Window(args) => policy::window(context, &args).await,
        Command::StatusPage(args) => status_page::run(context, &args).await,
        Command::Known(args) => {
            let query = [("search", args.search), ("limit", args.limit.to_string())];
            let answer = context.client.get(&["api", "v1", "known-municipalities"], &query).await?;
            context.output.list(&answer, KNOWN, ("None is called that.", "Ingen heter så."))
        }
    }
}

async fn list(context: &Context, args: &List) -> Outcome {
    let filters = [("search", args.search.as_deref()), ("state", args.state.as_deref()), ("county", args.county.as_deref())];
    let answer = context.client.get(&ROOT, &args.paging.query(&filters)).await?;
    let filtered = filters.iter().any(|(_, value)| value.is_some());
    let empty = if filtered {
        ("None fits.", "Ingen passar.")
    } else {
        (
            "No municipality yet. Begin with: flotta municipality onboard --help",
            "Ingen kommun ännu. Börja med: flotta municipality onboard --help",
        )
    };
    context.output.rows(&answer, LIST, empty, |items| items.iter().flat_map(with_instances).collect())
}

/// A row for each instance; one for a municipality that has none.
fn with_instances(municipality: &Value) -> Vec<Value> {
    let row = |instance: &Value| json!({"slug": municipality["slug"], "name": municipality["name"], "code": municipality["code"], "instance": instance});
    match municipality["instances"].as_array() {
        Some(instances) if !instances.is_empty() => instances.iter().map(row).collect(),
        _ => vec![row(&Value::Null)],
    }
}

async fn show(context: &Context, slug: &Slug) -> Outcome {
    let answer = context.client.get(&path(slug, None), &[]).await?;
    context.output.one(&answer, ONE)?;
    if !context.output.is_json() {
        for instance in answer.read::<Value>()?["instances"].as_array().into_iter().flatten() {
            super::output::line("")?;
            context.output.fields(instance, INSTANCE)?;
        }
    }
    Ok(())
}

async fn change(context: &Context, verb: &str, args: &Change) -> Outcome {
    let path = path(&args.which.slug, Some(verb));
    let body = Value::Object(args.which.body());
    let answer = context.client.post(&path, &body, args.waiting.idempotency_key.as_deref()).await?;
    done(context, &answer, &args.waiting, &args.which.slug).await
}

async fn invite(context: &Context, which: &Which) -> Outcome {
    let answer = context.client.post_once(&path(&which.slug, Some("invitation")), &Value::Object(which.body())).await?;
    context.output.one(&answer, INVITATION)?;
    context.said(
        "The link works once; whoever has it becomes administrator. It is shown only now.",
        "Länken gäller en gång; den som har den blir administratör. Den visas bara nu.",
    )
}

pub(super) fn path<'a>(slug: &'a Slug, verb: Option<&'a str>) -> Vec<&'a str> {
    ROOT.into_iter().chain([slug.as_str()]).chain(verb).collect()
}

/// Waits for an operation that was answered with, unless asked not to: then it is printed, and there is nothing more to do.
pub(super) async fn settle(context: &Context, answer: &super::client::Answer, waiting: &Waiting) -> Outcome<Option<(Work, String)>> {
    let work: Work = answer.read()?;
    if waiting.no_wait {
        if context.output.is_json() {
            context.output.json(&answer.text)?;
        } else {
            super::output::line(&follow::goes_on(&work.id, context.language()))?;
        }
        return Ok(None);
    }
    follow(&context.client, &work, context.language()).await.map(Some)
}

/// As [`settle`]; what ended is printed as JSON where that is asked for, and must have succeeded.
pub(super) async fn settled(context: &Context, answer: &super::client::Answer, waiting: &Waiting) -> Outcome<Option<Work>> {
    let Some((work, json)) = settle(context, answer, waiting).await? else { return Ok(None) };
    if context.output.is_json() {
        context.output.json(&json)?;
    }
    succeeded(context, &work)?;
    Ok(Some(work))
}

/// As [`settled`], and says so.
pub(super) async fn done(context: &Context, answer: &super::client::Answer, waiting: &Waiting, slug: &Slug) -> Outcome {
    let Some(work) = settled(context, answer, waiting).await? else { return Ok(()) };
    context.said(
        &format!("Done: {} of {slug}.", words::kind(&work.kind, Language::En)),
        &format!("Klart: {} av {slug}.", words::kind(&work.kind, Language::Sv)),
    )
}

/// Whether an operation that ended did what was asked.
///
/// # Errors
/// Says which step stopped it and what is left.
pub(super) fn succeeded(context: &Context, work: &Work) -> Outcome {
    let language = context.language();
    let step = words::step(&work.step, language);
    let kind = words::kind(&work.kind, language);
    let because = if work.error.is_empty() { String::new() } else { format!(": {}", work.error) };
    let watch = format!("flotta operation show {}", work.id);
    match (work.state.as_str(), language) {
        ("done", _) => Ok(()),
        ("undone", Language::En) => Err(Failure::failed(
            format!("{kind} was undone, and nothing is left of it{because}"),
            format!("put it right and ask again; the journal: {watch}"),
        )),
        ("undone", Language::Sv) => Err(Failure::failed(
            format!("{kind} ångrades, och inget finns kvar av det{because}"),
            format!("åtgärda felet och försök igen; loggen: {watch}"),
        )),
        (state, Language::En) => Err(Failure::failed(
            format!("{kind} ended as {state} at the step {step}{because}"),
            format!("look at {watch}, put it right, then: flotta operation retry {}", work.id),
        )),
        (state, Language::Sv) => Err(Failure::failed(
            format!("{kind} slutade som {state} vid steget {step}{because}"),
            format!("se {watch}, åtgärda felet, sedan: flotta operation retry {}", work.id),
        )),
    }
}
