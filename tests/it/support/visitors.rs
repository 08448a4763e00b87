// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Municipalities with sites on the real engine, and people who visit them all the while.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use flotta::{
    fleet::{Instance, NetworkKind, OperationState, Release, Scope},
    store,
};

use super::fleet::{Fleet, visit};

/// Runs PHP in WordPress, as a visitor of the main site.
pub fn php(container: &str, code: &str) -> String {
    let program = format!(
        "$_SERVER += ['HTTP_HOST' => strtok(getenv('FLOTTA_TEST_HOST'), ' '), 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'HTTPS' => 'on'];\
         require '/var/www/html/wp-load.php'; {code}"
    );
    let host = Command::new("docker")
        .args([
            "exec",
            container,
            "sh",
            "-c",
            "printenv WORDPRESS_CONFIG_EXTRA | sed -n \"s/.*DOMAIN_CURRENT_SITE', '\\([^']*\\)'.*/\\1/p\"",
        ])
        .output()
        .unwrap();
    let host = format!("FLOTTA_TEST_HOST={}", String::from_utf8_lossy(&host.stdout).trim());
    let out = Command::new("docker").args(["exec", "-e", &host, container, "php", "-r", &program]).output().unwrap();
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// A municipality with these sites below its main one.
pub async fn municipality(fleet: &Fleet, slug: &str, release: &Release, sites: &[&str]) -> Instance {
    let mut request = Fleet::request(slug);
    request.network = Some(NetworkKind::SubDirectory.to_string());
    request.release = Some(release.name.clone());
    let operation = fleet.onboard(&request).await.unwrap();
    assert_eq!(operation.state, OperationState::Done, "{}", fleet.journal(operation.id).await);
    let instance = store::instances::get(&fleet.app.tools.store, &Scope::Fleet, operation.instance).await.unwrap();
    add_sites(&fleet.app.tools.target(instance.id).await.unwrap().container(), sites);
    instance
}

/// Adds sites to a network with sub-directories.
pub fn add_sites(container: &str, sites: &[&str]) {
    for site in sites {
        php(
            container,
            &format!(
                "$id = wpmu_create_blog(get_network()->domain, '/{site}/', 'Webbplats {site}', 1, ['public' => 1], 1); if (is_wp_error($id)) {{ echo $id->get_error_message(); exit(1); }}"
            ),
        );
    }
}

/// So many come, however long it takes.
const AT_MOST: usize = 60_000;
/// So many are under way at once at most.
const AT_ONCE: usize = 32;

/// Visitors who ask for these pages in turn, twenty times a second, until they are told to stop.
pub struct Visitors {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Vec<String>>,
}

impl Visitors {
    /// Begins; pages are host and path.
    pub fn come(fleet: &Fleet, pages: &[(&str, &str)]) -> Self {
        Self::come_to(fleet.app.config.gateway.https_port, pages, Duration::from_millis(50))
    }

    /// As [`Self::come`], through the gateway at this port, one after so long.
    pub fn come_to(port: u16, pages: &[(&str, &str)], every: Duration) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let pages: Vec<(String, String)> = pages.iter().map(|(h, p)| ((*h).to_owned(), (*p).to_owned())).collect();
        let (told, counted) = (stop.clone(), asked.clone());
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(every);
            let (mut under_way, mut gone) = (tokio::task::JoinSet::new(), Vec::new());
            for at in 0..AT_MOST {
                tick.tick().await;
                // A machine that cannot keep up is not driven into the ground: the next one comes when another has left.
                while under_way.len() >= AT_ONCE {
                    gone.extend(under_way.join_next().await.and_then(Result::ok).flatten());
                }
                if told.load(Ordering::Relaxed) {
                    break;
                }
                let (host, path) = pages[at % pages.len()].clone();
                counted.fetch_add(1, Ordering::Relaxed);
                under_way.spawn(async move {
                    let (status, page) = visit(port, &host, &path).await;
                    (status != 200 || !page.contains("<footer>kommun 1."))
                        .then(|| format!("{host}{path}: {status} {}", page.chars().take(120).collect::<String>()))
                });
            }
            gone.extend(under_way.join_all().await.into_iter().flatten());
            gone
        });
        Self { stop, asked, task }
    }

    /// Waits until so many have asked.
    pub async fn until(&self, asked: usize) {
        while self.asked.load(Ordering::Relaxed) < asked.min(AT_MOST) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// How many asked, and what went wrong.
    pub async fn leave(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let wrong = self.task.await.unwrap();
        (self.asked.load(Ordering::Relaxed), wrong)
    }
}
