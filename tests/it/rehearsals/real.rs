// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rehearsals on the real engine, of a network with three sites.

use std::{
    net::{IpAddr, TcpListener},
    time::{Duration, Instant},
};

use flotta::{
    fleet::{Instance, Operation, ReleaseId, Scope, evidence::Level, update::Migration},
    instances::Target,
    releases::{self, Register},
    rollouts::rehearsals::{
        self,
        evidence::{self, Evidence},
    },
    store,
};

use crate::support::{
    fleet::Fleet,
    image::{Image, compile},
};

/// Two more sites, with posts and a page that has a form.
const SITES: &str = r#"
$_SERVER['REMOTE_ADDR'] = '127.0.0.1'; $_SERVER['HTTP_HOST'] = getenv('PROV_HOST'); $_SERVER['HTTPS'] = 'on'; $_SERVER['REQUEST_URI'] = '/';
require '/var/www/html/wp-load.php';
kses_remove_filters(); // nobody is logged in: the form would be taken out
foreach (['skola', 'vard'] as $slug) {
    $id = wpmu_create_blog(DOMAIN_CURRENT_SITE, "/$slug/", ucfirst($slug), 1);
    if (is_wp_error($id)) { echo $id->get_error_message(); exit(1); }
    switch_to_blog($id);
    for ($n = 1; $n <= 3; $n++) {
        wp_insert_post(['post_title' => "Nyheter om badhuset $n", 'post_status' => 'publish', 'post_content' => str_repeat('Badet öppnar igen efter sommarens renovering och alla är välkomna. ', 5)]);
    }
    wp_insert_post(['post_title' => 'Kontakt', 'post_type' => 'page', 'post_status' => 'publish', 'post_content' => '<!-- wp:html --><form action="/"><input name="fraga"></form><!-- /wp:html -->']);
    delete_option('rewrite_rules'); // those made here are the main site's
    restore_current_blog();
}
echo 'done';
"#;

/// WordPress' own jobs wait until tomorrow: they write, and the first visit to a site makes some that are due at once.
const TOMORROW: &str = r#"
$_SERVER['REMOTE_ADDR'] = '127.0.0.1'; $_SERVER['HTTP_HOST'] = getenv('PROV_HOST'); $_SERVER['HTTPS'] = 'on'; $_SERVER['REQUEST_URI'] = '/';
require '/var/www/html/wp-load.php';
foreach (get_sites(['fields' => 'ids']) as $id) {
    switch_to_blog($id);
    $later = [];
    foreach (_get_cron_array() as $at => $hooks) {
        foreach ($hooks as $hook => $each) {
            $later[$at + DAY_IN_SECONDS][$hook] = $each;
        }
    }
    _set_cron_array($later);
    restore_current_blog();
}
echo 'done';
"#;

/// Every site's options, and what their values come to; WordPress itself is not started, since that can write.
const OPTIONS: &str = r#"
define('SHORTINIT', true);
require '/var/www/html/wp-load.php';
foreach ($wpdb->get_col("SHOW TABLES LIKE '%options'") as $table) {
    foreach ($wpdb->get_results("SELECT option_name AS name, MD5(option_value) AS sum FROM $table ORDER BY option_name") as $row) {
        echo "$table $row->name $row->sum\n";
    }
}
"#;

/// A fleet with a municipality whose network has three sites.
struct Stage {
    fleet: Fleet,
    target: Target,
}

impl Stage {
    async fn set() -> Self {
        // Health's own visits make WordPress write too: rarely, and not for the first time when data are compared.
        let fleet = Fleet::start_with(|raw| raw.health.interval_seconds = 3600).await;
        let operation = fleet.onboard(&Fleet::request("ale")).await.unwrap();
        fleet.done(operation.id).await;
        let target = fleet.app.tools.target(operation.instance).await.unwrap();
        let host = format!("ale.localhost:{}", fleet.app.config.gateway.https_port);
        let at_home = |code: &str| code.replace("getenv('PROV_HOST')", &format!("'{host}'"));
        assert_eq!(php(&fleet, &target.container(), &at_home(SITES)).await, "done");
        for path in ["/", "/skola/", "/vard/"].repeat(2) {
            let (status, body) = fleet.visit("ale.localhost", path).await;
            assert_eq!(status, 200, "{path}: {body}");
        }
        assert_eq!(php(&fleet, &target.container(), &at_home(TOMORROW)).await, "done");
        Self { fleet, target }
    }

    async fn register(&self, image: &str, name: &str) -> ReleaseId {
        let register = Register { image: image.to_owned(), name: Some(name.to_owned()), contract: None, stable: false };
        releases::register(&self.fleet.app.tools, &register).await.unwrap().id
    }

    async fn instance(&self) -> Instance {
        store::instances::get(&self.fleet.app.tools.store, &Scope::Fleet, self.target.instance.id).await.unwrap()
    }

    async fn start(&self, release: ReleaseId) -> Operation {
        let operation = rehearsals::start(&self.fleet.app.tools, &self.instance().await, release, None, "test").await.unwrap();
        self.fleet.app.signals.operations.notify_one();
        operation
    }

    /// Rehearses, and checks that nothing of the instance's own was touched and nothing is left.
    async fn rehearse(&self, release: ReleaseId) -> Evidence {
        let tools = &self.fleet.app.tools;
        let schema = self.target.instance.schema();
        let before = tools.database.fingerprint(&schema).await.unwrap();
        let options = php(&self.fleet, &self.target.container(), OPTIONS).await;
        let begun = Instant::now();
        let operation = self.fleet.done(self.start(release).await.id).await;
        eprintln!("rehearsed in {:?}\n{}", begun.elapsed(), self.fleet.journal(operation.id).await);
        let after = tools.database.fingerprint(&schema).await.unwrap();
        let touched: Vec<_> = before.iter().filter(|(table, was)| after.get(*table) != Some(*was)).collect();
        if !touched.is_empty() || before.len() != after.len() {
            let now = php(&self.fleet, &self.target.container(), OPTIONS).await;
            let others =
                |of: &str, than: &str| of.lines().filter(|line| !than.lines().any(|l| l == *line)).map(str::to_owned).collect::<Vec<_>>();
            panic!("live data were touched: {touched:?}; options {:?} are now {:?}", others(&options, &now), others(&now, &options));
        }
        self.nothing_left().await;
        let evidence = evidence::whole(tools, operation.id).await.unwrap().expect("there is evidence");
        let told = store::operations::events_after(&tools.store, operation.id, 0).await.unwrap().pop().unwrap().evidence;
        assert_eq!(told["migration"], evidence.migration.to_string(), "{told}");
        assert_eq!(told["level"], evidence.level.to_string(), "{told}");
        eprintln!("{} {} {:#?} {:#?}", evidence.level, evidence.migration, evidence.findings, evidence.changes);
        evidence
    }

    async fn nothing_left(&self) {
        let tools = &self.fleet.app.tools;
        let fleet = &tools.settings.fleet;
        assert_eq!(tools.database.schemas("flt_").await.unwrap(), [self.target.instance.schema()]);
        assert_eq!(tools.engine.networks(fleet).await.unwrap().len(), 1);
        let containers = tools.engine.containers(fleet).await.unwrap();
        assert!(containers.iter().all(|c| !c.name.contains("rehearsal")), "{containers:?}");
        let secrets = std::fs::read_dir(tools.settings.home.join("secrets")).unwrap();
        let secrets: Vec<_> = secrets.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert!(secrets.iter().all(|name| !name.contains("rehearsal")), "{secrets:?}");
    }
}

async fn php(fleet: &Fleet, container: &str, code: &str) -> String {
    let out = fleet.app.tools.engine.exec(container, &["php", "-r", code], None, b"", 120).await.unwrap();
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_release_passes_and_changes_nothing() {
    let stage = Stage::set().await;
    let evidence = stage.rehearse(stage.instance().await.release).await;
    assert_eq!((evidence.level, evidence.migration), (Level::Pass, Migration::None), "{evidence:#?}");
    let kinds = |blog: u64| evidence.pages.iter().filter(|p| p.old.page.blog == blog).map(|p| p.old.page.kind.as_str()).collect::<Vec<_>>();
    for kind in ["home", "log-in", "newest", "page", "form", "archive", "search"] {
        assert!(kinds(2).contains(&kind), "{kind} is not among {:?}", kinds(2));
    }
    for pair in &evidence.pages {
        assert_eq!((pair.old.status, pair.new.as_ref().unwrap().status), (200, 200), "{pair:?}");
        assert!(pair.old.words.count > 0, "{pair:?}");
    }
    // Pictures of the same are the same.
    assert_eq!((evidence.pictures.len(), evidence.without_pictures.as_str()), (3, ""));
    for picture in &evidence.pictures {
        assert!(picture.changed < 0.005, "{picture:?}");
    }
    // What was chosen is kept.
    let kept = store::samples::of(&stage.fleet.app.tools.store, stage.target.instance.id).await.unwrap();
    assert_eq!(kept.len(), evidence.pages.len());
    let again = stage.rehearse(stage.instance().await.release).await;
    assert!(again.pages.iter().map(|p| &p.old.page).eq(&kept), "{:?}", again.pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_are_judged_by_what_they_do() {
    let stage = Stage::set().await;

    let fatal =
        Image::with_theme("fatal", "add_action('template_redirect', function () { if (is_singular('post')) { prov_finns_inte(); } });");
    let evidence = stage.rehearse(stage.register(&fatal.0, "fatal").await).await;
    assert_eq!((evidence.level, evidence.migration), (Level::Fail, Migration::None), "{evidence:#?}");
    let worst = &evidence.findings[0];
    assert!(
        worst.level == Level::Fail && evidence.findings.iter().any(|f| f.what == "broken" && f.about.contains("badhuset")),
        "{evidence:#?}"
    );
    assert!(
        evidence
            .findings
            .iter()
            .all(|f| f.level < Level::Fail || f.what == "log" || f.about.contains("badhuset") || f.about.contains("/hej")),
        "{evidence:#?}"
    );
    assert!(evidence.findings.iter().any(|f| f.what == "log" && f.detail.contains("prov_finns_inte")), "{evidence:#?}");

    let data = Image::with_theme(
        "data",
        "add_action('wp', function () { if ((int) get_option('prov_db_version') !== 43) { update_option('prov_look', ['b' => 2]); update_option('prov_db_version', 43); } });",
    );
    let evidence = stage.rehearse(stage.register(&data.0, "data").await).await;
    assert_eq!((evidence.level, evidence.migration), (Level::Pass, Migration::Data), "{evidence:#?}");
    for table in ["wp_options", "wp_2_options", "wp_3_options"] {
        assert!(evidence.changes.contains(&format!("{table}: prov_db_version went from nothing to `43`")), "{:#?}", evidence.changes);
    }

    let includes = "/var/www/html/wp-includes";
    let raise = format!("RUN sed -i -E 's/(wp_db_version = )[0-9]+/\\199999/' {includes}/version.php && {}", compile(includes));
    let schema = Image::build("schema", &raise, "");
    let evidence = stage.rehearse(stage.register(&schema.0, "schema").await).await;
    assert_eq!((evidence.level, evidence.migration), (Level::Pass, Migration::Schema), "{evidence:#?}");

    let deaf = Image::build(
        "deaf",
        "RUN rm -rf /opt/flotta/opcache/*/var/www/html/wp-settings.php.bin && echo '<?php exit;' >/var/www/html/wp-settings.php",
        "",
    );
    let evidence = stage.rehearse(stage.register(&deaf.0, "deaf").await).await;
    assert_eq!((evidence.level, evidence.findings[0].what.as_str()), (Level::Fail, "start"), "{evidence:#?}");
}

/// Tries a TCP connection from inside; `open` or why not.
async fn connect(stage: &Stage, container: &str, address: IpAddr, port: u16) -> String {
    let code = format!("$s = @stream_socket_client('tcp://{address}:{port}', $e, $m, 2); echo $s ? 'open' : \"closed $m\";");
    php(&stage.fleet, container, &code).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_reaches_nobody() {
    let stage = Stage::set().await;
    let tools = &stage.fleet.app.tools;
    // A release that takes its time, so that there is a container to look from.
    let slow = Image::with_theme("slow", "add_action('template_redirect', function () { sleep(20); });");
    let operation = stage.start(stage.register(&slow.0, "slow").await).await;
    let container = format!("{}-new", tools.settings.rehearsal(&stage.target.instance));
    let over = Instant::now() + Duration::from_secs(120);
    while !tools.engine.container(&container).await.unwrap().is_some_and(|c| c.running) {
        assert!(Instant::now() < over, "{}", stage.fleet.journal(operation.id).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let network = tools.engine.network(&tools.settings.rehearsal(&stage.target.instance)).await.unwrap().unwrap();
    let host: IpAddr = network.subnets[0]
        .split('/')
        .next()
        .map(|a| a.parse::<std::net::Ipv4Addr>().unwrap())
        .map(|a| IpAddr::V4((u32::from(a) + 1).into()))
        .unwrap();

    // The host itself, on the rehearsal's network and on the fleet's.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(std::net::TcpStream::connect_timeout(&(host, port).into(), Duration::from_secs(2)).is_ok());
    for address in [host, IpAddr::V4(tools.subnet.gateway())] {
        assert_ne!(connect(&stage, &container, address, port).await, "open", "{address}");
    }
    // The instance, and the gateway.
    let live = IpAddr::V4(stage.target.address().unwrap());
    assert!(std::net::TcpStream::connect_timeout(&(live, 80).into(), Duration::from_secs(2)).is_ok());
    assert_ne!(connect(&stage, &container, live, 80).await, "open");
    assert_ne!(connect(&stage, &container, host, stage.fleet.app.config.gateway.https_port).await, "open");
    // And the instance does not reach the rehearsal.
    let own = tools.engine.container(&container).await.unwrap().unwrap().address.unwrap();
    assert!(std::net::TcpStream::connect_timeout(&(own, 80).into(), Duration::from_secs(2)).is_ok());
    assert_ne!(connect(&stage, &stage.target.container(), IpAddr::V4(own), 80).await, "open");
    // No names, no way out, no mail, no requests by WordPress.
    assert_eq!(php(&stage.fleet, &container, "echo gethostbyname('deb.debian.org');").await, "deb.debian.org");
    assert_ne!(connect(&stage, &container, "1.1.1.1".parse().unwrap(), 53).await, "open");
    let wordpress = |ask: &str| {
        let host = format!("ale.localhost:{}", stage.fleet.app.config.gateway.https_port);
        format!(
            "$_SERVER['REMOTE_ADDR'] = '127.0.0.1'; $_SERVER['HTTP_HOST'] = '{host}'; $_SERVER['HTTPS'] = 'on'; $_SERVER['REQUEST_URI'] = '/'; require '/var/www/html/wp-load.php'; {ask}"
        )
    };
    let mail = wordpress("echo json_encode([wp_mail('a@example.se', 'x', 'y'), mail('a@example.se', 'x', 'y')]);");
    assert_eq!(php(&stage.fleet, &container, &mail).await, "[false,false]");
    let ask = wordpress("$a = wp_remote_get('http://93.184.215.14/'); echo is_wp_error($a) ? $a->get_error_code() : 'asked';");
    assert_eq!(php(&stage.fleet, &container, &ask).await, "flotta_rehearsal");
    // Uploads can be read and not written.
    let write = "echo @file_put_contents('/var/www/html/wp-content/uploads/prov', 'x') === false ? 'refused' : 'written';";
    assert_eq!(php(&stage.fleet, &container, write).await, "refused");
    // Its password opens its copy and nothing else.
    let code = "mysqli_report(0); $c = mysqli_init(); $c->real_connect(null, getenv('WORDPRESS_DB_USER'), trim(file_get_contents('/run/secrets/flotta/db_password')), null, 0, '/run/flotta/db/mysqld.sock'); echo implode(',', array_column($c->query('SHOW DATABASES')->fetch_all(), 0));";
    let seen = php(&stage.fleet, &container, code).await;
    assert_eq!(seen, format!("{}_reh,information_schema", stage.target.instance.schema()));

    // A killed rehearsal is swept: here, its operation is gone from the store.
    stage.fleet.stop().await;
    assert_eq!(rehearsals::sweep::leftovers(tools).await.unwrap(), 0, "what is live is left alone");
}
