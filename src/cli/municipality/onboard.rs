// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta municipality onboard`: ask, follow the steps, hand over the single-use link.

use clap::Args;
use serde_json::{Map, Value, json};

use super::{Context, INVITATION, ROOT, Waiting, settled};
use crate::cli::{
    failure::{Failure, Outcome},
    output::{self, Column, column, line, text},
    progress::Work,
    style,
};

/// What to onboard. What is left out is chosen by the control plane, and every mistake is told at once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta municipality onboard helsingborg --code 1283 --domain helsingborg.se --admin-email webb@helsingborg.se
  flotta municipality onboard ale --name 'Ale kommun' --domain ale.localhost --admin-email webb@ale.se --environment trial
  flotta municipality onboard ale --code 1440 --domain ale.se --admin-email webb@ale.se --dry-run

On a terminal the steps are shown live; elsewhere each is a line on standard error. A failure before the address is
routed is undone to nothing. Ctrl-C ends the waiting only. With --output json the operation is printed as it ended; ask
for the link with `flotta municipality invite SLUG`.")]
pub struct Onboard {
    /// Short name in commands, addresses and container names: 2 to 30 of a–z, 0–9 and hyphens.
    slug: String,
    /// Host name of the main site.
    #[arg(long, value_name = "DOMAIN")]
    domain: String,
    /// E-mail address of the first administrator.
    #[arg(long, value_name = "EMAIL")]
    admin_email: String,
    /// Official name; follows from the code where that is given.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Four-digit code from Statistics Sweden; `flotta municipality known` finds it.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Log-in name of the first administrator.
    #[arg(long, value_name = "LOGIN")]
    admin_login: Option<String>,
    /// Release by name; without it, the newest stable one.
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
    /// production, staging or trial; without it, production.
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// single, sub-directory or sub-domain; without it, sub-directory.
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// WordPress locale; without it, sv_SE.
    #[arg(long, value_name = "LOCALE")]
    locale: Option<String>,
    /// Memory limit in MiB.
    #[arg(long, value_name = "MIB")]
    memory_mib: Option<u32>,
    /// Processor limit in thousandths of a core.
    #[arg(long, value_name = "N")]
    cpu_milli: Option<u32>,
    /// Limit of processes and threads.
    #[arg(long, value_name = "N")]
    pids: Option<u32>,
    /// Only check, and say what would be made.
    #[arg(long, conflicts_with_all = ["no_wait", "idempotency_key"])]
    dry_run: bool,
    #[command(flatten)]
    waiting: Waiting,
}

const PREVIEW: &[Column] = &[
    column("Slug", "Kortnamn", |v| text(v, "/slug")),
    column("Name", "Namn", |v| text(v, "/name")),
    column("Address", "Adress", |v| text(v, "/address")),
    column("Release", "Utgåva", |v| text(v, "/release")),
    column("Environment", "Miljö", |v| text(v, "/environment")),
    column("Network", "Nätverk", |v| text(v, "/network")),
    column("Steps", "Steg", |v| text(v, "/steps")),
    column("Memory promised, MiB", "Utlovat minne, MiB", |v| {
        format!("{} / {}", text(v, "/memory_promised_mib"), text(v, "/memory_capacity_mib"))
    }),
];

const MADE: &[Column] =
    &[column("Address", "Adress", |v| text(v, "/address")), column("Log-in name", "Inloggningsnamn", |v| text(v, "/admin_login"))];

impl Onboard {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let texts = [
            ("slug", Some(&self.slug)),
            ("domain", Some(&self.domain)),
            ("admin_email", Some(&self.admin_email)),
            ("name", self.name.as_ref()),
            ("code", self.code.as_ref()),
            ("admin_login", self.admin_login.as_ref()),
            ("release", self.release.as_ref()),
            ("environment", self.environment.as_ref()),
            ("network", self.network.as_ref()),
            ("locale", self.locale.as_ref()),
        ];
        body.extend(texts.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), json!(value)))));
        let numbers = [("memory_mib", self.memory_mib), ("cpu_milli", self.cpu_milli), ("pids", self.pids)];
        body.extend(numbers.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), json!(value)))));
        Value::Object(body)
    }
}

pub(super) async fn run(context: &Context, args: &Onboard) -> Outcome {
    if args.dry_run {
        let answer = context.client.post(&["api", "v1", "municipalities", "preview"], &args.body(), None).await?;
        context.output.one(&answer, PREVIEW)?;
        return context
            .said("Nothing was changed. Leave --dry-run out to do it.", "Inget har ändrats. Utelämna --dry-run för att göra det.");
    }
    let answer = context.client.post(&ROOT, &args.body(), args.waiting.idempotency_key.as_deref()).await?;
    let Some(work) = settled(context, &answer, &args.waiting).await? else { return Ok(()) };
    hand_over(context, args, &work).await
}

/// Says where the site is and gives the administrator's link.
async fn hand_over(context: &Context, args: &Onboard, work: &Work) -> Outcome {
    let environment = args.environment.as_deref().unwrap_or("production");
    let slug = if work.municipality.is_empty() { args.slug.as_str() } else { work.municipality.as_str() };
    let municipality: Value = context.client.get(&[&ROOT[..], &[slug]].concat(), &[]).await?.read()?;
    let instance = municipality["instances"].as_array().into_iter().flatten().find(|i| i["environment"] == environment);
    let Some(instance) = instance else {
        return Err(Failure::failed(
            format!("`{slug}` was onboarded, but has no {environment} instance any more"),
            "somebody else may have offboarded it; `flotta operation list` tells",
        ));
    };
    let healthy = instance["state"] == "running";
    if context.output.is_json() {
        return if healthy { Ok(()) } else { Err(Failure::Told(3)) };
    }
    let name = text(&municipality, "/name");
    line(&style::good(
        &style::clean(&context.language().pick("{} is on board.", "{} är ansluten.").replace("{}", &name)),
        style::colour_on(&std::io::stdout()),
    ))?;
    context.output.fields(instance, MADE)?;
    if !healthy {
        let state = text(instance, "/state");
        let reason = text(instance, "/reason");
        output::tell(&style::clean(&format!(
            "{} {state}. {reason}",
            context.language().pick("It is not well, though: the instance is", "Men allt är inte väl: instansen är")
        )));
        return Err(Failure::Told(3));
    }
    let path = [&ROOT[..], &[slug, "invitation"]].concat();
    match context.client.post_once(&path, &json!({"environment": environment})).await {
        Ok(answer) => {
            context.output.one(&answer, INVITATION)?;
            context.said(
                "Give the link to the administrator: it works once and is shown only now. Another: flotta municipality invite",
                "Ge länken till administratören: den gäller en gång och visas bara nu. En ny: flotta municipality invite",
            )
        }
        Err(failure) => {
            output::tell_as_it_is(&failure.render(context.language(), style::colour_on(&std::io::stderr())));
            context.said(
                &format!("The site is up, but no link could be made. Ask for one with: flotta municipality invite {slug}"),
                &format!("Webbplatsen är igång, men ingen länk kunde göras. Be om en med: flotta municipality invite {slug}"),
            )?;
            Err(Failure::Told(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Just {
        #[command(flatten)]
        onboard: Onboard,
    }

    #[test]
    fn only_what_was_given_is_sent() {
        let just = Just::parse_from(["x", "ale", "--domain", "ale.se", "--admin-email", "a@ale.se", "--memory-mib", "256"]);
        assert_eq!(just.onboard.body(), json!({"slug": "ale", "domain": "ale.se", "admin_email": "a@ale.se", "memory_mib": 256}));
    }
}
