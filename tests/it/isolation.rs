// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Attacks from inside a real instance. Each is tried from a place where it works first, so that a refusal proves something.

use std::{
    net::{IpAddr, Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    time::Duration,
};

use flotta::fleet::{OperationState, Scope};
use secrecy::ExposeSecret;

use crate::support::fleet::{Fleet, free_port};

/// An address on the host's loopback interface for the time of a test.
struct LinkLocal(&'static str);

impl LinkLocal {
    fn add(address: &'static str) -> Self {
        let done = Command::new("ip").args(["addr", "add", &format!("{address}/32"), "dev", "lo"]).output().expect("iproute2 is installed");
        assert!(done.status.success() || String::from_utf8_lossy(&done.stderr).contains("exists"), "{done:?}");
        Self(address)
    }
}

impl Drop for LinkLocal {
    fn drop(&mut self) {
        drop(Command::new("ip").args(["addr", "del", &format!("{}/32", self.0), "dev", "lo"]).output());
    }
}

async fn php(fleet: &Fleet, container: &str, code: &str) -> String {
    let out = fleet.app.tools.engine.exec(container, &["php", "-r", code], None, b"", 60).await.unwrap();
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)).trim().to_owned()
}

/// Tries a TCP connection from inside; `open` or why not.
async fn connect(fleet: &Fleet, container: &str, address: IpAddr, port: u16) -> String {
    let code = format!("$s = @stream_socket_client('tcp://{address}:{port}', $e, $m, 2); echo $s ? 'open' : \"closed $m\";");
    php(fleet, container, &code).await
}

fn reachable_from_host(address: IpAddr, port: u16) -> bool {
    TcpStream::connect_timeout(&(address, port).into(), Duration::from_secs(2)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines)] // one list of attacks
async fn an_instance_reaches_nothing_that_is_not_its_own() {
    // On all addresses, as in production: instances reach their own public names on the bridge's.
    let fleet = Fleet::start_with(|raw| raw.gateway.bind.clear()).await;
    let tools = &fleet.app.tools;
    let mut targets = Vec::new();
    for slug in ["ale", "bjuv"] {
        let operation = fleet.onboard(&Fleet::request(slug)).await.unwrap();
        assert_eq!(operation.state, OperationState::Done, "{}", fleet.journal(operation.id).await);
        targets.push(tools.target(operation.instance).await.unwrap());
    }
    let (own, other) = (&targets[0], &targets[1]);
    let container = own.container();
    let host = IpAddr::V4(tools.subnet.gateway());

    // What it must reach: the gateway, for requests to its own public name.
    assert_eq!(connect(&fleet, &container, host, fleet.app.config.gateway.https_port).await, "open");

    // The other instance, which the host reaches.
    let neighbour = IpAddr::V4(other.address().unwrap());
    assert!(reachable_from_host(neighbour, 80));
    assert_ne!(connect(&fleet, &container, neighbour, 80).await, "open");

    // Any other service of the host, on every address that the host has for it.
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(reachable_from_host(host, port));
    assert_ne!(connect(&fleet, &container, host, port).await, "open");

    // A link-local address such as the one at which clouds tell machines their keys.
    let metadata = "169.254.77.77";
    let _address = LinkLocal::add(metadata);
    let metadata: IpAddr = metadata.parse().unwrap();
    let listener = TcpListener::bind((metadata, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(reachable_from_host(metadata, port));
    assert_ne!(connect(&fleet, &container, metadata, port).await, "open");

    // The control plane, which listens on the host's loopback address; the container's own loopback is another.
    let control = TcpListener::bind(("127.0.0.1", free_port())).unwrap().local_addr().unwrap();
    assert_ne!(connect(&fleet, &container, IpAddr::V4(Ipv4Addr::LOCALHOST), control.port()).await, "open");
    // Caddy's admin port, were it open.
    assert_ne!(connect(&fleet, &container, host, 2019).await, "open");
    assert_eq!(php(&fleet, &container, "echo (int) file_exists('/run/flotta-gateway/admin.sock'), (int) file_exists('/var/run/docker.sock'), (int) file_exists('/run/docker.sock');").await, "000");

    // The database server: its own schema and no other.
    let (schema, theirs) = (own.instance.schema(), other.instance.schema());
    let own_password = own.secret("db_password").await.unwrap();
    let their_password = other.secret("db_password").await.unwrap();
    let sql = |user: &str, password: &str, query: &str| {
        format!(
            "mysqli_report(MYSQLI_REPORT_OFF); $d = @mysqli_connect('localhost', '{user}', '{password}', '', 0, '/run/flotta/db/mysqld.sock'); if (!$d) {{ echo 'refused'; exit; }} $r = mysqli_query($d, \"{query}\"); echo $r === false ? 'denied' : ($r === true ? 'done' : json_encode(array_merge(...array_map('array_values', mysqli_fetch_all($r) ?: [[]]))));"
        )
    };
    let password = own_password.expose_secret();
    assert_eq!(php(&fleet, &container, &sql(&schema, password, &format!("SELECT COUNT(*) > 0 FROM {schema}.wp_options"))).await, "[\"1\"]");
    let seen = php(&fleet, &container, &sql(&schema, password, "SHOW DATABASES")).await;
    assert!(seen.contains(&schema) && !seen.contains(&theirs) && !seen.contains("\"mysql\""), "{seen}");
    for query in [
        format!("SELECT * FROM {theirs}.wp_options"),
        format!("CREATE TABLE {theirs}.x (a INT)"),
        "SELECT * FROM mysql.global_priv".to_owned(),
        "SELECT LOAD_FILE('/etc/passwd') INTO @x".to_owned() + "; ",
        "CREATE DATABASE flt_evil".to_owned(),
        "SELECT 1 INTO OUTFILE '/tmp/evil'".to_owned(),
        "GRANT ALL ON *.* TO CURRENT_USER()".to_owned(),
        "SET GLOBAL max_connections = 1".to_owned(),
    ] {
        let answer = php(&fleet, &container, &sql(&schema, password, &query)).await;
        assert!(answer == "denied" || query.contains("LOAD_FILE"), "{query}: {answer}");
    }
    let file = php(&fleet, &container, &sql(&schema, password, "SELECT LOAD_FILE('/etc/passwd')")).await;
    assert!(file == "[null]" || file == "denied", "{file}");
    assert_eq!(php(&fleet, &container, &sql("root", "", "SELECT 1")).await, "refused");
    assert_eq!(php(&fleet, &container, &sql("flotta", password, "SELECT 1")).await, "refused");
    assert_eq!(php(&fleet, &container, &sql(&theirs, password, "SELECT 1")).await, "refused");

    // Its own rights on its own container.
    let status = php(&fleet, &container, "echo file_get_contents('/proc/self/status');").await;
    assert!(
        status.contains("CapEff:\t0000000000000000") && status.contains("CapBnd:\t0000000000000000") && status.contains("NoNewPrivs:\t1"),
        "{status}"
    );
    assert!(!status.contains("Uid:\t0\t"), "{status}");
    for path in [
        "/etc/evil",
        "/var/www/html/evil.php",
        "/var/www/html/wp-content/mu-plugins/flotta-agent.php",
        "/var/www/html/wp-content/plugins/evil.php",
        "/run/secrets/flotta/evil",
        "/run/flotta/db/evil",
    ] {
        assert_eq!(php(&fleet, &container, &format!("echo (int) @file_put_contents('{path}', 'x');")).await, "0", "{path}");
    }
    assert_eq!(
        php(&fleet, &container, "echo (int) (@file_put_contents('/var/www/html/wp-content/uploads/fine.txt', 'x') === 1);").await,
        "1"
    );

    // No secret in its environment or command lines, nor in what the engine shows of it.
    let everything =
        php(&fleet, &container, "foreach (glob('/proc/[0-9]*/{environ,cmdline}', GLOB_BRACE) as $f) echo @file_get_contents($f);").await;
    let shown = String::from_utf8_lossy(&Command::new("docker").args(["inspect", &container]).output().unwrap().stdout).into_owned();
    for secret in own.secrets().await.unwrap().values().chain([&their_password]) {
        assert!(!everything.contains(secret.expose_secret()) && !shown.contains(secret.expose_secret()));
    }

    // And it is still whole.
    assert_eq!(fleet.visit("ale.localhost", "/").await.0, 200);
    assert!(flotta::store::instances::get(&tools.store, &Scope::Fleet, own.instance.id).await.is_ok());
}
