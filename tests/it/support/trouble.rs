// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Trouble outside the control plane: an engine that goes away, a disk that is full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tokio::{
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// The engine's socket behind a door that can be shut: as if the engine restarted and its containers ran on.
pub struct Door {
    shut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Door {
    /// An open one at this path.
    pub fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let engine = std::env::var("FLOTTA_TEST_ENGINE").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let engine = PathBuf::from(engine.strip_prefix("unix://").expect("the engine of this test has a unix socket"));
        let (shut, seen) = watch::channel(false);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (mut seen, engine) = (seen.clone(), engine.clone());
                tokio::spawn(async move {
                    if *seen.borrow_and_update() {
                        return;
                    }
                    let Ok(mut server) = UnixStream::connect(engine).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = seen.changed() => {}
                    }
                });
            }
        });
        Self { shut, task }
    }

    /// Cuts every connection, and every new one as soon as it is made.
    pub fn shut(&self) {
        self.shut.send_replace(true);
    }

    /// Lets everybody through again.
    pub fn open(&self) {
        self.shut.send_replace(false);
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A folder on a disk of its own in memory, while this value lives.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounted with these options, such as `size=64k`.
    pub fn at(path: &Path, options: &str) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let made = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output().unwrap();
        assert!(made.status.success(), "mounting needs root: {}", String::from_utf8_lossy(&made.stderr));
        Self(path.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}
