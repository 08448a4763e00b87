// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! WordPress inside an instance: pages as a visitor sees them, and the agent by signed requests.

use std::{collections::BTreeMap, net::Ipv4Addr};

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{Domain, facts::Facts},
};

pub mod agent;
mod html;
mod report;
mod signature;
pub mod simulated;

pub use html::complaint;

/// How to reach one instance.
#[derive(Clone, Debug)]
pub struct Site {
    /// The container's address.
    pub address: Ipv4Addr,
    /// The container's port.
    pub port: u16,
    /// The public host name.
    pub domain: Domain,
    /// The public HTTPS port; other than 443 it is part of the site's address.
    pub https_port: u16,
}

impl Site {
    /// `host` or `host:port`, as browsers send it.
    #[must_use]
    pub fn host(&self) -> String {
        site_host(&self.domain, self.https_port)
    }
}

/// `host` or, where the port is not 443, `host:port`.
#[must_use]
pub fn site_host(domain: &Domain, https_port: u16) -> String {
    if https_port == 443 { domain.to_string() } else { format!("{domain}:{https_port}") }
}

/// What a page gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// The `Location` header, where there is one.
    pub location: Option<String>,
    /// The text of `<title>`, at most 200 characters.
    pub title: String,
    /// The `lang` of `<html>`.
    pub language: String,
    /// Whether the text holds a PHP error or the database error page.
    pub broken: bool,
    /// Time until the last byte, in milliseconds.
    pub milliseconds: u64,
}

/// What the agent's verb `ready` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether WordPress is installed in the schema.
    pub installed: bool,
    /// Version of the schema in the database.
    #[serde(default)]
    pub db_version: Option<i64>,
    /// Version of the schema that the code wants.
    #[serde(default, alias = "code_db_version")]
    pub wanted_db_version: Option<i64>,
    /// Number of sites.
    #[serde(default, alias = "blogs")]
    pub sites: Option<u64>,
}

/// One site of an instance, as its own tables tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blog {
    /// WordPress's number.
    pub id: u64,
    /// Its host name, with the port where it is not 443.
    pub domain: String,
    /// Its path, with slashes at both ends.
    pub path: String,
    /// Whether visitors are kept away from it.
    #[serde(default)]
    pub archived: bool,
    /// Whether it waits for deletion.
    #[serde(default)]
    pub deleted: bool,
    /// Version of its tables.
    pub db_version: i64,
    /// Options that look like a version of a theme's or plugin's data.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// Locks that a migration holds now.
    #[serde(default)]
    pub locks: Vec<String>,
}

impl Blog {
    /// How to reach it in the same container.
    ///
    /// # Errors
    /// When its host is no host name.
    pub fn site(&self, of: &Site) -> Result<Site> {
        let host = self.domain.split(':').next().unwrap_or_default();
        let domain = host.parse::<Domain>().map_err(|e| Error::outside("wordpress", OutsideKind::Failed, e.to_string()))?;
        Ok(Site { domain, ..of.clone() })
    }
}

/// How an instance is inside, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// Changes when the instance's facts do.
    pub mark: String,
    /// Its sites.
    pub blogs: Vec<Beat>,
}

/// A site of an instance, and its jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// The site.
    #[serde(flatten)]
    pub blog: Blog,
    /// When its next job is due, in seconds since 1970; none where it has none.
    #[serde(default)]
    pub next: Option<i64>,
    /// For how many seconds its oldest job has waited.
    #[serde(default)]
    pub overdue: u64,
}

/// What running a site's jobs gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// How many were run.
    pub ran: u32,
    /// How many of them ended with an error.
    #[serde(default)]
    pub failed: u32,
    /// Whether somebody else is running them.
    #[serde(default)]
    pub busy: bool,
    /// As in [`Beat`].
    #[serde(default)]
    pub next: Option<i64>,
    /// As in [`Beat`].
    #[serde(default)]
    pub overdue: u64,
}

/// Pages of one site that stand for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The pages, the most telling first.
    pub pages: Vec<Chosen>,
    /// Those of the paths asked about that lead to nothing any more.
    #[serde(default)]
    pub gone: Vec<String>,
}

/// One such page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// What it stands for, as in [`crate::fleet::evidence::Sampled`].
    pub kind: String,
    /// Its path and query.
    pub path: String,
}

/// A page with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What it says of itself.
    pub page: Page,
    /// Its body, at most 2 MiB.
    pub body: String,
}

/// A single-use link for setting a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// The link. A secret: shown once, never logged or stored.
    pub url: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
}

/// Talks to WordPress in an instance. Every call has a time-out. Errors name the system "wordpress".
#[async_trait]
pub trait Wordpress: Send + Sync + 'static {
    /// Fetches a page straight from the container, as the gateway would ask for it.
    async fn page(&self, site: &Site, path: &str) -> Result<Page>;
    /// Fetches a page through the gateway as a visitor would (its local certificate is accepted).
    async fn public_page(&self, domain: &Domain, path: &str) -> Result<Page>;
    /// Asks the agent whether the instance is ready. WordPress that is not installed yet is an answer; a database that does not
    /// answer is an error.
    async fn ready(&self, site: &Site, key: &SecretString) -> Result<Readiness>;
    /// Asks the agent for facts.
    async fn facts(&self, site: &Site, key: &SecretString) -> Result<serde_json::Value>;
    /// As [`Self::page`], with the page's text.
    async fn fetch(&self, site: &Site, path: &str) -> Result<Fetched>;
    /// Asks the agent for every site, archived ones too.
    async fn blogs(&self, site: &Site, key: &SecretString) -> Result<Vec<Blog>>;
    /// Asks the agent how the instance is inside, in short.
    async fn pulse(&self, site: &Site, key: &SecretString) -> Result<Pulse>;
    /// Asks the agent for everything that is known of the instance and its sites, cut to size.
    async fn report(&self, site: &Site, key: &SecretString) -> Result<Facts>;
    /// Has the agent run the jobs of one site that are due. May take a minute.
    async fn run_jobs(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<Ran>;
    /// Asks the agent of one site for at most `pages` pages that stand for all of it, and which of the `kept` paths lead to no
    /// content any more.
    async fn sample(&self, site: &Site, key: &SecretString, blog: &Blog, pages: u32, kept: &[String]) -> Result<Choice>;
    /// Has the agent bring one site's tables to the version that the code wants, which it gives. May take minutes.
    async fn upgrade(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<i64>;
    /// Asks the agent for a link with which this user sets a password.
    async fn invite(&self, site: &Site, key: &SecretString, login: &str) -> Result<Invitation>;
}
