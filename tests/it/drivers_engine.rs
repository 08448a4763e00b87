// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The engine's driver against a real Docker engine.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use flotta::{
    drivers::engine::{
        Engine,
        docker::{Docker, DockerSettings},
    },
    error::{Error, OutsideKind},
    fleet::{
        Limits,
        container::{Attachment, Mount, VolumeState, label},
    },
};
use futures::StreamExt;

use crate::support::real::{BASE, Real, text};

fn kind<T: std::fmt::Debug>(answer: Result<T, Error>) -> OutsideKind {
    match answer.unwrap_err() {
        Error::Outside { system: "engine", kind, .. } => kind,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_engine_says_what_it_is() {
    let real = Real::new().await;
    let info = real.engine.info().await.unwrap();
    assert!(info.version.starts_with(|c: char| c.is_ascii_digit()), "{info:?}");
    assert!(info.memory_mib > 100 && info.cpus > 0, "{info:?}");
    assert!(real.engine.free_disk_bytes().await.unwrap() > 1 << 20);
    let image = real.engine.image(BASE).await.unwrap().unwrap();
    assert!(image.id.starts_with("sha256:"));
    assert!(real.engine.image("flotta/none:0").await.unwrap().is_none());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_unreachable() {
    let nowhere = Docker::new(DockerSettings { address: "/nowhere/docker.sock".into(), ..DockerSettings::default() });
    assert_eq!(kind(nowhere.info().await), OutsideKind::Unreachable);
    // A socket that accepts and stays silent.
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("silent.sock");
    let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let mut settings = DockerSettings { address: text(&socket), ..DockerSettings::default() };
    settings.time_outs.ask = Duration::from_millis(200);
    let begun = Instant::now();
    assert_eq!(kind(Docker::new(settings).info().await), OutsideKind::Unreachable);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn networks_are_made_once_and_keep_members_apart() {
    let real = Real::new().await;
    let spec = real.network().await;
    let seen = real.engine.network(&spec.name).await.unwrap().unwrap();
    assert_eq!((seen.subnets, seen.inter_container, seen.bridge), (vec![spec.subnet.clone()], false, spec.bridge.clone()));
    assert_eq!(seen.labels, spec.labels);
    assert!(real.engine.occupied_subnets().await.unwrap().contains(&spec.subnet));
    real.engine.create_network(&spec).await.unwrap();

    let mut other = spec.clone();
    other.labels.insert(label::FLEET.into(), "other".into());
    assert_eq!(kind(real.engine.create_network(&other).await), OutsideKind::Conflict);
    let mut overlapping = spec.clone();
    overlapping.name = real.name("net2");
    assert_eq!(kind(real.engine.create_network(&overlapping).await), OutsideKind::Conflict);

    // Two members: neither reaches the other, the host reaches both.
    let prefix = spec.subnet.trim_end_matches("0/24").to_owned();
    let mut addresses = Vec::new();
    for (n, rest) in [(10, "a"), (11, "b")] {
        let mut member = real.idle(rest).await;
        let address: std::net::Ipv4Addr = format!("{prefix}{n}").parse().unwrap();
        member.attachment = Attachment::Network { name: spec.name.clone(), address };
        member.command = [
            "perl",
            "-MIO::Socket::INET",
            "-e",
            "$s=IO::Socket::INET->new(LocalPort=>8000,Listen=>5,ReuseAddr=>1) or die; while($c=$s->accept){print $c \"hej\\n\"; close $c}",
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        real.run(&member).await;
        assert_eq!(real.engine.container(&member.name).await.unwrap().unwrap().address, Some(address));
        addresses.push(address);
    }
    for address in &addresses {
        let reached = real
            .until("the member listens", Duration::from_secs(10), &real.name("a"), || async {
                tokio::net::TcpStream::connect((*address, 8000)).await.map_err(|e| Error::Internal(e.to_string()))
            })
            .await;
        drop(reached);
    }
    let target = format!("PeerAddr=>'{}:8000'", addresses[1]);
    let script = format!("use IO::Socket::INET; $s=IO::Socket::INET->new({target},Timeout=>2); print $s ? 'reached' : 'apart'");
    let out = real.engine.exec(&real.name("a"), &["perl", "-e", &script], None, b"", 20).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "apart");

    assert_eq!(kind(real.engine.remove_network(&spec.name).await), OutsideKind::Conflict);
    for rest in ["a", "b"] {
        real.engine.remove_container(&real.name(rest)).await.unwrap();
    }
    real.engine.remove_network(&spec.name).await.unwrap();
    real.engine.remove_network(&spec.name).await.unwrap();
    assert!(real.engine.network(&spec.name).await.unwrap().is_none());
}

#[tokio::test]
async fn volumes_are_made_once_and_belong_to_one() {
    let real = Real::new().await;
    let mut volume = VolumeState { name: real.name("v"), labels: real.labels("instance") };
    volume.labels.insert(label::MUNICIPALITY.into(), "ale".into());
    real.engine.create_volume(&volume).await.unwrap();
    assert_eq!(real.engine.volume(&volume.name).await.unwrap(), Some(volume.clone()));
    // Made again by another operation: the same volume.
    let mut again = volume.clone();
    again.labels.insert(label::OPERATION.into(), "x".into());
    real.engine.create_volume(&again).await.unwrap();
    let mut other = volume.clone();
    other.labels.insert(label::MUNICIPALITY.into(), "habo".into());
    assert_eq!(kind(real.engine.create_volume(&other).await), OutsideKind::Conflict);
    assert_eq!(real.engine.volumes(&real.fleet).await.unwrap(), [volume.clone()]);

    let mut user = real.idle("user").await;
    user.mounts = vec![Mount::Volume { name: volume.name.clone(), target: "/data".into() }];
    real.run(&user).await;
    assert_eq!(kind(real.engine.remove_volume(&volume.name).await), OutsideKind::Conflict);
    real.engine.remove_container(&user.name).await.unwrap();
    real.engine.remove_volume(&volume.name).await.unwrap();
    real.engine.remove_volume(&volume.name).await.unwrap();
    assert!(real.engine.volume(&volume.name).await.unwrap().is_none());
}

#[tokio::test]
async fn a_container_lives_and_dies() {
    let real = Real::new().await;
    let engine = &real.engine;
    let mut spec = real.idle("one").await;
    spec.stop_grace_seconds = 3;
    spec.command = ["sh", "-c", "echo klar; trap 'exit 7' TERM; while :; do sleep 0.1; done"].map(ToOwned::to_owned).to_vec();
    assert!(engine.container(&spec.name).await.unwrap().is_none());
    engine.create_container(&spec).await.unwrap();
    engine.create_container(&spec).await.unwrap();
    let made = engine.container(&spec.name).await.unwrap().unwrap();
    assert_eq!((made.running, made.exit_code, &made.image), (false, None, &spec.image));
    assert_eq!(made.labels.get(label::SPEC), Some(&spec.hash()));
    let mut changed = spec.clone();
    changed.environment.push("A=b".into());
    assert_eq!(kind(engine.create_container(&changed).await), OutsideKind::Conflict);
    let mut others = spec.clone();
    others.labels.insert(label::FLEET.into(), "other".into());
    assert_eq!(kind(engine.create_container(&others).await), OutsideKind::Conflict);

    engine.start_container(&spec.name).await.unwrap();
    engine.start_container(&spec.name).await.unwrap();
    let running = engine.container(&spec.name).await.unwrap().unwrap();
    assert!(running.running && !running.paused);
    assert_eq!(engine.containers(&real.fleet).await.unwrap(), std::slice::from_ref(&running));

    // By hand: paused.
    assert!(std::process::Command::new("docker").args(["pause", &spec.name]).output().unwrap().status.success());
    let paused = engine.container(&spec.name).await.unwrap().unwrap();
    assert!(paused.running && paused.paused);
    assert_eq!(engine.containers(&real.fleet).await.unwrap(), [paused]);
    engine.start_container(&spec.name).await.unwrap();
    assert!(!engine.container(&spec.name).await.unwrap().unwrap().paused);

    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(engine.logs(&spec.name, 5).await.unwrap(), "klar\n");
    let memory = engine.memory_bytes(&spec.name).await.unwrap();
    assert!((100_000..20_000_000).contains(&memory), "{memory}");

    engine.stop_container(&spec.name, 3).await.unwrap();
    engine.stop_container(&spec.name, 3).await.unwrap();
    let stopped = engine.container(&spec.name).await.unwrap().unwrap();
    assert_eq!((stopped.running, stopped.exit_code, stopped.address), (false, Some(7), None));
    assert_eq!(engine.containers(&real.fleet).await.unwrap(), [stopped]);
    assert_eq!(kind(engine.memory_bytes(&spec.name).await), OutsideKind::Refused);
    assert_eq!(kind(engine.exec(&spec.name, &["true"], None, b"", 10).await), OutsideKind::Conflict);

    let both = tokio::join!(engine.remove_container(&spec.name), engine.remove_container(&spec.name));
    both.0.unwrap();
    both.1.unwrap();
    engine.remove_container(&spec.name).await.unwrap();
    engine.stop_container(&spec.name, 1).await.unwrap();
    assert!(engine.container(&spec.name).await.unwrap().is_none());
    assert_eq!(kind(engine.start_container(&spec.name).await), OutsideKind::Refused);
}

#[tokio::test]
async fn a_container_can_do_no_more_than_it_was_given() {
    let real = Real::new().await;
    let mut spec = real.idle("tight").await;
    let file = real.file("secret", "hemligt");
    spec.limits = Some(Limits { memory_mib: 96, cpu_milli: 500, pids: 32 });
    spec.mounts = vec![
        Mount::Tmpfs { target: "/run".into(), size_mib: 4 },
        Mount::Tmpfs { target: "/tmp".into(), size_mib: 4 },
        Mount::Bind { source: text(&file), target: "/run/secrets/one".into(), read_only: true },
    ];
    spec.extra_hosts = vec!["ale.localhost:127.0.0.9".into()];
    spec.user = "65534:65534".into();
    spec.restart = true;
    real.run(&spec).await;
    let run = async |script: &str| {
        let out = real.engine.exec(&spec.name, &["sh", "-c", script], None, b"", 20).await.unwrap();
        format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
    };
    let status = run("cat /proc/1/status").await;
    for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Uid:\t65534"] {
        assert!(status.contains(line), "{line} not in\n{status}");
    }
    assert_eq!(run("cat /run/secrets/one").await, "hemligt");
    assert!(run("echo x > /run/secrets/one").await.contains("Read-only"));
    assert!(run("echo x > /etc/x").await.contains("Read-only"));
    assert_eq!(run("echo x > /tmp/x && cat /tmp/x").await, "x\n");
    assert!(run("head -c 8M /dev/zero > /tmp/big").await.contains("No space left"));
    assert!(run("cat /etc/hosts").await.contains("127.0.0.9\tale.localhost"));
    let inspect = std::process::Command::new("docker").args(["inspect", &spec.name]).output().unwrap();
    let inspect: serde_json::Value = serde_json::from_slice(&inspect.stdout).unwrap();
    let host = &inspect[0]["HostConfig"];
    assert_eq!(host["Memory"], 96 << 20);
    assert_eq!(host["MemorySwap"], 96 << 20);
    assert_eq!(host["NanoCpus"], 500_000_000);
    assert_eq!(host["PidsLimit"], 32);
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    assert_eq!(host["LogConfig"]["Config"], serde_json::json!({ "max-size": "10m", "max-file": "3" }));
}

#[tokio::test]
async fn missing_things_are_refused_with_their_names() {
    let real = Real::new().await;
    let mut spec = real.idle("x").await;
    spec.image = "flotta/none:0".into();
    let error = real.engine.create_container(&spec).await.unwrap_err().to_string();
    assert!(error.contains("flotta/none:0"), "{error}");
    let mut spec = real.idle("y").await;
    spec.mounts = vec![Mount::Bind { source: "/nowhere/at/all".into(), target: "/x".into(), read_only: true }];
    let error = real.engine.create_container(&spec).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all"), "{error}");
    assert_eq!(kind(real.engine.container("../info").await), OutsideKind::Refused);
    assert!(matches!(real.engine.image("x?y").await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn commands_get_their_input_and_give_everything_back() {
    let real = Real::new().await;
    let engine = &real.engine;
    let spec = real.idle("exec").await;
    real.run(&spec).await;
    let name = spec.name.as_str();
    let input: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let out = engine.exec(name, &["cat"], None, &input, 60).await.unwrap();
    assert_eq!((out.status, out.stdout == input, out.stderr.len()), (0, true, 0));

    let out = engine.exec(name, &["sh", "-c", "id -u; echo fel >&2; exit 3"], Some("1000"), b"", 20).await.unwrap();
    assert_eq!((out.status, out.stdout.as_slice(), out.stderr.as_slice()), (3, b"1000\n".as_slice(), b"fel\n".as_slice()));
    let out = engine.exec(name, &["sh", "-c", "head -c 300000 /dev/zero >&2"], None, b"", 20).await.unwrap();
    assert_eq!(out.stderr.len(), 65_536);
    // A command that does not read what it is given.
    let out = engine.exec(name, &["true"], None, &input, 20).await.unwrap();
    assert_eq!(out.status, 0);
    let out = engine.exec(name, &["/no/such/program"], None, b"", 20).await.unwrap();
    assert!(out.status == 126 || out.status == 127, "{out:?}");

    let begun = Instant::now();
    assert_eq!(kind(engine.exec(name, &["sleep", "30"], None, b"", 1).await), OutsideKind::Unreachable);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(kind(engine.exec(&real.name("none"), &["true"], None, b"", 5).await), OutsideKind::Refused);
}

/// Takes what it is given, slowly.
struct Slow {
    taken: usize,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl tokio::io::AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if self.pause.is_none() {
            self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(20))));
        }
        if self.pause.as_mut().unwrap().as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        self.taken += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn output_is_streamed_at_the_pace_of_who_takes_it() {
    let real = Real::new().await;
    let engine = &real.engine;
    let spec = real.idle("stream").await;
    real.run(&spec).await;
    let mut all = Vec::new();
    engine.exec_to(&spec.name, &["sh", "-c", "head -c 20000000 /dev/zero; echo ok >&2"], None, &mut all, 60).await.unwrap();
    assert_eq!(all.len(), 20_000_000);

    let error = engine.exec_to(&spec.name, &["sh", "-c", "echo halv; echo varför >&2; exit 4"], None, &mut all, 20).await.unwrap_err();
    assert!(error.to_string().contains("exit status 4: varför"), "{error}");

    // With a slow taker, the command itself is held up: it has not written everything long before all is taken.
    let mut slow = Slow { taken: 0, pause: None };
    let script = "head -c 200000000 /dev/zero";
    assert_eq!(kind(engine.exec_to(&spec.name, &["sh", "-c", script], None, &mut slow, 2).await), OutsideKind::Unreachable);
    assert!(slow.taken < 50_000_000, "{}", slow.taken);
    let still = engine.exec(&spec.name, &["sh", "-c", "grep -al 'head' /proc/[0-9]*/comm | wc -l"], None, b"", 10).await.unwrap();
    assert_eq!(still.status, 0);
}

#[tokio::test]
async fn folders_come_out_as_tar_also_of_stopped_containers() {
    let real = Real::new().await;
    let mut spec = real.idle("files").await;
    spec.mounts = vec![Mount::Volume { name: real.name("files"), target: "/uploads".into() }];
    real.engine.create_volume(&VolumeState { name: real.name("files"), labels: real.labels("instance") }).await.unwrap();
    real.run(&spec).await;
    let script = "mkdir /uploads/2026 && head -c 3000000 /dev/urandom > /uploads/2026/bild.jpg && printf hej > '/uploads/å ä.txt' && sha256sum < /uploads/2026/bild.jpg";
    let made = real.engine.exec(&spec.name, &["sh", "-c", script], None, b"", 20).await.unwrap();
    assert_eq!(made.status, 0, "{made:?}");
    real.engine.stop_container(&spec.name, 2).await.unwrap();
    let mut archive = Vec::new();
    real.engine.copy_out(&spec.name, "/uploads", &mut archive, 60).await.unwrap();
    let mut found = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let entry = entry.unwrap();
        found.insert(entry.path().unwrap().to_str().unwrap().to_owned(), entry.size());
    }
    assert_eq!(found.get("uploads/2026/bild.jpg"), Some(&3_000_000));
    assert_eq!(found.get("uploads/å ä.txt"), Some(&3));
    assert_eq!(kind(real.engine.copy_out(&spec.name, "/nothing", &mut archive, 10).await), OutsideKind::Refused);
}

#[tokio::test]
async fn events_of_this_fleet_are_heard_and_no_others() {
    let real = Real::new().await;
    let other = Real::new().await;
    let mut events = real.engine.events(&real.fleet).await.unwrap();
    let mut spec = real.idle("heard").await;
    spec.labels.insert(label::INSTANCE.into(), "i1".into());
    // Nothing has been read from the stream yet: what happens now must not be missed.
    other.run(&other.idle("unheard").await).await;
    real.run(&spec).await;
    assert!(std::process::Command::new("docker").args(["kill", &spec.name]).output().unwrap().status.success());
    real.engine.remove_container(&spec.name).await.unwrap();
    let mut actions = Vec::new();
    while actions.last().map(String::as_str) != Some("destroy") {
        let event = tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("an event").unwrap().unwrap();
        assert_eq!((event.container.as_str(), event.role.as_str(), event.instance.as_deref()), (spec.name.as_str(), "task", Some("i1")));
        actions.push(event.action);
    }
    assert_eq!(actions, ["start", "kill", "die", "destroy"]);
}

#[tokio::test]
async fn an_image_that_no_registry_has_cannot_be_fetched() {
    let real = Real::new().await;
    // Nothing listens there: refused at once, without leaving the machine.
    let error = real.engine.pull_image("127.0.0.1:9/flotta/none:0").await.unwrap_err();
    assert!(matches!(error, Error::Outside { system: "engine", .. }), "{error}");
}
