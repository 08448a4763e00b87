// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The control plane is killed while network, firewall, database server and gateway are first made.

use std::time::Instant;

use flotta::fleet::OperationState;

use super::{Names, ended, no_scaffold, onboard, settled, tell, until};
use crate::support::process::{Process, docker};

/// Whether a part is there.
type Look<'a> = &'a dyn Fn(&Process) -> bool;

/// Killed whenever the next part of the platform appears: every part is made once, and the fleet works.
#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_being_made() {
    let mut process = Process::init().await;
    let fleet = process.fleet.clone();
    let label = format!("label=se.flotta.fleet={fleet}");
    let listed = |what: &str| docker(&[what, "ls", "-q", "--filter", &label]);
    let socket = |path: &str| process.home.join("run").join(path);
    let (database, gateway) = (socket("db-1/mysqld.sock"), socket("gateway/admin.sock"));
    let parts: [(&str, Look); 7] = [
        ("network", &|_| !listed("network").is_empty()),
        ("firewall", &|p| p.has_heard(&format!("create {fleet}-firewall"))),
        ("volume", &|_| !listed("volume").is_empty()),
        ("database server", &|p| p.has_heard(&format!("create {fleet}-db-1"))),
        ("gateway", &|p| p.has_heard(&format!("create {fleet}-gateway"))),
        ("gateway's socket", &|_| gateway.exists()),
        ("database server's socket", &|_| database.exists()),
    ];
    for (what, there) in parts {
        let began = Instant::now();
        process.start();
        until(&process, what, || there(&process)).await;
        process.kill();
        tell(&format!("platform, {what} there"), began);
    }
    process.start();
    process.ready().await;
    for service in ["db-1", "gateway"] {
        assert_eq!(process.heard("create", &format!("{fleet}-{service}")), 1, "{service}");
        assert_eq!(process.heard("destroy", &format!("{fleet}-{service}")), 0, "{service}");
    }
    assert_eq!((listed("network").lines().count(), listed("volume").lines().count()), (1, 1));
    process.register().await;
    let name = Names::new().next();
    let id = onboard(&process, &name).await;
    let operation = ended(&process, id, OperationState::Done, &[]).await;
    no_scaffold(&process, &operation).await;
    settled(&process, &name).await;
}
