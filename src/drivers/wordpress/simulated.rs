// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Simulated WordPress.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::{Blog, Choice, Chosen, Fetched, Invitation, Page, Pulse, Ran, Readiness, Site, Wordpress};
use crate::{
    drivers::{
        gateway::{Route, Target},
        world::{
            Call, State, World, refused,
            site::{Answer, blogs, facts, has_user, page, pulse, readiness, report},
        },
    },
    error::Result,
    fleet::{Domain, facts::Facts},
};

const SYSTEM: &str = "wordpress";

/// [`Wordpress`] in the containers of a simulated world.
#[derive(Clone)]
pub struct SimulatedWordpress {
    world: World,
    https_port: u16,
}

impl SimulatedWordpress {
    /// WordPress of this world, behind a gateway with this HTTPS port.
    #[must_use]
    pub fn new(world: World, https_port: u16) -> Self {
        Self { world, https_port }
    }

    async fn ask<T: Send + 'static>(&self, call: Call, ask: impl FnOnce(&mut State) -> Result<Answer<T>> + Send + 'static) -> Result<T> {
        match self.world.call(call, ask).await? {
            Answer::Now(answer) => Ok(answer),
            Answer::Never => self.world.no_answer(SYSTEM).await,
        }
    }
}

fn through_gateway(state: &mut State, domain: &Domain, path: &str, https_port: u16) -> Result<Answer<Page>> {
    let leads = |r: &&Route| r.domains.contains(domain) || (r.wildcard && r.domains.first().is_some_and(|main| domain.is_within(main)));
    let route = state.gateway()?.routes.iter().find(leads).cloned();
    let notice = |status, title: &str| Ok(Answer::Now(page(status, title, "sv")));
    if path.starts_with("/.flotta") {
        return notice(404, "Sidan finns inte");
    }
    match route.map(|r| r.target) {
        None => notice(404, "Okänd adress"),
        Some(Target::Suspended) => notice(503, "Webbplatsen är stängd"),
        Some(Target::Paused) => notice(503, "Strax tillbaka"),
        Some(Target::Unavailable) => notice(503, "Webbplatsen kan inte visas"),
        Some(Target::Instance { address, port }) => {
            let site = Site { address, port, domain: domain.clone(), https_port };
            // The gateway itself answers where the instance does not.
            state.page(&site, path).or_else(|_| notice(503, "Webbplatsen kan inte visas"))
        }
    }
}

#[async_trait]
impl Wordpress for SimulatedWordpress {
    async fn page(&self, site: &Site, path: &str) -> Result<Page> {
        let (site, path) = (site.clone(), path.to_owned());
        let call = Call::new("wordpress.page", site.domain.as_str()).detail(path.clone());
        self.ask(call, move |s| s.page(&site, &path)).await
    }

    async fn public_page(&self, domain: &Domain, path: &str) -> Result<Page> {
        let (domain, path, port) = (domain.clone(), path.to_owned(), self.https_port);
        let call = Call::new("wordpress.public_page", domain.as_str()).detail(path.clone());
        self.ask(call, move |s| through_gateway(s, &domain, &path, port)).await
    }

    async fn ready(&self, site: &Site, key: &SecretString) -> Result<Readiness> {
        let (site, key) = (site.clone(), key.clone());
        let call = Call::new("wordpress.ready", site.domain.as_str());
        self.ask(call, move |s| {
            s.agent(&site, key.expose_secret(), |s, container, schema, prefix, multisite| {
                Ok(readiness(schema, prefix, multisite, s.wants(container)))
            })
        })
        .await
    }

    async fn facts(&self, site: &Site, key: &SecretString) -> Result<serde_json::Value> {
        let (site, key) = (site.clone(), key.clone());
        let call = Call::new("wordpress.facts", site.domain.as_str());
        self.ask(call, move |s| {
            s.agent(&site, key.expose_secret(), |s, container, schema, prefix, multisite| {
                Ok(facts(schema, prefix, multisite, &s.version(container)))
            })
        })
        .await
    }

    async fn fetch(&self, site: &Site, path: &str) -> Result<Fetched> {
        let page = self.page(site, path).await?;
        let body = format!("<html lang=\"{}\"><title>{1}</title><body><main><h1>{1}</h1></main></body></html>", page.language, page.title);
        Ok(Fetched { page, body })
    }

    async fn blogs(&self, site: &Site, key: &SecretString) -> Result<Vec<Blog>> {
        let (site, key) = (site.clone(), key.clone());
        let call = Call::new("wordpress.blogs", site.domain.as_str());
        self.ask(call, move |s| s.agent(&site, key.expose_secret(), |_, _, schema, prefix, multisite| Ok(blogs(schema, prefix, multisite))))
            .await
    }

    async fn pulse(&self, site: &Site, key: &SecretString) -> Result<Pulse> {
        let (site, key) = (site.clone(), key.clone());
        let call = Call::new("wordpress.pulse", site.domain.as_str());
        self.ask(call, move |s| {
            s.agent(&site, key.expose_secret(), |s, container, schema, prefix, multisite| {
                Ok(pulse(schema, prefix, multisite, &s.version(container)))
            })
        })
        .await
    }

    async fn report(&self, site: &Site, key: &SecretString) -> Result<Facts> {
        let (site, key) = (site.clone(), key.clone());
        let call = Call::new("wordpress.report", site.domain.as_str());
        self.ask(call, move |s| {
            s.agent(&site, key.expose_secret(), |s, container, schema, prefix, multisite| {
                let mut facts = report(schema, prefix, multisite, &s.version(container), s.wants(container));
                facts.bound();
                Ok(facts)
            })
        })
        .await
    }

    async fn run_jobs(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<Ran> {
        let (own, key, id) = (blog.site(site)?, key.clone(), blog.id);
        let call = Call::new("wordpress.run_jobs", own.domain.as_str()).detail(id.to_string());
        self.ask(call, move |s| {
            let answer = s.agent(&own, key.expose_secret(), |_, _, _, _, _| Ok(Ran { ran: 1, ..Ran::default() }))?;
            if matches!(answer, Answer::Now(_)) {
                s.count(format!("wordpress jobs {} {id}", own.domain));
            }
            Ok(answer)
        })
        .await
    }

    async fn sample(&self, site: &Site, key: &SecretString, blog: &Blog, pages: u32, _kept: &[String]) -> Result<Choice> {
        let (own, key, path) = (blog.site(site)?, key.clone(), blog.path.clone());
        let call = Call::new("wordpress.sample", own.domain.as_str()).detail(blog.id.to_string());
        self.ask(call, move |s| {
            s.agent(&own, key.expose_secret(), |_, _, _, _, _| {
                let page = |kind: &str, path: String| Chosen { kind: kind.to_owned(), path };
                let all = [page("home", path.clone()), page("log-in", format!("{path}wp-login.php"))];
                Ok(Choice { pages: all.into_iter().take(pages as usize).collect(), gone: Vec::new() })
            })
        })
        .await
    }

    async fn upgrade(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<i64> {
        let (own, key, id) = (blog.site(site)?, key.clone(), blog.id);
        let call = Call::new("wordpress.upgrade", own.domain.as_str()).detail(id.to_string());
        self.ask(call, move |s| s.upgrade(&own, key.expose_secret(), id)).await
    }

    async fn invite(&self, site: &Site, key: &SecretString, login: &str) -> Result<Invitation> {
        let (site, key, login) = (site.clone(), key.clone(), login.to_owned());
        let call = Call::new("wordpress.invite", site.domain.as_str()).detail(login.clone());
        self.ask(call, move |s| {
            let known = s.agent(&site, key.expose_secret(), |_, _, schema, prefix, _| {
                let known = has_user(schema, prefix, &login);
                known.then_some(()).ok_or_else(|| refused(SYSTEM, format!("there is no user `{}`", login.escape_debug())))
            })?;
            if matches!(known, Answer::Never) {
                return Ok(Answer::Never);
            }
            let count = s.count(format!("invitation made {}", site.domain));
            let expires = Timestamp::now().saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
            let url = format!("https://{}/wp-login.php?action=rp&key=simulated{count}&login={login}", site.host());
            Ok(Answer::Now(Invitation { url, expires_at: expires.to_string() }))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        drivers::{
            database_server::{DatabaseServer, simulated::SimulatedDatabaseServer},
            engine::{Engine, simulated::SimulatedEngine},
            gateway::{Gateway, simulated::SimulatedGateway},
            world::{Fault, Rule, samples},
        },
        error::{Error, OutsideKind},
        fleet::{InstanceId, container::Mount},
    };

    fn unreachable<T>(result: Result<T>) -> bool {
        matches!(result, Err(Error::Outside { kind: OutsideKind::Unreachable, .. }))
    }

    async fn started(world: &World, slug: &str, host: u8) -> Site {
        let password = SecretString::from("p");
        SimulatedDatabaseServer::new(world.clone()).create_schema(&format!("flt_{slug}"), &password).await.unwrap();
        world.run_container(samples::instance(slug, host)).unwrap();
        samples::site(slug, host)
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_is_there_once_schema_and_installation_are() {
        let world = samples::world();
        let wordpress = SimulatedWordpress::new(world.clone(), 8443);
        let engine = SimulatedEngine::new(world.clone());
        let key = SecretString::from("k");
        let site = samples::site("ale", 10);
        assert!(unreachable(wordpress.page(&site, "/").await));
        world.run_container(samples::instance("ale", 10)).unwrap();
        let page = wordpress.page(&site, "/").await.unwrap();
        assert_eq!((page.status, page.broken), (500, true));
        SimulatedDatabaseServer::new(world.clone()).create_schema("flt_ale", &SecretString::from("p")).await.unwrap();
        let page = wordpress.page(&site, "/").await.unwrap();
        assert_eq!(page.location.as_deref(), Some("https://ale.localhost:8443/wp-admin/install.php"));
        assert!(!wordpress.ready(&site, &key).await.unwrap().installed);

        let told = samples::installation("ale");
        let install = ["php", "/var/www/html/wp-content/mu-plugins/flotta-agent.php", "install"];
        for already in [false, true] {
            let output = engine.exec("t1-ale", &install, None, told.as_bytes(), 60).await.unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((output.status, &answer["already"]), (0, &serde_json::json!(already)));
        }
        assert_eq!(world.effect("wordpress installed flt_ale"), 1);
        let page = wordpress.page(&site, "/").await.unwrap();
        assert_eq!((page.status, page.title.as_str(), page.language.as_str()), (200, "Ale kommun", "sv-SE"));
        assert_eq!(wordpress.page(&site, "/wp-login.php").await.unwrap().status, 200);
        assert_eq!(wordpress.page(&site, "/nowhere").await.unwrap().status, 404);
        let ready = wordpress.ready(&site, &key).await.unwrap();
        assert_eq!((ready.installed, ready.sites), (true, Some(1)));
        assert_eq!(ready.db_version, ready.wanted_db_version);
        assert_eq!(wordpress.facts(&site, &key).await.unwrap()["core"], "6.8.3");
        let link = wordpress.invite(&site, &key, "anna").await.unwrap().url;
        assert!(link.starts_with("https://ale.localhost:8443/wp-login.php?action=rp&"), "{link}");
        assert_ne!(link, wordpress.invite(&site, &key, "anna").await.unwrap().url);
        assert!(wordpress.invite(&site, &key, "nobody").await.is_err());

        let stranger = Site { domain: "bor.localhost".parse().unwrap(), ..site.clone() };
        assert_eq!(wordpress.page(&stranger, "/").await.unwrap().location.as_deref(), Some("https://ale.localhost:8443/"));
    }

    #[tokio::test(start_paused = true)]
    async fn half_an_installation_is_repaired() {
        let world = samples::world();
        let site = started(&world, "ale", 10).await;
        let engine = SimulatedEngine::new(world.clone());
        world.inject(Rule::on("engine.exec", Fault::Halfway).detail("flotta-agent.php install").nth(1));
        let told = samples::installation("ale");
        let install = ["php", "/flotta-agent.php", "install"];
        assert!(engine.exec("t1-ale", &install, None, told.as_bytes(), 60).await.is_err());
        let ready = SimulatedWordpress::new(world.clone(), 8443).ready(&site, &SecretString::from("k")).await.unwrap();
        assert!(!ready.installed && !world.tables("flt_ale").unwrap().is_empty());
        assert_eq!(world.effect("wordpress installed flt_ale"), 0);
        assert_eq!(engine.exec("t1-ale", &install, None, told.as_bytes(), 60).await.unwrap().status, 0);
        assert_eq!(world.effect("wordpress installed flt_ale"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn visitors_see_what_the_route_says() {
        let world = samples::world();
        let (wordpress, gateway) = (SimulatedWordpress::new(world.clone(), 8443), SimulatedGateway::new(world.clone()));
        let site = started(&world, "ale", 10).await;
        samples::install(&world, "ale").await;
        let status = async |target: Target| {
            let route = Route { instance: InstanceId::generate(), domains: vec![site.domain.clone()], wildcard: true, target };
            gateway.load(&[route]).await.unwrap();
            wordpress.public_page(&site.domain, "/").await.unwrap().status
        };
        let instance = Target::Instance { address: site.address, port: site.port };
        assert_eq!(wordpress.public_page(&site.domain, "/").await.unwrap().status, 404);
        assert_eq!(status(Target::Suspended).await, 503);
        assert_eq!(status(instance.clone()).await, 200);
        assert_eq!(wordpress.public_page(&"skola.ale.localhost".parse().unwrap(), "/").await.unwrap().status, 302);
        assert_eq!(wordpress.public_page(&site.domain, "/.flotta/agent/ready").await.unwrap().status, 404);
        world.kill("t1-ale").unwrap();
        assert_eq!(wordpress.public_page(&site.domain, "/").await.unwrap().status, 503);
    }

    #[tokio::test(start_paused = true)]
    async fn pausing_booting_and_a_wrong_password_show() {
        let world = samples::world();
        world.set_boot_time(Duration::from_millis(300));
        let wordpress = SimulatedWordpress::new(world.clone(), 8443);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("db_password"), "p\n").unwrap();
        std::fs::write(folder.path().join("agent_key"), "k\n").unwrap();
        let mut spec = samples::instance("ale", 10);
        let source = folder.path().display().to_string();
        spec.mounts.push(Mount::Bind { source, target: "/run/secrets/flotta".into(), read_only: true });
        world.run_container(spec).unwrap();
        let database = SimulatedDatabaseServer::new(world.clone());
        database.create_schema("flt_ale", &SecretString::from("p")).await.unwrap();
        let site = samples::site("ale", 10);
        assert!(unreachable(wordpress.page(&site, "/").await));
        tokio::time::sleep(Duration::from_millis(301)).await;
        samples::install(&world, "ale").await;
        assert_eq!(wordpress.page(&site, "/").await.unwrap().status, 200);
        assert!(wordpress.ready(&site, &SecretString::from("other")).await.is_err());
        assert!(wordpress.ready(&site, &SecretString::from("k")).await.unwrap().installed);

        world.pause("t1-ale").unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(60), wordpress.page(&site, "/")).await.is_err());
        world.set_time_out(Some(Duration::from_secs(10)));
        assert!(unreachable(wordpress.page(&site, "/").await));
        world.start("t1-ale").unwrap();
        database.create_schema("flt_ale", &SecretString::from("made anew")).await.unwrap();
        assert_eq!(wordpress.page(&site, "/").await.unwrap().status, 500);
        assert_eq!(world.effect("user changed flt_ale"), 1);
    }
}
