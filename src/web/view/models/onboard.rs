// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Onboarding: the form, what is said beside the domain, and the plan.

use serde::{Deserialize, Serialize};

use super::{Model, command_line};
use crate::{
    error::FieldError,
    fleet::{Channel, Limits, known},
    web::view::Page,
};

/// The form as typed. Sent to `POST /municipalities/new` with `intent` = `preview` or `onboard`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnboardForm {
    /// SCB code.
    pub code: String,
    /// Official name.
    pub name: String,
    /// Slug.
    pub slug: String,
    /// Domain.
    pub domain: String,
    /// The administrator's e-mail address.
    pub admin_email: String,
    /// Environment.
    pub environment: String,
    /// Network kind.
    pub network: String,
    /// Locale.
    pub locale: String,
    /// Release by name; empty for the newest stable one.
    pub release: String,
    /// Memory in MiB.
    pub memory_mib: String,
    /// Processor time in thousandths of a core.
    pub cpu_milli: String,
    /// Processes and threads.
    pub pids: String,
}

impl Default for OnboardForm {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            code: String::new(),
            name: String::new(),
            slug: String::new(),
            domain: String::new(),
            admin_email: String::new(),
            environment: "production".to_owned(),
            network: "sub-directory".to_owned(),
            locale: "sv_SE".to_owned(),
            release: String::new(),
            memory_mib: limits.memory_mib.to_string(),
            cpu_milli: limits.cpu_milli.to_string(),
            pids: limits.pids.to_string(),
        }
    }
}

impl OnboardForm {
    /// Fills what is empty from a known code, as the script of the page does while one types. `suffix` is what domains
    /// of this fleet usually end in, such as `se` or `localhost`.
    pub fn fill_from_code(&mut self, suffix: &str) {
        let Some(known) = known::by_code(self.code.trim()) else { return };
        let slug = known::suggested_slug(known.short);
        for (field, value) in
            [(&mut self.name, known.name.to_owned()), (&mut self.domain, format!("{slug}.{suffix}")), (&mut self.slug, slug)]
        {
            if field.trim().is_empty() {
                *field = value;
            }
        }
    }

    /// The command that does the same. What stands at its default is left out.
    #[must_use]
    pub fn command(&self) -> String {
        let usual = Self::default();
        let or = |text: &'_ str, else_: &str| if text.is_empty() { else_.to_owned() } else { text.to_owned() };
        let mut parts = ["flotta", "municipality", "onboard"].map(str::to_owned).to_vec();
        parts.push(or(&self.slug, "SLUG"));
        for (flag, value) in [
            ("--name", or(&self.name, "NAME")),
            ("--domain", or(&self.domain, "DOMAIN")),
            ("--admin-email", or(&self.admin_email, "EMAIL")),
        ] {
            parts.extend([flag.to_owned(), value]);
        }
        for (flag, value, default) in [
            ("--code", &self.code, &usual.code),
            ("--release", &self.release, &usual.release),
            ("--environment", &self.environment, &usual.environment),
            ("--network", &self.network, &usual.network),
            ("--locale", &self.locale, &usual.locale),
            ("--memory-mib", &self.memory_mib, &usual.memory_mib),
            ("--cpu-milli", &self.cpu_milli, &usual.cpu_milli),
            ("--pids", &self.pids, &usual.pids),
        ] {
            if value != default && !value.is_empty() {
                parts.extend([flag.to_owned(), value.clone()]);
            }
        }
        command_line(parts.iter().map(String::as_str))
    }
}

/// The onboarding page, at `GET /municipalities/new`.
#[derive(Clone, Debug, Serialize)]
pub struct OnboardPage {
    /// What was typed, or the usual values.
    pub form: OnboardForm,
    /// What is wrong with it; field names as in the form.
    pub errors: Vec<FieldError>,
    /// Codes to choose from: those of the 290 that are not in the fleet yet.
    pub known: Vec<KnownChoice>,
    /// Releases to choose from, newest first; retired ones left out.
    pub releases: Vec<ReleaseChoice>,
    /// Locales that the releases carry.
    pub locales: Vec<String>,
    /// What domains of this fleet usually end in, such as `se` or `localhost`.
    pub domain_suffix: String,
    /// What is known of the typed domain.
    pub domain_check: Option<DomainCheck>,
    /// What will be made, when `intent=preview` found nothing wrong.
    pub plan: Option<Plan>,
    /// Seconds that onboarding usually takes here, where it is known.
    pub expected_seconds: Option<f64>,
    /// The same by command.
    pub command: String,
}

impl Model for OnboardPage {
    const PAGE: Page = Page::Onboard;
}

/// One of the 290 to choose.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KnownChoice {
    /// SCB code.
    pub code: &'static str,
    /// Everyday name.
    pub short: &'static str,
}

impl KnownChoice {
    /// All of the 290 whose code is not among the taken ones.
    #[must_use]
    pub fn all_but(taken: &[&str]) -> Vec<Self> {
        known::all().iter().filter(|k| !taken.contains(&k.code)).map(|k| Self { code: k.code, short: k.short }).collect()
    }
}

/// A release to choose.
#[derive(Clone, Debug, Serialize)]
pub struct ReleaseChoice {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub channel: Channel,
}

/// What is known of a domain. Rendered in the form, and alone as [`Page::DomainCheck`] for
/// `GET /municipalities/new/domain?domain=…`, which the script asks while one types.
#[derive(Clone, Debug, Serialize)]
pub struct DomainCheck {
    /// The domain as people read it.
    pub domain: String,
    /// What was found.
    pub verdict: DomainVerdict,
    /// For an invalid domain, what is wrong.
    pub error: Option<FieldError>,
    /// Addresses that the name resolves to, as text.
    pub resolves_to: Vec<String>,
}

impl Model for DomainCheck {
    const PAGE: Page = Page::DomainCheck;
}

/// What was found of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DomainVerdict {
    /// Free, and it leads here (or exists on this machine only).
    Free,
    /// Free, but its name leads elsewhere or nowhere yet.
    Elsewhere,
    /// A municipality of this fleet has it.
    Taken,
    /// Not a host name.
    Invalid,
}

/// What onboarding will make.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<PlannedStep>,
    /// Address of the main site.
    pub address: String,
    /// Name of the container.
    pub container: String,
    /// Name of the schema and its user.
    pub schema: String,
    /// Release that will run.
    pub release: String,
    /// Memory that is free for instances on the host now, in MiB, where it is known.
    pub free_memory_mib: Option<u64>,
    /// Disk that is free, in bytes, where it is known.
    pub free_disk_bytes: Option<u64>,
}

/// One step of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedStep {
    /// The step's name, as in the journal.
    pub name: String,
    /// Seconds it usually takes here, where it is known.
    pub expected_seconds: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_fills_only_what_is_empty() {
        let mut form = OnboardForm { code: "1283".to_owned(), domain: "www.hbg.se".to_owned(), ..Default::default() };
        form.fill_from_code("localhost");
        assert_eq!((form.name.as_str(), form.slug.as_str(), form.domain.as_str()), ("Helsingborgs kommun", "helsingborg", "www.hbg.se"));
        let mut unknown = OnboardForm { code: "9999".to_owned(), ..Default::default() };
        unknown.fill_from_code("se");
        assert!(unknown.name.is_empty());
    }

    #[test]
    fn the_command_names_what_departs_from_the_usual() {
        let mut form = OnboardForm { code: "1283".to_owned(), admin_email: "webb@helsingborg.se".to_owned(), ..Default::default() };
        form.fill_from_code("localhost");
        assert_eq!(
            form.command(),
            "flotta municipality onboard helsingborg --name 'Helsingborgs kommun' --domain helsingborg.localhost \
             --admin-email webb@helsingborg.se --code 1283"
        );
        form.environment = "trial".to_owned();
        assert!(form.command().ends_with("--environment trial"));
        assert!(OnboardForm::default().command().contains("onboard SLUG --name NAME"));
    }
}
