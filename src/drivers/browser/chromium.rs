// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Headless Chromium: a process for each picture, with a profile that goes with it, behind a door that leads to one container.

use std::{
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use async_trait::async_trait;
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use tokio::process::{Child, Command};

use super::{Browser, WINDOW, door::Door};
use crate::{
    drivers::wordpress::Site,
    error::{Error, OutsideKind, Result},
    fleet::Domain,
};

/// A picture takes no longer than this.
const LONGEST: Duration = Duration::from_secs(45);
/// So often is a picture tried: browsers crash for reasons of their own.
const TRIES: u32 = 2;
/// So much of what a browser says goes into an error, in characters.
const SAID: usize = 300;
/// So much time passes on the page before the picture, in milliseconds of its own clock.
const PAGE_TIME: u32 = 6000;
/// A larger picture is none that anybody looks at.
const BYTES: u64 = 8 * 1024 * 1024;
/// A browser makes a socket 46 bytes below its folder, and aborts where the whole is longer than a socket's name may be, 107 bytes.
const LONGEST_PATH: usize = 60;
/// The user `nobody` of every Linux.
const NOBODY: u32 = 65_534;

/// Chromium at a path.
pub struct Chromium(Option<PathBuf>);

impl Chromium {
    /// A handle; nothing is started yet. Without a path there is no browser.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    fn path(&self) -> Result<&Path> {
        let path = self.0.as_deref().ok_or_else(|| refused("no browser is set"))?;
        if path.is_file() { Ok(path) } else { Err(refused(format!("there is no browser at {}", path.display()))) }
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::outside("browser", OutsideKind::Refused, message)
}

fn failed(message: impl Into<String>) -> Error {
    Error::outside("browser", OutsideKind::Failed, message)
}

/// A new folder's path in `parent`, or where that would be too long, in `/tmp`.
fn profile_in(parent: &Path) -> PathBuf {
    let whole = uuid::Uuid::now_v7().simple().to_string();
    let name = format!("flotta-b-{}", &whole[whole.len() - 15..]);
    let path = parent.join(&name);
    if path.as_os_str().len() <= LONGEST_PATH { path } else { Path::new("/tmp").join(name) }
}

/// A folder that goes when the picture is taken.
struct Profile(PathBuf);

impl Profile {
    fn make() -> Result<Self> {
        let path = profile_in(&std::env::temp_dir());
        let made = std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .and_then(|()| if is_root() { chown(&path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) });
        made.map_err(|e| failed(format!("{}: {e}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a browser's folder could not be removed");
        }
    }
}

/// A browser with all its processes, which end with it.
struct Running {
    browser: Child,
    group: Option<Pid>,
}

impl Running {
    fn of(browser: Child) -> Self {
        // Known from the start: once the first has ended, nobody tells it any more.
        let group = browser.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { browser, group }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // Where all of them have ended there is nobody to end.
            let _ended = kill_process_group(group, Signal::KILL);
        }
    }
}

fn is_root() -> bool {
    geteuid().is_root()
}

/// The line of a browser's log that tells why it ended: the last fatal one, otherwise the last.
fn reason(log: &str) -> String {
    let mut lines = log.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.clone().next();
    let told = lines.find(|line| line.contains(":FATAL:")).or(last).unwrap_or("it said nothing");
    told.chars().take(SAID).collect()
}

fn command(path: &Path, profile: &Path, file: &Path, door: u16, address: &str) -> Command {
    let mut command = Command::new(path);
    command
        .args(["--headless", "--incognito", "--no-first-run", "--disable-gpu", "--hide-scrollbars", "--mute-audio"])
        .args(["--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--force-device-scale-factor=1", "--font-render-hinting=none", "--lang=sv"])
        // Every name and every address leads to the door, whose certificate is its own.
        .arg(format!("--host-resolver-rules=MAP * 127.0.0.1:{door}"))
        .args(["--ignore-certificate-errors", "--no-proxy-server"])
        .arg(format!("--virtual-time-budget={PAGE_TIME}"))
        .arg(format!("--window-size={},{}", WINDOW.0, WINDOW.1))
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--screenshot={}", file.display()))
        .arg(address)
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")])
        .env("HOME", profile)
        .env("TMPDIR", profile)
        .current_dir(profile)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    if is_root() {
        // Its own sandbox refuses root; as nobody, what breaks out of a page has little to take.
        command.arg("--no-sandbox").uid(NOBODY).gid(NOBODY);
    }
    command
}

#[async_trait]
impl Browser for Chromium {
    async fn ready(&self) -> Result<()> {
        self.path().map(|_| ())
    }

    async fn picture(&self, site: &Site, hosts: &[Domain], path: &str) -> Result<Vec<u8>> {
        let program = self.path()?;
        let door = Door::open(site, hosts).await?;
        let address = format!("https://{}{path}", site.host());
        let mut tried = 1;
        loop {
            match once(program, door.port(), &address).await? {
                Ok(picture) => return Ok(picture),
                Err(why) if tried < TRIES => tracing::warn!(page = path, tried, why, "a browser took no picture"),
                Err(why) => return Err(failed(format!("no picture of {path} came: {why}"))),
            }
            tried += 1;
        }
    }
}

/// One browser, one picture; inside, why none came although the browser ended in time.
async fn once(program: &Path, door: u16, address: &str) -> Result<std::result::Result<Vec<u8>, String>> {
    let profile = Profile::make()?;
    let (file, log) = (profile.0.join("picture.png"), profile.0.join("browser.log"));
    let said = std::fs::File::create(&log).map_err(|e| failed(format!("{}: {e}", log.display())))?;
    let started = command(program, &profile.0, &file, door, address).stderr(said).spawn();
    let mut running = Running::of(started.map_err(|e| failed(format!("{}: {e}", program.display())))?);
    let ended = tokio::time::timeout(LONGEST, running.browser.wait())
        .await
        .map_err(|_| failed(format!("no picture of {address} within {} s", LONGEST.as_secs())))?
        .map_err(|e| failed(e.to_string()))?;
    drop(running);
    let size = tokio::fs::metadata(&file).await.map(|meta| meta.len()).unwrap_or(0);
    if size == 0 || size > BYTES {
        let log = tokio::fs::read(&log).await.unwrap_or_default();
        return Ok(Err(format!("{ended}, {size} bytes; {}", reason(&String::from_utf8_lossy(&log)))));
    }
    tokio::fs::read(&file).await.map(Ok).map_err(|e| failed(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_short_enough_for_a_socket_in_it() {
        assert!(profile_in(Path::new("/var/tmp")).starts_with("/var/tmp"));
        let deep = PathBuf::from("/a-folder-that-is-rather-deep".repeat(4));
        for parent in [Path::new("/tmp/t1234.rust"), &deep] {
            let path = profile_in(parent);
            assert!(path.as_os_str().len() <= LONGEST_PATH && !path.exists(), "{path:?}");
        }
        assert_ne!(profile_in(&deep), profile_in(&deep));
    }

    #[test]
    fn the_fatal_line_is_the_reason() {
        assert_eq!(reason(""), "it said nothing");
        assert_eq!(reason("[1:1:ERROR:a] b\n\n"), "[1:1:ERROR:a] b");
        assert_eq!(reason("[1:1:FATAL:a] b\n[1:1:ERROR:c] d\n"), "[1:1:FATAL:a] b");
        assert_eq!(reason(&"å".repeat(1000)).chars().count(), SAID);
    }

    #[tokio::test]
    async fn a_browser_that_crashes_is_tried_again_and_says_why() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Profile::make().unwrap();
        let program = folder.0.join("browser");
        let run = async |script: &str| {
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            for path in [&folder.0, &program] {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
            let site = Site { address: [127, 0, 0, 1].into(), port: 1, domain: "lund.localhost".parse().unwrap(), https_port: 443 };
            Chromium::new(Some(program.clone())).picture(&site, &[], "/").await
        };
        let crashes = "echo '[1:1:FATAL:a.cc(1)] Goodbye.' >&2; kill -ABRT $$";
        let error = run(crashes).await.unwrap_err().to_string();
        assert!(error.contains("no picture of / came: signal: 6") && error.ends_with("Goodbye."), "{error}");
        // The second time is the last, and does.
        let seen = folder.0.join("seen");
        std::fs::create_dir(&seen).unwrap();
        std::fs::set_permissions(&seen, std::fs::Permissions::from_mode(0o777)).unwrap();
        let once = format!("if mkdir {}/once; then {crashes}; fi; printf png >picture.png", seen.display());
        assert_eq!(run(&once).await.unwrap(), b"png");
    }

    #[tokio::test]
    async fn no_browser_is_said() {
        for (path, said) in [(None, "no browser is set"), (Some("/nowhere/chromium".into()), "there is no browser at /nowhere/chromium")] {
            let error = Chromium::new(path).ready().await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
