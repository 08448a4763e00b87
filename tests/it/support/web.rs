// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The whole control plane on a simulated outside, served on a port of its own.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use flotta::{
    access::{self, NewToken, NewUser},
    app::{App, Drivers},
    clock::SystemClock,
    config::{self, Raw},
    drivers::world::World,
    fleet::{Principal, Role, access::User},
    onboarding::Request,
    releases::{self, Register},
    store::{Address, Store, migrate},
    vault::{MasterKey, Vault},
    web::{self, Web},
};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Everybody's password.
pub const PASSWORD: &str = "sju röda flottar";

/// One control plane.
pub struct Plane {
    pub app: App,
    pub world: World,
    pub address: SocketAddr,
    pub users: BTreeMap<String, User>,
    http: Client,
    stop: CancellationToken,
    _home: tempfile::TempDir,
}

impl Plane {
    /// Starts one with the release `6.8`, without municipalities and users. Operations are worked on only with `tasks`.
    pub async fn start(tasks: bool) -> Self {
        Self::start_with(tasks, |_| {}).await
    }

    /// As [`Self::start`], with a changed configuration.
    pub async fn start_with(tasks: bool, change: impl FnOnce(&mut Raw)) -> Self {
        let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "flotta=info".into());
        drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
        let home = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut raw =
            Raw { home: home.path().to_owned(), listen: address.to_string(), public_url: format!("http://{address}"), ..Raw::default() };
        change(&mut raw);
        let config = config::check(raw).expect("a configuration");
        let store_address = Address::Sqlite(home.path().join("flotta.db"));
        let store = Store::connect(&store_address).await.expect("a store");
        migrate::run(&store_address).await.expect("migrations run");
        let key = MasterKey::parse(MasterKey::generate().expose_secret()).expect("a key");
        let world = World::new();
        let drivers = Drivers::simulated(&world, config.gateway.https_port);
        let app = App::assemble(config, store, Vault::new(key, Vec::new()), Arc::new(SystemClock), drivers).await.expect("an application");
        let stop = CancellationToken::new();
        if tasks {
            app.start_tasks(&TaskTracker::new(), &stop).await.expect("tasks start");
        }
        let register = Register { image: "flotta/wordpress:6.8".into(), name: Some("6.8".into()), contract: None, stable: true };
        releases::register(&app.tools, &register).await.expect("a release");
        let served = Web::new(app.clone(), stop.clone()).expect("templates are right");
        tokio::spawn(web::serve(served, listener));
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { app, world, address, users: BTreeMap::new(), http, stop, _home: home }
    }

    /// A control plane with the municipalities Ale and Mora (made or being made), and a user of each role; the web manager
    /// is bound to Ale.
    pub async fn furnished() -> Self {
        let mut plane = Self::start(false).await;
        for slug in ["ale", "mora"] {
            plane.admit(slug).await;
        }
        for role in Role::ALL {
            plane.add_user(role).await;
        }
        plane
    }

    /// Starts the onboarding of a municipality; gives the operation's id.
    pub async fn admit(&self, slug: &str) -> String {
        let request = Request {
            slug: slug.into(),
            name: Some(format!("{slug} kommun")),
            domain: format!("{slug}.localhost"),
            admin_email: format!("webb@{slug}.se"),
            ..Request::default()
        };
        flotta::onboarding::start(&self.app.tools, &request, "test", None).await.expect("it starts").operation.id.text()
    }

    /// Adds the user `role@flotta.test`.
    pub async fn add_user(&mut self, role: Role) {
        let wanted = NewUser {
            email: format!("{role}@flotta.test"),
            name: format!("The {role}"),
            role: role.to_string(),
            municipalities: if role == Role::WebManager { vec!["ale".into()] } else { Vec::new() },
            language: None,
            password: Some(PASSWORD.into()),
        };
        let (user, _) = access::create_user(&self.app.tools.store, &wanted, Timestamp::now()).await.expect("a user");
        self.users.insert(role.to_string(), user);
    }

    /// A new API token of that role's user; everything that it may when no permissions are named.
    pub async fn token(&self, role: Role, permissions: Option<&[&str]>) -> String {
        let principal = Principal { user: self.users[&role.to_string()].clone(), token: None };
        let wanted = NewToken {
            name: "test".into(),
            permissions: permissions.map(|p| p.iter().map(ToString::to_string).collect()),
            expires_in_days: None,
        };
        let (_, secret) = access::create_token(&self.app.tools.store, &principal, &wanted, Timestamp::now()).await.expect("a token");
        secret.expose_secret().to_owned()
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A GET with a token, which must succeed; its JSON.
    pub async fn get(&self, path: &str, token: &str) -> Value {
        let answer = self.request(Method::GET, path).bearer_auth(token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    }

    /// A POST of JSON with a token.
    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Response {
        self.request(Method::POST, path).bearer_auth(token).json(body).send().await.expect("an answer")
    }

    /// Logs in by the form; gives the cookie and a CSRF token as pages carry it.
    pub async fn log_in(&self, role: Role) -> (String, String) {
        let form = [("email", format!("{role}@flotta.test")), ("password", PASSWORD.to_owned())];
        let answer = self.request(Method::POST, "/login").form(&form).send().await.expect("an answer");
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
        let secret = cookie.split_once('=').expect("a value").1;
        let session = flotta::store::sessions::by_sha256(&self.app.tools.store, &access::secrets::sha256(secret)).await;
        let csrf = access::secrets::mask(&session.expect("a store").expect("a session").csrf);
        (cookie, csrf)
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer's status and problem, which it must be.
pub async fn problem(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
    let problem: Value = answer.json().await.expect("JSON");
    assert_eq!(problem["status"], status);
    for part in ["type", "title", "detail", "code"] {
        assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {problem}");
    }
    for error in problem["errors"].as_array().expect("errors") {
        for part in ["field", "code", "message", "fix"] {
            assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {problem}");
        }
    }
    (status, problem)
}
