// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is asked when a municipality is onboarded, checked field by field. Pure.

use serde::{Deserialize, Serialize};

use crate::{
    error::FieldError,
    fleet::{Code, Domain, Email, Environment, Limits, NetworkKind, Slug, instance, known, municipality},
};

/// The request as it comes over the wire: texts, so that every mistake is found at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Short name, such as `helsingborg`.
    pub slug: String,
    /// Official name; may be left out where a code is given.
    pub name: Option<String>,
    /// Four-digit code from Statistics Sweden.
    pub code: Option<String>,
    /// Host name of the main site, such as `helsingborg.se`.
    pub domain: String,
    /// Address of the first administrator.
    pub admin_email: String,
    /// Log-in name of the first administrator; `admin` followed by the slug where left out.
    pub admin_login: Option<String>,
    /// WordPress locale; `sv_SE` where left out.
    pub locale: Option<String>,
    /// Release by name; the newest stable one where left out.
    pub release: Option<String>,
    /// `production`, `staging` or `trial`; `production` where left out.
    pub environment: Option<String>,
    /// `single`, `sub-directory` or `sub-domain`; `sub-directory` where left out.
    pub network: Option<String>,
    /// Memory in MiB.
    pub memory_mib: Option<u32>,
    /// Processor time in thousandths of a core.
    pub cpu_milli: Option<u32>,
    /// Processes.
    pub pids: Option<u32>,
}

/// A request whose every field is good in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Short name.
    pub slug: Slug,
    /// Official name.
    pub name: String,
    /// Code.
    pub code: Option<Code>,
    /// Host name of the main site.
    pub domain: Domain,
    /// The administrator's address.
    pub admin_email: Email,
    /// The administrator's log-in name.
    pub admin_login: String,
    /// WordPress locale.
    pub locale: String,
    /// Release by name, where one was asked for.
    pub release: Option<String>,
    /// What the instance is for.
    pub environment: Environment,
    /// How its sites are laid out.
    pub network: NetworkKind,
    /// What it may use.
    pub limits: Limits,
}

impl Request {
    /// Checks every field; `defaults` are the fleet's limits.
    ///
    /// # Errors
    /// Every mistake at once, each naming its field and the fix.
    pub fn wish(&self, defaults: Limits) -> Result<Wish, Vec<FieldError>> {
        let mut errors = Vec::new();
        let slug = keep(&mut errors, self.slug.trim().parse::<Slug>());
        let code = given(self.code.as_deref()).and_then(|code| keep(&mut errors, code.parse::<Code>()));
        let official = code.as_ref().and_then(|code| known::by_code(code.as_str())).map(|known| known.name);
        let name = match (given(self.name.as_deref()), official) {
            (Some(name), _) => keep(&mut errors, municipality::official_name(name)),
            (None, Some(official)) => Some(official.to_owned()),
            (None, None) => {
                errors.push(FieldError::new(
                    "name",
                    "missing-name",
                    "the official name is missing",
                    "give a name, or a code from which it follows",
                ));
                None
            }
        };
        let domain = keep(&mut errors, self.domain.parse::<Domain>());
        let admin_email = keep(&mut errors, self.admin_email.parse::<Email>().map_err(|e| e.at("admin_email")));
        let admin_login = match given(self.admin_login.as_deref()) {
            Some(login) => keep(&mut errors, login_name(login)),
            None => Some(format!("admin-{}", self.slug.trim())),
        };
        let locale = keep(&mut errors, instance::locale(given(self.locale.as_deref()).unwrap_or("sv_SE")));
        let release = given(self.release.as_deref()).and_then(|name| keep(&mut errors, crate::fleet::release::release_name(name)));
        let environment = keep(&mut errors, given(self.environment.as_deref()).map_or(Ok(Environment::default()), str::parse));
        let network = keep(&mut errors, given(self.network.as_deref()).map_or(Ok(NetworkKind::default()), str::parse));
        let limits = Limits {
            memory_mib: self.memory_mib.unwrap_or(defaults.memory_mib),
            cpu_milli: self.cpu_milli.unwrap_or(defaults.cpu_milli),
            pids: self.pids.unwrap_or(defaults.pids),
        };
        let limits = limits.check().map_err(|mut wrong| errors.append(&mut wrong)).ok();
        match (slug, name, domain, admin_email, admin_login, locale, environment, network, limits) {
            (
                Some(slug),
                Some(name),
                Some(domain),
                Some(admin_email),
                Some(admin_login),
                Some(locale),
                Some(environment),
                Some(network),
                Some(limits),
            ) if errors.is_empty() => {
                Ok(Wish { slug, name, code, domain, admin_email, admin_login, locale, release, environment, network, limits })
            }
            _ => Err(errors),
        }
    }
}

fn keep<T>(errors: &mut Vec<FieldError>, result: Result<T, FieldError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// WordPress networks allow only small letters and digits in log-in names; hyphens are kept by its database all the same.
fn login_name(text: &str) -> Result<String, FieldError> {
    let good = (3..=60).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.as_bytes()[0].is_ascii_lowercase();
    if good {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        "admin_login",
        "invalid-login",
        format!("`{}` cannot be a log-in name", text.escape_debug()),
        "use 3 to 60 of a–z, 0–9 and hyphens, starting with a letter",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn good() -> Request {
        Request {
            slug: "helsingborg".into(),
            code: Some("1283".into()),
            domain: "helsingborg.localhost".into(),
            admin_email: "webb@helsingborg.se".into(),
            ..Request::default()
        }
    }

    #[test]
    fn the_least_that_must_be_given_is_enough() {
        let wish = good().wish(Limits::default()).unwrap();
        assert_eq!(wish.name, "Helsingborgs kommun");
        assert_eq!((wish.environment, wish.network, wish.locale.as_str()), (Environment::Production, NetworkKind::SubDirectory, "sv_SE"));
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_field() {
        let bad = Request {
            slug: "X".into(),
            domain: "http://x".into(),
            admin_email: "x".into(),
            code: Some("9".into()),
            network: Some("mesh".into()),
            memory_mib: Some(1),
            ..Request::default()
        };
        let fields: Vec<_> = bad.wish(Limits::default()).unwrap_err().into_iter().map(|e| e.field).collect();
        for field in ["slug", "domain", "admin_email", "code", "name", "network", "memory_mib"] {
            assert!(fields.iter().any(|f| f == field), "{field} not in {fields:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_text_makes_it_panic_and_what_is_accepted_is_safe_in_names(slug in ".{0,40}", domain in ".{0,60}", email in ".{0,60}", login in ".{0,70}") {
            let request = Request { slug, domain, admin_email: email, admin_login: Some(login), ..good() };
            if let Ok(wish) = request.wish(Limits::default()) {
                prop_assert!(wish.slug.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                let quoting = ['\'', '"', '\\', '\n', ' ', '`', '{'];
                prop_assert!(wish.domain.as_str().is_ascii() && !wish.domain.as_str().contains(quoting));
                prop_assert!(!wish.admin_login.contains(quoting));
            }
        }
    }
}
