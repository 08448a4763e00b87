// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Pages of releases, users, the account, the audit log and settings, as a browser without script uses them.

use flotta::{fleet::Role, store};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::support::web::{PASSWORD, Plane};

/// A browser in which somebody is logged in.
struct Browser<'a> {
    plane: &'a Plane,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    async fn log_in(plane: &'a Plane, role: Role) -> Self {
        let (cookie, csrf) = plane.log_in(role).await;
        Self { plane, cookie, csrf }
    }

    async fn open(&self, path: &str) -> Response {
        self.plane
            .request(Method::GET, path)
            .header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("accept-language", "en")
            .send()
            .await
            .unwrap()
    }

    /// A page that must be there.
    async fn page(&self, path: &str) -> String {
        let answer = self.open(path).await;
        let status = answer.status();
        // A template writes `=` in an attribute as a character reference, which a browser reads back.
        let text = answer.text().await.unwrap().replace("&#x3D;", "=");
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", self.csrf.as_str())]).collect();
        self.plane
            .request(Method::POST, path)
            .header("cookie", &self.cookie)
            .header("accept", "text/html")
            .header("accept-language", "en")
            .form(&fields)
            .send()
            .await
            .unwrap()
    }

    /// Sends a form that must be taken; the place that it leads on to.
    async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.send(path, fields).await;
        let (status, place) = (answer.status(), answer.headers().get("location").cloned());
        assert_eq!(status, 303, "{path}: {}", answer.text().await.unwrap());
        place.unwrap().to_str().unwrap().to_owned()
    }

    /// Sends a form that must be answered with a page of this status.
    async fn told(&self, path: &str, fields: &[(&str, &str)], status: u16) -> String {
        let answer = self.send(path, fields).await;
        let seen = answer.status().as_u16();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let text = answer.text().await.unwrap();
        assert_eq!(seen, status, "{path}: {text}");
        text
    }
}

/// The secret that a page shows once.
fn secret(page: &str) -> String {
    let once = page.split("class=\"once").nth(1).expect("something told once");
    once.split("data-copy-text>").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_opens_for_whom_it_is_for() {
    let plane = Plane::furnished().await;
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    let someone = format!("/users/{}", plane.users["auditor"].id);
    for path in ["/releases", "/users", "/users/new", &someone, "/account", "/audit", "/settings", "/components"] {
        let text = chief.page(path).await;
        assert!(text.contains("<html lang=\"en\"") && !text.contains("&lt;code"), "{path}");
    }
    let manager = Browser::log_in(&plane, Role::WebManager).await;
    for (path, status) in [("/releases", 200), ("/account", 200), ("/users", 403), ("/audit", 403), ("/settings", 403)] {
        assert_eq!(manager.open(path).await.status(), status, "{path}");
    }
    let releases = manager.page("/releases").await;
    assert!(releases.contains("<td class=\"figure\">1</td>"), "only the instances of the own municipalities are counted");
    assert!(!releases.contains("action=\"/releases\""));
    let auditor = Browser::log_in(&plane, Role::Auditor).await;
    assert!(!auditor.page(&someone).await.contains("action=\"/users/"), "an auditor only reads");
    assert!(auditor.page("/users").await.contains("ale"));
    assert_eq!(auditor.open("/users/new").await.status(), 403);
    assert_eq!(chief.open("/users/nobody").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_changed_and_shut_out() {
    let plane = Plane::furnished().await;
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    let wrong = [("name", ""), ("email", "nobody"), ("role", "web-manager"), ("municipalities", "ale, nora")];
    let page = chief.told("/users", &wrong, 400).await;
    for id in ["e-name", "e-email", "e-municipalities"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}: {page}");
    }
    assert!(page.contains("value=\"nobody\"") && page.contains("value=\"ale, nora\""), "what was typed stays");
    let good = [("name", "Eva Ek"), ("email", "Eva@Mora.se"), ("role", "web-manager"), ("municipalities", "ale mora"), ("language", "sv")];
    let page = chief.told("/users", &good, 200).await;
    let password = secret(&page);
    assert!(page.contains("value=\"ale, mora\"") && page.contains("The user is created."));
    assert!(page.contains("name=\"here\" value=\"/users/"), "the switches lead to a page that can be opened");
    chief.told("/users", &good, 409).await;
    let id = page.split("action=\"/users/").nth(1).unwrap().split(['"', '/']).next().unwrap().to_owned();
    let own = format!("/users/{id}");
    assert!(!chief.page(&own).await.contains(&password), "told once");

    let log_in = async |password: &str| {
        let form = [("email", "eva@mora.se"), ("password", password)];
        plane.request(Method::POST, "/login").form(&form).send().await.unwrap().status()
    };
    assert!(chief.page("/users").await.contains("never"));
    assert_eq!(log_in(&password).await, StatusCode::SEE_OTHER);
    let change = [("name", "Eva Ek Öberg"), ("email", "eva@mora.se"), ("role", "auditor"), ("municipalities", ""), ("language", "")];
    assert_eq!(chief.done(&own, &change).await, format!("{own}?notice=saved"));
    assert!(chief.page(&own).await.contains("Eva Ek Öberg"));
    let moved = change.map(|(name, value)| if name == "email" { (name, "eva@ale.se") } else { (name, value) });
    assert!(chief.told(&own, &moved, 400).await.contains("id=\"e-email\""));
    let renewed = secret(&chief.told(&format!("{own}/password"), &[], 200).await);
    assert_eq!(log_in(&password).await, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&renewed).await, StatusCode::SEE_OTHER);
    assert_eq!(chief.done(&format!("{own}/disable"), &[]).await, format!("{own}?notice=user-disabled"));
    assert_eq!(log_in(&renewed).await, StatusCode::UNAUTHORIZED);
    assert_eq!(chief.done(&format!("{own}/enable"), &[]).await, format!("{own}?notice=user-enabled"));
    assert_eq!(log_in(&renewed).await, StatusCode::SEE_OTHER);
    let myself = format!("/users/{}/disable", plane.users["administrator"].id);
    assert!(chief.told(&myself, &[], 409).await.contains("account in use"));

    let audit = chief.page("/audit?action=user.").await;
    for (said, times) in [("Created user", 3), ("Changed user", 5), ("Made new password", 1)] {
        assert_eq!(audit.matches(said).count(), times, "{said}: {audit}");
    }
    assert!(!audit.contains(&password) && !audit.contains(&renewed));
    let refused = chief.page("/audit?action=user.create&result=refused").await;
    assert!(refused.contains("municipalities unknown-municipality") && !refused.contains("role: web-manager"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_account_password_language_and_tokens() {
    let plane = Plane::furnished().await;
    let operator = Browser::log_in(&plane, Role::Operator).await;
    let fields = |current, password, again| [("current", current), ("password", password), ("again", again)];
    let new = "gröna hästar sjunger";
    assert!(operator.told("/account/password", &fields(PASSWORD, new, "else"), 400).await.contains("id=\"e-again\""));
    assert!(operator.told("/account/password", &fields("wrong", new, new), 400).await.contains("id=\"e-current\""));
    assert!(operator.told("/account/password", &fields(PASSWORD, "short", "short"), 400).await.contains("id=\"e-password\""));
    let other = Browser::log_in(&plane, Role::Operator).await;
    assert_eq!(operator.done("/account/password", &fields(PASSWORD, new, new)).await, "/account?notice=password-changed");
    assert_eq!(operator.open("/account").await.status(), 200);
    assert_eq!(other.open("/account").await.status(), 303, "other sessions have ended");

    let page = operator.told("/account/tokens", &[("name", ""), ("days", "soon")], 400).await;
    for id in ["e-name", "e-days", "e-permission"] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}: {page}");
    }
    assert!(page.contains("is not a number of days") && page.contains("value=\"soon\""));
    let beyond = [("name", "x"), ("days", "3"), ("permission", "read-fleet"), ("permission", "manage-users")];
    assert!(operator.told("/account/tokens", &beyond, 400).await.contains("id=\"e-permission\""));
    let page = operator.told("/account/tokens", &[("name", "report"), ("days", "3"), ("permission", "read-fleet")], 200).await;
    let token = secret(&page);
    assert_eq!(plane.get("/api/v1/municipalities", &token).await["total"], json!(2));
    let page = operator.page("/account").await;
    assert!(!page.contains(&token));
    let revoke = page.split("action=\"/account/tokens/").nth(1).unwrap().split('"').next().unwrap();
    let auditor = Browser::log_in(&plane, Role::Auditor).await;
    assert_eq!(auditor.send(&format!("/account/tokens/{revoke}"), &[]).await.status(), 404);
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    let elsewhere = format!("/users/{}/tokens/{revoke}", plane.users["auditor"].id);
    assert_eq!(chief.send(&elsewhere, &[]).await.status(), 404, "another user's token");
    let place = chief.done(&format!("/users/{}/tokens/{revoke}", plane.users["operator"].id), &[]).await;
    assert!(place.ends_with("?notice=token-revoked"));
    assert_eq!(operator.done(&format!("/account/tokens/{revoke}"), &[]).await, "/account?notice=token-revoked");
    let refused = plane.request(Method::GET, "/api/v1/municipalities").bearer_auth(&token).send().await.unwrap();
    assert_eq!(refused.status(), 401);

    let answer = operator.send("/account/language", &[("language", "sv")]).await;
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with("flotta_language=sv;"));
    assert!(operator.page("/account").await.contains("<html lang=\"sv\""), "the account's language before the browser's");
    let answer = operator.send("/account/language", &[("language", "")]).await;
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with("flotta_language=; "), "forgotten");
    assert!(operator.page("/account").await.contains("<html lang=\"en\""));
    operator.told("/account/language", &[("language", "xx")], 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_registered_and_refused_beside_its_field() {
    let plane = Plane::furnished().await;
    let keeper = Browser::log_in(&plane, Role::ReleaseManager).await;
    let form = |image, release, channel| [("image", image), ("release", release), ("contract", ""), ("channel", channel)];
    assert!(keeper.told("/releases", &form("", "", ""), 400).await.contains("id=\"e-image\""));
    assert!(keeper.told("/releases", &form("flotta/nothing:1", "", ""), 400).await.contains("value=\"flotta/nothing:1\""));
    assert!(keeper.told("/releases", &form("flotta/wordpress:6.8", "a b", ""), 400).await.contains("id=\"e-release\""));
    assert!(keeper.told("/releases", &form("flotta/wordpress:6.8", "6.8", ""), 409).await.contains("id=\"e-release\""));
    assert!(keeper.told("/releases", &form("flotta/wordpress:6.8", "x", "retired"), 400).await.contains("id=\"e-channel\""));
    let good = form("flotta/wordpress:6.8", "6.8-next", "candidate");
    assert_eq!(keeper.done("/releases", &good).await, "/releases?notice=release-registered");
    let page = keeper.page("/releases").await;
    assert!(page.contains("6.8-next") && page.contains("<td class=\"figure\">2</td>"));
    assert_eq!(keeper.send("/users", &[]).await.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_has_a_page_and_moves_through_channels_there() {
    let plane = Plane::furnished().await;
    let keeper = Browser::log_in(&plane, Role::ReleaseManager).await;
    let form = [("image", "flotta/wordpress:6.8"), ("release", "6.8+x"), ("contract", ""), ("channel", "candidate")];
    keeper.done("/releases", &form).await;
    assert!(keeper.page("/releases").await.contains("href=\"/releases/6.8+x\""));
    let page = keeper.page("/releases/6.8").await;
    for text in ["Twenty Twenty-Five", "60421", "8.4.11", "href=\"/municipalities/ale\"", "href=\"/municipalities/mora\"", "lighttpd"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = keeper.page("/releases/6.8+x").await;
    assert!(page.contains("Since 6.8") && page.contains("Both hold the same"), "{page}");
    assert!(page.contains("flotta release delete 6.8+x") && page.contains("/releases/6.8+x/promote"), "{page}");
    assert_eq!(keeper.done("/releases/6.8+x/promote", &[]).await, "/releases/6.8+x?notice=release-promoted");
    assert!(keeper.told("/releases/6.8+x/promote", &[], 409).await.contains("id=\"f-channel\""));
    assert!(keeper.told("/releases/6.8/retire", &[], 409).await.contains("role=\"alert\""));
    assert_eq!(keeper.done("/releases/6.8+x/retire", &[]).await, "/releases/6.8+x?notice=release-retired");
    let reader = Browser::log_in(&plane, Role::WebManager).await;
    let page = reader.page("/releases/6.8").await;
    assert!(page.contains("href=\"/municipalities/ale\"") && !page.contains("mora"), "only the own municipalities: {page}");
    assert!(!page.contains("/retire\"") && !page.contains("flotta release delete"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_filtered_and_leafed_through() {
    let plane = Plane::furnished().await;
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    for _ in 0..52 {
        let theme = [("name", ""), ("days", "1"), ("permission", "read-fleet")];
        assert_eq!(chief.send("/account/tokens", &theme).await.status(), 400);
    }
    let first = chief.page("/audit?action=token&result=refused").await;
    assert!(first.contains("/audit?action=token&amp;result=refused&amp;page=2") && first.contains("flotta audit list --action token"));
    let second = chief.page("/audit?action=token&result=refused&page=2").await;
    assert_eq!(second.matches("Created token").count(), 2);
    assert!(chief.page("/audit?since=2020-01-01&until=2020-01-02").await.contains("No event matches"));
    assert!(chief.page("/audit?actor=administrator%40flotta.test&target=").await.contains("name invalid-name"));
    for bad in ["since=yesterday", "until=2026-02-30", "result=maybe", "page=0", "page=x", "actor=%00"] {
        assert_eq!(chief.open(&format!("/audit?{bad}")).await.status(), 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_are_for_visitors_too() {
    let plane = Plane::furnished().await;
    let visitor = async |path: &str, fields: &[(&str, &str)]| plane.request(Method::POST, path).form(fields).send().await.unwrap();
    let answer = visitor("/language", &[("language", "en"), ("here", "/login?next=%2Fusers")]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/login?next=%2Fusers"));
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with("flotta_language=en; "));
    let answer = visitor("/theme", &[("theme", "dark"), ("here", "//evil.example")]).await;
    assert_eq!(answer.headers()["location"], "/");
    assert!(answer.headers()["set-cookie"].to_str().unwrap().starts_with("flotta_theme=dark; "));
    assert_eq!(visitor("/language", &[("language", "xx")]).await.status(), 400);
    assert_eq!(visitor("/theme", &[]).await.status(), 400);
    let foreign = plane.request(Method::POST, "/theme").header("origin", "https://evil.example").form(&[("theme", "dark")]);
    assert_eq!(foreign.send().await.unwrap().status(), 403);

    let stored = async || store::users::get(&plane.app.tools.store, plane.users["operator"].id).await.unwrap().language;
    let operator = Browser::log_in(&plane, Role::Operator).await;
    assert_eq!(operator.done("/language", &[("language", "en"), ("here", "/account?x=%C3%A5")]).await, "/account?x=%C3%A5");
    assert_eq!(stored().await, None, "what anybody may ask for changes only the browser; the account's page changes the account");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_show_the_platform_and_no_secret() {
    let plane = Plane::furnished().await;
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    let page = chief.page("/settings").await;
    for part in ["gateway.https_port", "At the top of the file", "Database server", "SQLite", "network is missing", "public_url"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_are_added_and_what_is_silenced_is_ended() {
    let plane = Plane::furnished().await;
    let chief = Browser::log_in(&plane, Role::Administrator).await;
    assert!(chief.page("/receivers").await.contains("Nobody is told anything"));
    let form = |address, municipality| {
        [
            ("kind", "webhook"),
            ("address", address),
            ("municipality", municipality),
            ("name", "Desk"),
            ("language", "en"),
            ("after_minutes", "15"),
        ]
    };
    let refused = chief.told("/receivers", &form("http://hooks.example.org/secret", ""), 400).await;
    assert!(refused.contains("id=\"e-address\"") && refused.contains("value=\"Desk\""), "{refused}");
    let minutes =
        chief.told("/receivers", &[("kind", "chat"), ("address", "https://hooks.example.org"), ("after_minutes", "soon")], 400).await;
    assert!(minutes.contains("id=\"e-after_minutes\""), "{minutes}");
    let first = chief.told("/receivers", &form("https://hooks.example.org/secret", ""), 200).await;
    let key = secret(&first);
    assert!(key.starts_with("whsec_"), "{key}");
    let store = &plane.app.tools.store;
    let kept = store::receivers::all(store).await.unwrap().remove(0);
    let place = format!("/receivers/{}", kept.id);
    let text = chief.page(&place).await;
    assert!(text.contains("https://hooks.example.org/…") && !text.contains("/secret") && !text.contains(&key), "{text}");
    let second = secret(&chief.told(&format!("{place}/key"), &[], 200).await);
    assert!(second.starts_with("whsec_") && second != key);

    // The operators' receivers are nobody else's business.
    let manager = Browser::log_in(&plane, Role::WebManager).await;
    assert!(!manager.page("/receivers").await.contains("Desk"));
    assert_eq!(manager.open(&place).await.status(), 404);
    assert!(!Browser::log_in(&plane, Role::Auditor).await.page("/receivers").await.contains("action=\"/receivers\""));
    assert_eq!(chief.done(&format!("{place}/remove"), &[]).await, "/receivers?notice=saved");
    assert_eq!(chief.open(&place).await.status(), 404);

    fn silence<'a>(from: &'a str, until: &'a str, reason: &'a str) -> [(&'static str, &'a str); 4] {
        [("municipality", "ale"), ("from", from), ("until", until), ("reason", reason)]
    }
    let refused = chief.told("/silences", &silence("", "tomorrow", ""), 400).await;
    assert!(refused.contains("id=\"e-until\""), "{refused}");
    let refused = chief.told("/silences", &silence("", "2020-01-01T00:00", ""), 400).await;
    assert!(refused.contains("id=\"e-until\"") && refused.contains("id=\"e-reason\""), "{refused}");
    let later = |hours| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).strftime("%Y-%m-%dT%H:%M").to_string();
    assert_eq!(chief.done("/silences", &silence("", &later(24), "a new firewall")).await, "/silences?notice=saved");
    assert_eq!(chief.done("/silences", &silence(&later(48), &later(50), "the same again")).await, "/silences?notice=saved");
    let text = chief.page("/silences").await;
    assert!(text.contains("a new firewall") && text.contains("holds now") && text.contains("maintenance"), "{text}");
    for _ in 0..2 {
        let text = chief.page("/silences").await;
        let end = text.split("action=\"/silences/").nth(1).and_then(|rest| rest.split('"').next()).expect("one to end");
        chief.done(&format!("/silences/{end}"), &[]).await;
    }
    assert!(chief.page("/silences").await.contains("Nothing is silenced"));
}
