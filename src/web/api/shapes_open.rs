// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may read: municipalities that opened their status page, and their incidents as a feed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::{
    fleet::status::{Place, Public, Status, Told},
    store::status_pages::Opened,
    web::view::Language,
};

/// The directory. A later version of Flotta may add fields; it never changes or takes away what one means.
#[derive(Debug, Serialize, ToSchema)]
pub struct Directory {
    /// 1.
    pub version: u32,
    /// Until when somebody watched, to the minute; null where nobody has yet.
    pub as_of: Option<Timestamp>,
    /// Whether that is too long ago to be believed.
    pub is_old: bool,
    /// Municipalities that opened their status page, by slug.
    pub municipalities: Vec<OpenMunicipality>,
}

/// One municipality.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenMunicipality {
    /// Its short name.
    pub slug: String,
    /// Its official name.
    pub name: String,
    /// Its four-digit code from Statistics Sweden, where it has one.
    pub code: Option<String>,
    /// How it is: `well`, `slow`, `disturbed`, `partly`, `down` or `unknown`.
    pub status: String,
    /// Its status page.
    pub status_page: String,
    /// A picture of its status, for other sites.
    pub badge: String,
    /// Its incidents, as JSON Feed.
    pub feed: String,
    /// Sites of its WordPress.
    pub sites: Vec<OpenPlace>,
    /// Other addresses: portals, e-services.
    pub services: Vec<OpenPlace>,
    /// What touches it now, newest first.
    pub incidents: Vec<OpenIncident>,
    /// Maintenance that goes on or is planned, the next first.
    pub maintenance: Vec<OpenWindow>,
}

/// A time in which sites may be away, as planned.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenWindow {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A site or service.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenPlace {
    /// Its address.
    pub url: String,
    /// Its name for people, where it has one.
    pub name: Option<String>,
    /// How it is: `ok`, `slow`, `suspect` (being looked at), `flapping` (up and down), `down` or `unknown`.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// An incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenIncident {
    /// Its id, for this municipality only.
    pub id: String,
    /// What is to blame, as a word: `check` (the site itself), `instance`, `database-server`, `gateway` and others.
    pub cause: String,
    /// What visitors notice: `silent`, `name`, `insecure`, `broken` or `work`.
    pub symptom: Option<String>,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// When it was over; null while it is open.
    pub resolved_at: Option<Timestamp>,
    /// The municipality's addresses that it touches, at most 50.
    pub addresses: Vec<String>,
}

/// Incidents as JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).
#[derive(Debug, Serialize, ToSchema)]
pub struct Feed {
    /// `https://jsonfeed.org/version/1.1`.
    pub version: String,
    /// Its name.
    pub title: String,
    /// The page that shows the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_page_url: Option<String>,
    /// Its own address.
    pub feed_url: String,
    /// `sv` or `en`.
    pub language: String,
    /// Incidents of the last 14 days and those that are open, newest first.
    pub items: Vec<FeedItem>,
}

/// One incident in a feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedItem {
    /// Its id: an address.
    pub id: String,
    /// Where it is shown.
    pub url: String,
    /// In one sentence.
    pub title: String,
    /// What it touches.
    pub content_text: String,
    /// When it was confirmed.
    pub date_published: Timestamp,
    /// When it was over, or the same as the beginning.
    pub date_modified: Timestamp,
    /// The municipality's slug, and `open` or `over`.
    pub tags: Vec<String>,
}

/// Whether a municipality's status page is open.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusPage {
    /// The municipality's slug.
    pub municipality: String,
    /// Whether anybody may see it.
    pub open: bool,
    /// Who opened it.
    pub opened_by: Option<String>,
    /// When.
    pub opened_at: Option<Timestamp>,
    /// Its address.
    pub url: String,
    /// Address of a picture of its status, for other sites.
    pub badge: String,
    /// HTML that shows the picture with a link to the page.
    pub snippet: String,
}

/// Opens or closes a status page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusPageWanted {
    /// Whether anybody may see it.
    pub open: bool,
}

/// An address of this control plane.
#[must_use]
pub fn address(base: &Url, path: &str) -> String {
    base.join(path).map_or_else(|_| path.to_owned(), String::from)
}

/// Addresses of a municipality's page and badge, and HTML with both.
#[must_use]
pub fn addresses(base: &Url, slug: &str, language: Language) -> (String, String, String) {
    let page = address(base, &format!("/status/{slug}"));
    let badge = format!("{page}/badge.svg");
    let alt = language.plain("status-heading");
    let snippet = format!(r#"<a href="{page}"><img src="{badge}" alt="{alt}" height="24"></a>"#);
    (page, badge, snippet)
}

/// A status page, for those who open and close it.
#[must_use]
pub fn status_page(base: &Url, slug: &str, opened: Option<Opened>) -> StatusPage {
    let (url, badge, snippet) = addresses(base, slug, Language::Sv);
    let (opened_by, opened_at) = opened.map(|o| (o.by, o.at)).unzip();
    StatusPage { municipality: slug.to_owned(), open: opened_at.is_some(), opened_by, opened_at, url, badge, snippet }
}

/// The directory.
#[must_use]
pub fn directory(base: &Url, public: &Public, is_old: bool) -> Directory {
    let municipalities = public.all.values().map(|status| municipality(base, status)).collect();
    Directory { version: 1, as_of: public.minute(), is_old, municipalities }
}

fn municipality(base: &Url, status: &Status) -> OpenMunicipality {
    let (status_page, badge, _) = addresses(base, status.slug.as_str(), Language::Sv);
    let places = |sites: bool| status.places.iter().filter(|place| place.is_site == sites).map(place).collect();
    OpenMunicipality {
        slug: status.slug.to_string(),
        name: status.name.clone(),
        code: status.code.clone(),
        status: status.verdict().to_string(),
        feed: address(base, &format!("/open/v1/municipalities/{}/feed.json", status.slug)),
        status_page,
        badge,
        sites: places(true),
        services: places(false),
        incidents: status.incidents.iter().filter(|told| told.resolved_at.is_none()).map(incident).collect(),
        maintenance: status.windows.iter().map(|window| OpenWindow { from: window.from, until: window.until }).collect(),
    }
}

fn place(place: &Place) -> OpenPlace {
    OpenPlace {
        url: format!("https://{}", place.address),
        name: Some(place.label.clone()).filter(|label| !label.is_empty()),
        state: place.health.to_string(),
        since: place.since,
    }
}

fn incident(told: &Told) -> OpenIncident {
    OpenIncident {
        id: told.key.clone(),
        cause: told.cause.to_string(),
        symptom: told.symptom.map(|symptom| symptom.to_string()),
        opened_at: told.opened_at,
        resolved_at: told.resolved_at,
        addresses: told.addresses.clone(),
    }
}

/// The feed of these municipalities, or of one.
#[must_use]
pub fn feed<'a>(base: &Url, path: &str, language: Language, of: Option<&Status>, all: impl Iterator<Item = &'a Status>) -> Feed {
    let item = |status: &Status, told: &Told| {
        let url = address(base, &format!("/status/{}?lang={language}#i-{}", status.slug, told.key));
        let id = address(base, &format!("/status/{}#i-{}", status.slug, told.key));
        let word = |kind: &str, value: &str| language.plain(&format!("{kind}-{value}"));
        let what = told.symptom.map(|symptom| format!(": {}", word("status-symptom", &symptom.to_string()))).unwrap_or_default();
        FeedItem {
            id,
            url,
            title: format!("{} – {}{what}", status.name, word("status-cause", &told.cause.to_string())),
            content_text: if told.addresses.is_empty() { language.plain("status-touches-all") } else { told.addresses.join(", ") },
            date_published: told.opened_at,
            date_modified: told.resolved_at.unwrap_or(told.opened_at),
            tags: vec![status.slug.to_string(), if told.resolved_at.is_some() { "over" } else { "open" }.to_owned()],
        }
    };
    let mut items: Vec<FeedItem> = all.flat_map(|status| status.incidents.iter().map(move |told| item(status, told))).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.date_published));
    items.truncate(500);
    let heading = language.plain("status-heading");
    Feed {
        version: "https://jsonfeed.org/version/1.1".to_owned(),
        title: of.map_or_else(|| heading.clone(), |status| format!("{} – {heading}", status.name)),
        home_page_url: of.map(|status| address(base, &format!("/status/{}?lang={language}", status.slug))),
        feed_url: address(base, &format!("{path}?lang={language}")),
        language: language.to_string(),
        items,
    }
}
