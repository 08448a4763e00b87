// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the watcher holds of a check: less than the store does, since it holds all of them at all times.

use std::sync::Arc;

use crate::fleet::{
    Check, InstanceId, MunicipalityId,
    outside::{Expects, Subject},
};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The check's number.
    pub number: u32,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// The instance that serves it; none for an address that is somewhere else.
    pub instance: Option<InstanceId>,
    /// WordPress's number of the site; none for an address that is somewhere else.
    pub blog: Option<u64>,
    /// How it is asked; none for a site, which the gateway serves.
    pub expects: Option<Box<Expects>>,
    /// Its address for people, and how much of it is the host.
    address: Arc<str>,
    host: usize,
}

impl From<Check> for Target {
    fn from(check: Check) -> Self {
        Self {
            number: check.number,
            municipality: check.municipality,
            instance: check.instance,
            blog: check.blog,
            address: check.address().into(),
            host: check.host.len(),
            expects: check.expects.map(Box::new),
        }
    }
}

impl Target {
    /// Its address for people, without the scheme.
    #[must_use]
    pub fn address(&self) -> &Arc<str> {
        &self.address
    }

    /// Its host, with the port where it is not the scheme's.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.address[..self.host]
    }

    /// Its path, beginning with a slash.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = &self.address[self.host..];
        if path.is_empty() { "/" } else { path }
    }

    /// What there is to look at from outside.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let plain = self.expects.as_ref().is_some_and(|expects| expects.plain);
        Subject { host: self.host().to_owned(), path: self.path().to_owned(), plain, ours: self.blog.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::fleet::health::Health;

    #[test]
    fn it_is_asked_as_the_check_is() {
        let check = |host: &str, path: &str, expects: Option<Expects>| Check {
            number: 7,
            municipality: MunicipalityId::generate(),
            slug: "ale".parse().unwrap(),
            instance: None,
            blog: expects.is_none().then_some(3),
            host: host.to_owned(),
            path: path.to_owned(),
            label: "Portal".to_owned(),
            expects,
            health: Health::Ok,
            failure: None,
            since: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        let plain = Expects { plain: true, ..Expects::default() };
        for one in [check("ale.se", "/", None), check("ale.se:8443", "/skola/", None), check("e.ale.se", "/logga-in", Some(plain))] {
            let target = Target::from(one.clone());
            assert_eq!((target.host(), target.path()), (one.host.as_str(), one.path.as_str()));
            assert_eq!((&**target.address(), target.subject()), (one.address().as_str(), one.subject()));
        }
    }
}
