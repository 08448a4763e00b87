// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every route on one page: method, path, who may call it, and under which name a change is written to the audit log.
//!
//! A test walks this table with every role, another compares it with the OpenAPI document. To add a route, add a line.

use std::{collections::BTreeMap, rc::Rc};

use actix_web::{
    HttpRequest, HttpResponse, Route, guard as actix_guard,
    http::{Method, header},
    middleware,
    web::{self, ServiceConfig, to},
};

use super::{
    api::{
        account, addresses, advisories, audit, checks, events, findings, health, health_events, history, incidents, inventory, known,
        municipalities, open, operations, outside, overlays, platform, policy, receivers, rehearsals, releases, rollouts, session,
        silences, status_page, tokens, users,
    },
    guard, pages, problem,
};
use crate::fleet::access::Permission;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody, without the store being asked who it is: these answers are given while it is busy. Each address has its measure.
    Open,
    /// Only from this host itself, by the loopback address.
    Local,
    /// From this host itself anybody; from elsewhere whoever may do this with the whole fleet.
    LocalOr(Permission),
    /// Whoever may do this; municipalities outside of the caller's scope are answered with 404.
    May(Permission),
    /// Whoever may do this and sees the whole fleet.
    Fleet(Permission),
}

/// What a repeat with the same `Idempotency-Key` gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing is changed by the request, or doing it twice is the same as doing it once.
    Harmless,
    /// The operation that the first one started.
    Operation,
    /// The first one's answer, without the secrets in it.
    Answer,
}

/// One route.
#[derive(Clone)]
pub struct Entry {
    /// Method.
    pub method: Method,
    /// Path, with `{…}` for its parts.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Its name in the audit log; every route that changes something has one.
    pub action: Option<&'static str>,
    /// What a repeat gives.
    pub repeat: Repeat,
    /// Whether the body is too long to be read before the handler, which reads it by itself.
    pub long_body: bool,
    handler: fn() -> Route,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.access)
    }
}

fn get(path: &'static str, access: Access, handler: fn() -> Route) -> Entry {
    Entry { method: Method::GET, path, access, action: None, repeat: Repeat::Harmless, long_body: false, handler }
}

fn post(path: &'static str, access: Access, action: &'static str, repeat: Repeat, handler: fn() -> Route) -> Entry {
    Entry { method: Method::POST, path, access, action: Some(action), repeat, long_body: false, handler }
}

/// A POST that changes nothing: it asks a question too long for an address.
fn ask(path: &'static str, access: Access, handler: fn() -> Route) -> Entry {
    Entry { method: Method::POST, action: None, ..get(path, access, handler) }
}

/// A POST whose body its handler reads piece by piece. Doing it twice must be the same as doing it once.
fn upload(path: &'static str, access: Access, action: &'static str, handler: fn() -> Route) -> Entry {
    Entry { long_body: true, ..post(path, access, action, Repeat::Harmless, handler) }
}

fn patch(path: &'static str, access: Access, action: &'static str, handler: fn() -> Route) -> Entry {
    Entry { method: Method::PATCH, action: Some(action), ..get(path, access, handler) }
}

fn put(path: &'static str, access: Access, action: &'static str, handler: fn() -> Route) -> Entry {
    Entry { method: Method::PUT, action: Some(action), ..get(path, access, handler) }
}

fn delete(path: &'static str, access: Access, action: &'static str, handler: fn() -> Route) -> Entry {
    Entry { method: Method::DELETE, action: Some(action), ..get(path, access, handler) }
}

/// Every route. Of two that match, the first wins.
#[must_use]
#[rustfmt::skip] // one line each
pub fn table() -> Vec<Entry> {
    use Access::{Fleet, Local, LocalOr, May, Open, Public};
    use Permission::{
        InviteAdministrator, ManageAddresses, ManageIncidents, ManageMunicipalities, ManageReleases, ManageRollouts, ManageUsers, OwnAccount, PostponeUpdates, PublishStatus, ReadAudit, ReadFleet, ReadUsers,
    };
    use Repeat::{Answer, Harmless, Operation};
    vec![
        // Machines
        get("/healthz", Public, || to(health::alive)),
        get("/readyz", Public, || to(health::ready)),
        get("/metrics", LocalOr(ReadFleet), || to(health::metrics)),
        get("/internal/tls-ask", Local, || to(health::tls_ask)),

        // API
        get("/api/v1/openapi.json", Public, || to(super::api::openapi)),
        post("/api/v1/session", Public, "session.create", Harmless, || to(session::create)),
        delete("/api/v1/session", May(OwnAccount), "session.end", || to(session::end)),
        get("/api/v1/account", May(OwnAccount), || to(account::show)),
        patch("/api/v1/account", May(OwnAccount), "account.change", || to(account::change)),
        get("/api/v1/municipalities", May(ReadFleet), || to(municipalities::list)),
        post("/api/v1/municipalities", Fleet(ManageMunicipalities), "municipality.onboard", Operation, || to(municipalities::onboard)),
        ask("/api/v1/municipalities/preview", Fleet(ManageMunicipalities), || to(municipalities::preview)),
        get("/api/v1/municipalities/{slug}", May(ReadFleet), || to(municipalities::show)),
        get("/api/v1/municipalities/{slug}/backups", May(ReadFleet), || to(municipalities::backups)),
        post("/api/v1/municipalities/{slug}/suspend", May(ManageMunicipalities), "municipality.suspend", Operation, || to(municipalities::suspend)),
        post("/api/v1/municipalities/{slug}/resume", May(ManageMunicipalities), "municipality.resume", Operation, || to(municipalities::resume)),
        post("/api/v1/municipalities/{slug}/offboard", May(ManageMunicipalities), "municipality.offboard", Operation, || to(municipalities::offboard)),
        post("/api/v1/municipalities/{slug}/invitation", May(InviteAdministrator), "municipality.invite", Answer, || to(municipalities::invite)),
        post("/api/v1/municipalities/{slug}/rehearsals", May(ManageMunicipalities), "municipality.rehearse", Operation, || to(rehearsals::start)),
        get("/api/v1/municipalities/{slug}/overlay", May(ReadFleet), || to(overlays::show)),
        upload("/api/v1/municipalities/{slug}/overlay", May(ManageReleases), "overlay.add", || to(overlays::add)),
        get("/api/v1/municipalities/{slug}/overlay/versions", May(ReadFleet), || to(overlays::versions)),
        post("/api/v1/municipalities/{slug}/overlay/remove", May(ManageReleases), "overlay.remove", Answer, || to(overlays::remove)),
        post("/api/v1/municipalities/{slug}/overlay/restore", May(ManageReleases), "overlay.restore", Answer, || to(overlays::restore)),
        post("/api/v1/municipalities/{slug}/overlay/apply", May(ManageRollouts), "overlay.apply", Operation, || to(overlays::apply)),
        get("/api/v1/municipalities/{slug}/policy", May(ReadFleet), || to(policy::show)),
        put("/api/v1/municipalities/{slug}/policy", May(PostponeUpdates), "municipality.policy", || to(policy::decide)),
        get("/api/v1/operations", May(ReadFleet), || to(operations::list)),
        get("/api/v1/operations/{id}", May(ReadFleet), || to(operations::show)),
        get("/api/v1/operations/{id}/events", May(ReadFleet), || to(events::stream)),
        post("/api/v1/operations/{id}/retry", May(ManageMunicipalities), "operation.retry", Answer, || to(operations::retry)),
        get("/api/v1/operations/{id}/evidence", May(ReadFleet), || to(rehearsals::show)),
        get("/api/v1/operations/{id}/evidence/{file}", May(ReadFleet), || to(rehearsals::file)),
        get("/api/v1/releases", May(ReadFleet), || to(releases::list)),
        post("/api/v1/releases", May(ManageReleases), "release.register", Answer, || to(releases::register)),
        upload("/api/v1/releases/build", May(ManageReleases), "release.build", || to(super::api::build::build)),
        get("/api/v1/releases/{name}", May(ReadFleet), || to(releases::show)),
        delete("/api/v1/releases/{name}", May(ManageReleases), "release.delete", || to(releases::delete)),
        get("/api/v1/releases/{name}/inventory", May(ReadFleet), || to(releases::inventory)),
        get("/api/v1/releases/{name}/difference", May(ReadFleet), || to(releases::difference)),
        post("/api/v1/releases/{name}/promote", May(ManageReleases), "release.promote", Answer, || to(releases::promote)),
        post("/api/v1/releases/{name}/retire", May(ManageReleases), "release.retire", Answer, || to(releases::retire)),
        get("/api/v1/rollouts", May(ReadFleet), || to(rollouts::list)),
        post("/api/v1/rollouts", May(ManageRollouts), "rollout.start", Answer, || to(rollouts::start)),
        ask("/api/v1/rollouts/plan", May(ManageRollouts), || to(rollouts::plan)),
        get("/api/v1/rollouts/{id}", May(ReadFleet), || to(rollouts::show)),
        get("/api/v1/rollouts/{id}/events", May(ReadFleet), || to(rollouts::events)),
        post("/api/v1/rollouts/{id}/pause", May(ManageRollouts), "rollout.pause", Answer, || to(rollouts::pause)),
        post("/api/v1/rollouts/{id}/resume", May(ManageRollouts), "rollout.resume", Answer, || to(rollouts::resume)),
        post("/api/v1/rollouts/{id}/halt", May(ManageRollouts), "rollout.halt", Answer, || to(rollouts::halt)),
        post("/api/v1/rollouts/{id}/revert", May(ManageRollouts), "rollout.revert", Answer, || to(rollouts::revert)),
        get("/api/v1/rollouts/{id}/members/{slug}", May(ReadFleet), || to(rollouts::member)),
        post("/api/v1/rollouts/{id}/members/{slug}/approve", May(ManageRollouts), "rollout.approve", Answer, || to(rollouts::approve)),
        post("/api/v1/rollouts/{id}/members/{slug}/skip", May(ManageRollouts), "rollout.skip", Answer, || to(rollouts::skip)),
        post("/api/v1/rollouts/{id}/members/{slug}/retry", May(ManageRollouts), "rollout.retry", Answer, || to(rollouts::retry)),
        get("/api/v1/municipalities/{slug}/status-page", May(ReadFleet), || to(status_page::show)),
        put("/api/v1/municipalities/{slug}/status-page", May(PublishStatus), "municipality.status-page", || to(status_page::decide)),
        get("/api/v1/health", May(ReadFleet), || to(checks::board)),
        get("/api/v1/health/events", May(ReadFleet), || to(health_events::stream)),
        get("/api/v1/checks", May(ReadFleet), || to(checks::list)),
        get("/api/v1/checks/{number}", May(ReadFleet), || to(checks::show)),
        get("/api/v1/checks/{number}/outside", May(ReadFleet), || to(outside::show)),
        get("/api/v1/municipalities/{slug}/addresses", May(ReadFleet), || to(addresses::list)),
        post("/api/v1/municipalities/{slug}/addresses", May(ManageAddresses), "address.add", Answer, || to(addresses::add)),
        delete("/api/v1/municipalities/{slug}/addresses/{number}", May(ManageAddresses), "address.remove", || to(addresses::remove)),
        post("/api/v1/municipalities/{slug}/look", May(ManageAddresses), "check.look", Answer, || to(outside::look)),
        get("/api/v1/certificates", May(ReadFleet), || to(outside::certificates)),
        get("/api/v1/checks/{number}/history", May(ReadFleet), || to(history::show)),
        get("/api/v1/municipalities/{slug}/objective", May(ReadFleet), || to(history::show_objective)),
        put("/api/v1/municipalities/{slug}/objective", May(ManageIncidents), "municipality.objective", || to(history::decide_objective)),
        get("/api/v1/municipalities/{slug}/report", May(ReadFleet), || to(history::show_report)),
        get("/api/v1/municipalities/{slug}/report.csv", May(ReadFleet), || to(history::report_csv)),
        get("/api/v1/incidents", May(ReadFleet), || to(incidents::list)),
        get("/api/v1/incidents/{id}", May(ReadFleet), || to(incidents::show)),
        post("/api/v1/incidents/{id}/acknowledge", May(ManageIncidents), "incident.acknowledge", Answer, || to(incidents::acknowledge)),
        get("/api/v1/municipalities/{slug}/facts", May(ReadFleet), || to(findings::facts)),
        get("/api/v1/findings", May(ReadFleet), || to(findings::list)),
        get("/api/v1/findings/{id}", May(ReadFleet), || to(findings::show)),
        post("/api/v1/findings/{id}/mute", May(ManageIncidents), "finding.mute", Answer, || to(findings::mute)),
        post("/api/v1/findings/{id}/unmute", May(ManageIncidents), "finding.unmute", Answer, || to(findings::unmute)),
        get("/api/v1/advisories", May(ReadFleet), || to(advisories::list)),
        upload("/api/v1/advisories", Fleet(ManageIncidents), "advisory.import", || to(advisories::import)),
        get("/api/v1/inventory", May(ReadFleet), || to(inventory::versions)),
        get("/api/v1/inventory/errors", May(ReadFleet), || to(inventory::errors)),
        get("/api/v1/inventory/growth", May(ReadFleet), || to(inventory::growth)),
        get("/api/v1/receivers", May(ReadFleet), || to(receivers::list)),
        post("/api/v1/receivers", May(ManageIncidents), "receiver.add", Answer, || to(receivers::add)),
        get("/api/v1/receivers/{id}", May(ReadFleet), || to(receivers::show)),
        delete("/api/v1/receivers/{id}", May(ManageIncidents), "receiver.remove", || to(receivers::remove)),
        get("/api/v1/receivers/{id}/notices", May(ReadFleet), || to(receivers::log)),
        post("/api/v1/receivers/{id}/test", May(ManageIncidents), "receiver.test", Answer, || to(receivers::test)),
        post("/api/v1/receivers/{id}/key", May(ManageIncidents), "receiver.key", Answer, || to(receivers::rotate)),
        get("/api/v1/silences", May(ReadFleet), || to(silences::list)),
        post("/api/v1/silences", May(ManageIncidents), "silence.add", Answer, || to(silences::add)),
        post("/api/v1/silences/{id}/end", May(ManageIncidents), "silence.end", Answer, || to(silences::end)),
        get("/api/v1/known-municipalities", May(ReadFleet), || to(known::search)),
        get("/api/v1/platform", Fleet(ReadFleet), || to(platform::show)),
        get("/api/v1/users", May(ReadUsers), || to(users::list)),
        post("/api/v1/users", May(ManageUsers), "user.create", Answer, || to(users::create)),
        get("/api/v1/users/{id}", May(ReadUsers), || to(users::show)),
        patch("/api/v1/users/{id}", May(ManageUsers), "user.change", || to(users::change)),
        post("/api/v1/users/{id}/password", May(ManageUsers), "user.password", Answer, || to(users::password)),
        get("/api/v1/tokens", May(OwnAccount), || to(tokens::list)),
        post("/api/v1/tokens", May(OwnAccount), "token.create", Answer, || to(tokens::create)),
        delete("/api/v1/tokens/{id}", May(OwnAccount), "token.revoke", || to(tokens::revoke)),
        get("/api/v1/audit", Fleet(ReadAudit), || to(audit::list)),

        // Open to anybody
        get("/open/v1/directory.json", Open, || to(open::directory)),
        get("/open/v1/feed.json", Open, || to(open::feed)),
        get("/open/v1/municipalities/{slug}/feed.json", Open, || to(open::feed_of)),
        get("/status/{slug}", Open, || to(pages::status::show)),
        get("/status/{slug}/badge.svg", Open, || to(pages::status::badge)),

        // Pages
        get("/assets/{file}", Public, || to(pages::assets::show)),
        get("/login", Public, || to(pages::session::form)),
        post("/login", Public, "session.create", Harmless, || to(pages::session::log_in)),
        ask("/language", Public, || to(pages::preference::language)),
        ask("/theme", Public, || to(pages::preference::theme)),
        post("/logout", May(OwnAccount), "session.end", Harmless, || to(pages::session::log_out)),
        get("/", May(ReadFleet), || to(pages::fleet::overview)),
        get("/municipalities/new", Fleet(ManageMunicipalities), || to(pages::onboard::form)),
        post("/municipalities/new", Fleet(ManageMunicipalities), "municipality.onboard", Operation, || to(pages::onboard::send)),
        get("/municipalities/new/domain", Fleet(ManageMunicipalities), || to(pages::onboard::domain_check)),
        get("/municipalities/{slug}", May(ReadFleet), || to(pages::municipality::show)),
        post("/municipalities/{slug}/suspend", May(ManageMunicipalities), "municipality.suspend", Operation, || to(pages::municipality::suspend)),
        post("/municipalities/{slug}/resume", May(ManageMunicipalities), "municipality.resume", Operation, || to(pages::municipality::resume)),
        post("/municipalities/{slug}/invite", May(InviteAdministrator), "municipality.invite", Harmless, || to(pages::municipality::invite)),
        get("/municipalities/{slug}/offboard", May(ManageMunicipalities), || to(pages::municipality::offboard_form)),
        post("/municipalities/{slug}/offboard", May(ManageMunicipalities), "municipality.offboard", Operation, || to(pages::municipality::offboard)),
        post("/municipalities/{slug}/hold", May(PostponeUpdates), "municipality.policy", Harmless, || to(pages::municipality::hold)),
        post("/municipalities/{slug}/unhold", May(PostponeUpdates), "municipality.policy", Harmless, || to(pages::municipality::unhold)),
        post("/municipalities/{slug}/overlay/apply", May(ManageRollouts), "overlay.apply", Operation, || to(pages::overlay::apply)),
        post("/municipalities/{slug}/overlay/restore", May(ManageReleases), "overlay.restore", Harmless, || to(pages::overlay::restore)),
        get("/health", May(ReadFleet), || to(pages::health::board)),
        get("/health/{slug}/outside", May(ReadFleet), || to(pages::outside::show)),
        post("/health/{slug}/addresses", May(ManageAddresses), "address.add", Harmless, || to(pages::outside::add)),
        post("/health/{slug}/addresses/{number}/remove", May(ManageAddresses), "address.remove", Harmless, || to(pages::outside::remove)),
        get("/certificates", May(ReadFleet), || to(pages::outside::certificates)),
        get("/receivers", May(ReadFleet), || to(pages::notices::receivers)),
        post("/receivers", May(ManageIncidents), "receiver.add", Answer, || to(pages::notices::add_receiver)),
        get("/receivers/{id}", May(ReadFleet), || to(pages::notices::receiver)),
        post("/receivers/{id}/test", May(ManageIncidents), "receiver.test", Harmless, || to(pages::notices::try_receiver)),
        post("/receivers/{id}/key", May(ManageIncidents), "receiver.key", Answer, || to(pages::notices::rotate_receiver)),
        post("/receivers/{id}/remove", May(ManageIncidents), "receiver.remove", Harmless, || to(pages::notices::remove_receiver)),
        get("/silences", May(ReadFleet), || to(pages::notices::silences)),
        post("/silences", May(ManageIncidents), "silence.add", Harmless, || to(pages::notices::add_silence)),
        post("/silences/{id}/end", May(ManageIncidents), "silence.end", Harmless, || to(pages::notices::end_silence)),
        get("/health/{slug}", May(ReadFleet), || to(pages::health::municipality)),
        get("/health/{slug}/report", May(ReadFleet), || to(pages::site::report)),
        get("/health/{slug}/report.csv", May(ReadFleet), || to(pages::site::report_csv)),
        post("/health/{slug}/objective", May(ManageIncidents), "municipality.objective", Harmless, || to(pages::site::decide)),
        get("/health/{slug}/{number}", May(ReadFleet), || to(pages::site::show)),
        post("/health/{slug}/{number}/silence", May(ManageIncidents), "silence.add", Harmless, || to(pages::notices::silence_check)),
        get("/incidents/{id}", May(ReadFleet), || to(pages::health::incident)),
        get("/live/health", May(ReadFleet), || to(pages::health::board_live)),
        get("/live/health/{slug}", May(ReadFleet), || to(pages::health::municipality_live)),
        get("/live/incidents/{id}", May(ReadFleet), || to(pages::health::incident_live)),
        post("/municipalities/{slug}/status-page", May(PublishStatus), "municipality.status-page", Harmless, || to(pages::municipality::status_page)),
        post("/incidents/{id}/acknowledge", May(ManageIncidents), "incident.acknowledge", Harmless, || to(pages::health::acknowledge)),
        get("/findings", May(ReadFleet), || to(pages::findings::list)),
        get("/findings/{id}", May(ReadFleet), || to(pages::findings::show)),
        post("/findings/{id}/mute", May(ManageIncidents), "finding.mute", Harmless, || to(pages::findings::mute)),
        post("/findings/{id}/unmute", May(ManageIncidents), "finding.unmute", Harmless, || to(pages::findings::unmute)),
        get("/questions", May(ReadFleet), || to(pages::findings::questions)),
        get("/operations", May(ReadFleet), || to(pages::operation::list)),
        get("/operations/{id}", May(ReadFleet), || to(pages::operation::show)),
        get("/operations/{id}/live", May(ReadFleet), || to(pages::operation::live_part)),
        get("/operations/{id}/evidence", May(ReadFleet), || to(pages::evidence::show)),
        get("/operations/{id}/evidence/{file}", May(ReadFleet), || to(rehearsals::file)),
        post("/operations/{id}/retry", May(ManageMunicipalities), "operation.retry", Harmless, || to(pages::operation::retry)),
        get("/rollouts", May(ReadFleet), || to(pages::rollouts::list)),
        get("/rollouts/new", May(ManageRollouts), || to(pages::rollouts::plan::form)),
        post("/rollouts/new", May(ManageRollouts), "rollout.start", Answer, || to(pages::rollouts::plan::send)),
        get("/rollouts/{id}", May(ReadFleet), || to(pages::rollouts::show)),
        get("/rollouts/{id}/live", May(ReadFleet), || to(pages::rollouts::live_part)),
        post("/rollouts/{id}/pause", May(ManageRollouts), "rollout.pause", Harmless, || to(pages::rollouts::pause)),
        post("/rollouts/{id}/resume", May(ManageRollouts), "rollout.resume", Harmless, || to(pages::rollouts::resume)),
        post("/rollouts/{id}/halt", May(ManageRollouts), "rollout.halt", Harmless, || to(pages::rollouts::halt)),
        get("/rollouts/{id}/revert", May(ManageRollouts), || to(pages::rollouts::revert::form)),
        post("/rollouts/{id}/revert", May(ManageRollouts), "rollout.revert", Harmless, || to(pages::rollouts::revert::send)),
        get("/rollouts/{id}/members/{slug}", May(ReadFleet), || to(pages::rollouts::member::show)),
        post("/rollouts/{id}/members/{slug}/approve", May(ManageRollouts), "rollout.approve", Harmless, || to(pages::rollouts::member::approve)),
        post("/rollouts/{id}/members/{slug}/skip", May(ManageRollouts), "rollout.skip", Harmless, || to(pages::rollouts::member::skip)),
        post("/rollouts/{id}/members/{slug}/retry", May(ManageRollouts), "rollout.retry", Harmless, || to(pages::rollouts::member::retry)),
        get("/releases", May(ReadFleet), || to(pages::releases::list)),
        post("/releases", May(ManageReleases), "release.register", Answer, || to(pages::releases::register)),
        get("/releases/{name}", May(ReadFleet), || to(pages::release::show)),
        post("/releases/{name}/promote", May(ManageReleases), "release.promote", Harmless, || to(pages::release::promote)),
        post("/releases/{name}/retire", May(ManageReleases), "release.retire", Harmless, || to(pages::release::retire)),
        get("/users", May(ReadUsers), || to(pages::users::list)),
        post("/users", May(ManageUsers), "user.create", Answer, || to(pages::users::create)),
        get("/users/new", May(ManageUsers), || to(pages::users::new)),
        get("/users/{id}", May(ReadUsers), || to(pages::users::show)),
        post("/users/{id}", May(ManageUsers), "user.change", Harmless, || to(pages::users::change)),
        post("/users/{id}/password", May(ManageUsers), "user.password", Answer, || to(pages::users::password)),
        post("/users/{id}/disable", May(ManageUsers), "user.change", Harmless, || to(pages::users::disable)),
        post("/users/{id}/enable", May(ManageUsers), "user.change", Harmless, || to(pages::users::enable)),
        post("/users/{id}/tokens/{token}/revoke", May(ManageUsers), "token.revoke", Harmless, || to(pages::users::revoke)),
        get("/account", May(OwnAccount), || to(pages::account::show)),
        post("/account/password", May(OwnAccount), "account.change", Harmless, || to(pages::account::password)),
        post("/account/language", May(OwnAccount), "account.change", Harmless, || to(pages::account::language)),
        post("/account/tokens", May(OwnAccount), "token.create", Answer, || to(pages::account::create_token)),
        post("/account/tokens/{id}/revoke", May(OwnAccount), "token.revoke", Harmless, || to(pages::account::revoke_token)),
        get("/audit", Fleet(ReadAudit), || to(pages::audit::list)),
        get("/settings", Fleet(ReadFleet), || to(pages::settings::show)),
        get("/components", May(OwnAccount), || to(pages::components::show)),
    ]
}

/// Registers every route. A path with another method answers 405 and names the right ones.
pub fn register(config: &mut ServiceConfig) {
    let mut paths: Vec<(&str, Vec<Entry>)> = Vec::new();
    for entry in table() {
        match paths.iter_mut().find(|(path, _)| *path == entry.path) {
            Some((_, entries)) => entries.push(entry),
            None => paths.push((entry.path, vec![entry])),
        }
    }
    for (path, entries) in paths {
        let mut allow: BTreeMap<String, ()> = entries.iter().map(|e| (e.method.to_string(), ())).collect();
        let mut resource = web::resource(path);
        for entry in entries {
            if entry.method == Method::GET {
                allow.insert("HEAD".to_owned(), ());
            }
            resource = resource.route(route(entry));
        }
        let allow = allow.into_keys().collect::<Vec<_>>().join(", ");
        config.service(resource.default_service(to(move || wrong_method(allow.clone()))));
    }
    config.default_service(to(no_such_page));
}

fn route(entry: Entry) -> Route {
    let route = (entry.handler)();
    let route = match entry.method.clone() {
        Method::GET => route.guard(actix_guard::Any(actix_guard::Get()).or(actix_guard::Head())),
        method => route.guard(actix_guard::Method(method)),
    };
    let entry = Rc::new(entry);
    route.wrap(middleware::from_fn(move |request, next| guard::enter(Rc::clone(&entry), request, next)))
}

async fn wrong_method(allow: String) -> HttpResponse {
    let mut response = problem::of_status(405, "wrong-method", format!("this address takes {allow}"));
    if let Ok(value) = header::HeaderValue::from_str(&allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

async fn no_such_page(request: HttpRequest) -> HttpResponse {
    problem::of_status(404, "no-such-address", format!("there is nothing at {}", request.path()))
}
