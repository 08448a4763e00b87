// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases on the real engine: built by the command line, read from the image, compared, deleted.

mod bench;

use std::{net::Ipv4Addr, time::Duration};

use bench::Bench;
use flotta::{
    drivers::engine::Engine,
    error::{Error, OutsideKind},
    fleet::container::{Attachment, ContainerSpec, Mount},
};
use serde_json::Value;

use crate::support::real::WORDPRESS;

fn style(version: &str, more: &str) -> String {
    format!("/*\nTheme Name: Helsingborg\nVersion: {version}\n{more}*/\nbody {{ --version: {version}; }}\n")
}

fn theme<'a>(all: &'a Value, slug: &str) -> &'a Value {
    all["themes"].as_array().unwrap().iter().find(|t| t["slug"] == slug).unwrap_or_else(|| panic!("no theme {slug}: {all}"))
}

/// Starts a container of the release, as instances are: read-only, without rights. Only the database is missing.
async fn started(bench: &Bench, image: &str, name: &str, address: Ipv4Addr, network: &str) -> ContainerSpec {
    let spec = ContainerSpec {
        name: bench.real.name(name),
        image: image.to_owned(),
        command: vec![],
        environment: vec![],
        labels: bench.real.labels("instance"),
        mounts: vec![Mount::Tmpfs { target: "/tmp".into(), size_mib: 64 }, Mount::Tmpfs { target: "/run".into(), size_mib: 16 }],
        attachment: Attachment::Network { name: network.to_owned(), address },
        extra_hosts: vec![],
        limits: None,
        read_only_root: true,
        capabilities: vec![],
        restart: false,
        stop_grace_seconds: 5,
        user: String::new(),
    };
    bench.real.run(&spec).await;
    spec
}

async fn fetched(bench: &Bench, container: &str, address: Ipv4Addr, path: &str) -> String {
    let url = format!("http://{address}{path}");
    bench
        .real
        .until("the style sheet is served", Duration::from_secs(30), container, || async {
            let failed = |e: reqwest::Error| Error::outside("wordpress", OutsideKind::Unreachable, e.to_string());
            reqwest::get(&url).await.and_then(reqwest::Response::error_for_status).map_err(failed)?.text().await.map_err(failed)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_is_put_on_a_release_from_a_folder_and_from_a_zip() {
    let bench = Bench::start().await;
    let (one, two) = (style("1.0", "Requires PHP: 8.1\n"), style("1.1", "License: MIT\n"));
    let folder = bench.folder("helsingborg", &[("style.css", &one), ("index.php", "<?php echo 1;"), ("old.php", "<?php echo 'old';")]);
    let built = bench.flotta(&["release", "build", "--base", "base", "--theme", &folder, "--output", "json"]).await;
    let first = built.json();
    assert_eq!((first["name"].as_str(), first["channel"].as_str()), (Some("base+helsingborg-1.0"), Some("candidate")));
    assert!(built.err.contains("Step 1/") && built.err.contains("compiled 2 of 2 files"), "the log is shown: {}", built.err);
    assert!(bench.uploads().is_empty());

    // The same content under the same name is built once, however it is packed.
    let zip = bench.zip(
        "any.zip",
        &[("helsingborg/old.php", "<?php echo 'old';"), ("helsingborg/index.php", "<?php echo 1;"), ("helsingborg/style.css", &one)],
    );
    let again = bench.flotta(&["release", "build", "--base", "base", "--theme", &zip, "--output", "json"]).await;
    assert_eq!(again.json()["image_id"], first["image_id"]);
    assert!(!again.err.contains("Step 1/"), "{}", again.err);
    // Another content under it is refused.
    let other = bench.zip("other.zip", &[("helsingborg/style.css", &style("1.0", ""))]);
    let refused = bench.flotta(&["release", "build", "--base", "base", "--theme", &other]).await;
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.err.contains("with another content") && refused.err.contains("fix:"), "{}", refused.err);

    // A newer version from a zip, put on the older: nothing of the older stays, neither its files nor what was compiled.
    let zip = bench.zip("new.zip", &[("helsingborg/style.css", &two), ("helsingborg/index.php", "<?php echo 2;")]);
    let plugin = bench.folder("events", &[("events.php", "<?php\n/* Plugin Name: Events\nVersion: 2.3 */\n")]);
    let args = ["release", "build", "--base", "base+helsingborg-1.0", "--theme", &zip, "--plugin", &plugin, "--name", "next", "--stable"];
    let second = bench.ask(&args).await;
    assert_eq!((second["name"].as_str(), second["channel"].as_str()), (Some("next"), Some("stable")));

    let all = bench.ask(&["release", "show", "next", "--inventory"]).await;
    assert!(all["wordpress"]["version"].as_str().unwrap().starts_with("6.8"), "{}", all["wordpress"]);
    assert!(all["wordpress"]["db_version"].as_u64().unwrap() > 58_000);
    assert!(all["php"].as_str().unwrap().starts_with("8.4."));
    assert!(all["packages"].as_array().unwrap().iter().any(|p| p["name"] == "lighttpd"));
    assert_eq!(theme(&all, "helsingborg")["version"], "1.1");
    assert_eq!(theme(&all, "twentytwentyfive")["name"], "Twenty Twenty-Five");
    assert_eq!((&all["plugins"][0]["slug"], &all["plugins"][0]["version"]), (&"events".into(), &"2.3".into()));
    assert_eq!(all["must_use"].as_array().unwrap().len(), 0, "the agent's place is empty");

    let document = bench.flotta(&["release", "show", "next", "--cyclonedx"]).await.json();
    assert_eq!((document["specVersion"].as_str(), document["bomFormat"].as_str()), (Some("1.6"), Some("CycloneDX")));
    let purls: Vec<_> = document["components"].as_array().unwrap().iter().map(|c| c["purl"].as_str().unwrap()).collect();
    assert!(purls.contains(&"pkg:generic/helsingborg@1.1") && purls.iter().any(|p| p.starts_with("pkg:deb/debian/lighttpd@")), "{purls:?}");

    let told = bench.flotta(&["release", "diff", "next"]).await;
    assert_eq!(told.out, "base+helsingborg-1.0 → next\n  Theme Helsingborg 1.0 → 1.1\n  Plugin Events added 2.3\n", "{told:?}");
    let told = bench.flotta(&["release", "diff", "next", "base", "--language", "sv"]).await;
    assert_eq!(told.out, "base → next\n  Temat Helsingborg läggs till 1.1\n  Tillägget Events läggs till 2.3\n", "{told:?}");

    // It serves what was put in, under the conditions of an instance.
    let network = bench.real.network().await;
    let address: Ipv4Addr = network.subnet.replace("0/24", "10").parse().unwrap();
    let spec = started(&bench, second["image_id"].as_str().unwrap(), "next", address, &network.name).await;
    let css = fetched(&bench, &spec.name, address, "/wp-content/themes/helsingborg/style.css").await;
    assert_eq!(css, two);
    let find = "find / -xdev -path '*themes/helsingborg/*' -printf '%u %m %f\\n' 2>/dev/null | sort -u; id -un";
    let seen = bench.real.engine.exec(&spec.name, &["sh", "-c", find], None, b"", 30).await.unwrap();
    let seen = String::from_utf8(seen.stdout).unwrap();
    assert_eq!(seen, "root 644 index.php\nroot 644 index.php.bin\nroot 644 style.css\nwww-data\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_release_is_refused_before_anything_is_built() {
    let bench = Bench::start().await;
    let good = style("1.0", "");
    let zip = |name: &str, files: &[(&str, &str)]| bench.zip(name, files);
    let newer_php = zip("php.zip", &[("hbg/style.css", &style("1", "Requires PHP: 9.1\n"))]);
    let newer_core = zip("core.zip", &[("hbg/style.css", &style("1", "Requires at least: 7.0\n"))]);
    let child = zip("child.zip", &[("hbg/style.css", &style("1", "Template: municipio\n"))]);
    let none = zip("none.zip", &[("hbg/index.php", "<?php"), ("hbg/style.css", "body {}")]);
    let out = zip("out.zip", &[("hbg/style.css", &good), ("hbg/../../../etc/cron.d/x", "x")]);
    let absolute = zip("absolute.zip", &[("/etc/cron.d/x", "x")]);
    let headless = bench.folder("headless", &[("main.php", "<?php // Silence.")]);
    let linked = bench.folder("linked", &[("style.css", &good)]);
    std::os::unix::fs::symlink("/etc/passwd", format!("{linked}/passwd")).unwrap();
    let piped = bench.folder("piped", &[("style.css", &good)]);
    assert!(std::process::Command::new("mkfifo").arg(format!("{piped}/pipe")).status().unwrap().success());
    let empty = bench.folder("empty", &[("README", "no Dockerfile")]);
    let on = |rest: &[&str]| [&["release", "build", "--base", "base"], rest].concat().iter().map(ToString::to_string).collect::<Vec<_>>();
    for (args, says) in [
        (on(&["--theme", &newer_php]), "theme: `hbg` 1 needs PHP 9.1, and release `base` has 8.4."),
        (on(&["--theme", &newer_core]), "theme: `hbg` 1 needs WordPress 7.0, and release `base` has 6.8."),
        (on(&["--theme", &child]), "theme: `hbg` builds on the theme `municipio`"),
        (on(&["--theme", &none]), "theme: `hbg` is no theme"),
        (on(&["--theme", &out]), "leads out of its folder"),
        (on(&["--theme", &absolute]), "leads out of its folder"),
        (on(&["--theme", &linked]), "is a symbolic link out of its folder"),
        (on(&["--theme", &piped]), "is a device, a socket or a pipe"),
        (on(&["--theme", "/nowhere/x.zip"]), "theme: `/nowhere/x.zip`"),
        (on(&["--theme", "git@example.se:x.git"]), "theme: `git@example.se:x.git` is no address"),
        (on(&["--plugin", &headless]), "plugin: `headless` is no plugin"),
        (on(&[]), "theme: there is nothing to put on the base"),
        (on(&["--theme", &newer_php, "--name", "a b"]), "name: `a b` cannot name a release"),
        (vec!["release".into(), "build".into(), empty.clone(), "--name".into(), "x".into()], "dockerfile: there is no Dockerfile"),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let came = bench.flotta(&args).await;
        assert_eq!(came.status, 2, "{args:?}: {came:?}");
        assert!(came.err.contains(says) && came.err.contains("fix:"), "{args:?}: {}", came.err);
        assert!(!came.err.contains("Step 1/"), "{}", came.err);
    }
    let came = bench.flotta(&["release", "build", "--base", "nope", "--theme", &none]).await;
    assert_eq!(came.status, 1, "{came:?}");

    // What the API itself says of such a body.
    let http = reqwest::Client::new();
    let to = |query: &str| http.post(format!("{}/api/v1/releases/build?{query}", bench.url)).bearer_auth(&bench.token);
    let answer = to("base=base").header("content-type", "application/x-tar").body("no tar at all").send().await.unwrap();
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((status, &problem["code"], &problem["errors"][0]["field"]), (422, &"no-tar".into(), &"body".into()), "{problem}");
    assert_eq!(to("base=base").json(&serde_json::json!({})).send().await.unwrap().status(), 415);
    assert!(bench.built().await.is_empty() && bench.uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_dockerfile_is_built_also_from_a_repository() {
    let bench = Bench::start().await;
    let good = format!(
        "FROM {WORDPRESS}\nUSER root\nCOPY theme/ /var/www/html/wp-content/themes/fork/\nRUN flotta-compile /var/www/html/wp-content/themes/fork\nUSER www-data\n"
    );
    let files = [("Dockerfile", good.as_str()), ("theme/style.css", &style("7.10", "")), ("theme/index.php", "<?php")];
    let fork = bench.folder("fork", &files);
    let built = bench.flotta(&["release", "build", &fork, "--name", "2026.11-1", "--output", "json"]).await;
    assert_eq!(built.json()["contract"], "wordpress");
    assert!(built.err.contains("Step 1/"), "{}", built.err);
    let all = bench.ask(&["release", "show", "2026.11-1", "--inventory"]).await;
    assert_eq!(theme(&all, "fork")["version"], "7.10");
    assert!(bench.flotta(&["release", "diff", "2026.11-1"]).await.out.starts_with("base → 2026.11-1\n  Theme Helsingborg added 7.10"));

    // A step that fails, and images that can be no release: told, and nothing stays.
    for (dockerfile, code) in [
        (format!("FROM {WORDPRESS}\nRUN echo before; exit 3\n"), "returned a non-zero code: 3"),
        ("FROM flotta/base:trixie\n".to_owned(), "does not say how it is configured"),
        ("FROM flotta/base:trixie\nLABEL se.flotta.contract=wordpress\n".to_owned(), "holds no WordPress"),
        ("FROM flotta/base:trixie\nLABEL se.flotta.contract=municipio\n".to_owned(), "municipio"),
    ] {
        let folder = bench.folder("bad", &[("Dockerfile", &dockerfile)]);
        let came = bench.flotta(&["release", "build", &folder, "--name", "bad"]).await;
        assert_eq!(came.status, 2, "{dockerfile}: {came:?}");
        assert!(came.err.contains(code) && came.err.contains("fix:"), "{dockerfile}: {}", came.err);
    }
    assert_eq!(bench.built().await.len(), 1);

    // A repository on disk, by its tag; its main branch has gone on.
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.se", "-c", "init.defaultBranch=main"];
        let out = std::process::Command::new("git").arg("-C").arg(&fork).args(identity).args(args).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    };
    for args in [&["init", "-q"][..], &["add", "."], &["commit", "-qm", "one"], &["tag", "v1"]] {
        git(args);
    }
    bench.folder("fork", &[("theme/style.css", &style("7.11", ""))]);
    git(&["commit", "-qam", "two"]);
    let address = format!("file://{fork}");
    bench.ask(&["release", "build", &format!("{address}#v1"), "--name", "tagged"]).await;
    assert_eq!(theme(&bench.ask(&["release", "show", "tagged", "--inventory"]).await, "fork")["version"], "7.10");
    bench.ask(&["release", "build", &address, "--name", "main"]).await;
    assert_eq!(theme(&bench.ask(&["release", "show", "main", "--inventory"]).await, "fork")["version"], "7.11");
    let came = bench.flotta(&["release", "build", &format!("{address}#nope"), "--name", "x"]).await;
    assert!(came.status == 2 && came.err.contains("cannot be fetched"), "{came:?}");

    // Deleted only after its name was repeated, with its image.
    assert_eq!(bench.flotta(&["release", "delete", "main"]).await.status, 2);
    assert_eq!(bench.built().await.len(), 3);
    assert_eq!(bench.flotta(&["release", "delete", "main", "--confirm", "main"]).await.out, "Release main is deleted.\n");
    assert_eq!(bench.built().await.len(), 2);
    assert_eq!(bench.flotta(&["release", "show", "main"]).await.status, 1);
    // What Flotta did not build stays with the engine.
    assert_eq!(bench.flotta(&["release", "delete", "base", "--confirm", "base"]).await.status, 0);
    bench.real.image(WORDPRESS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_nobody_waits_for_leaves_nothing() {
    let bench = Bench::start().await;
    let slow = format!("FROM {WORDPRESS}\nUSER root\nRUN echo {} >/slow\nRUN echo begun; sleep 120\n", bench.real.fleet);
    let folder = bench.folder("slow", &[("Dockerfile", &slow)]);
    let mut child = bench.command(&["release", "build", &folder, "--name", "slow"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stderr.take().unwrap()));
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "begun" {
            break;
        }
    }
    child.kill().await.unwrap();
    let fleet = bench.real.fleet.to_string();
    let docker = |args: &[&str]| {
        let out = std::process::Command::new("docker").args(args).output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(40);
    loop {
        let layers = docker(&["images", "-a", "-q", "--filter", "dangling=true", "--no-trunc"]);
        let ours: Vec<String> =
            layers.split_whitespace().filter(|id| docker(&["history", "--no-trunc", id]).contains(&fleet)).map(str::to_owned).collect();
        let running = docker(&["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Command}}"]);
        let running: Vec<&str> = running.lines().filter(|line| line.contains("echo begun; sleep 120")).collect();
        let left = (bench.uploads().len(), ours, running, bench.built().await);
        if left.0 == 0 && left.1.is_empty() && left.2.is_empty() && left.3.is_empty() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "left: {left:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(bench.flotta(&["release", "show", "slow"]).await.status, 1);
    // The next is not held up by it.
    let zip = bench.zip("hbg.zip", &[("hbg/style.css", &style("1.0", ""))]);
    bench.ask(&["release", "build", "--base", "base", "--theme", &zip]).await;
}
