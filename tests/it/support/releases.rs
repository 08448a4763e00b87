// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases for tests on the real engine: the project's own with a few lines of PHP added to its theme, or with something else
//! changed. The images go when the value does.

use std::process::{Command, Stdio};

use super::fleet::RELEASE_IMAGE;

/// The theme that the release's sites have.
pub const THEME: &str = "/var/www/html/wp-content/themes/twentytwentyfive";

/// One image.
pub struct Image(pub String);

/// Compiles a folder anew. An image that was built before compiling forgot what it had compiled still has the old.
pub fn compile(folder: &str) -> String {
    format!("rm -rf /opt/flotta/opcache/*{folder} && flotta-compile {folder}")
}

impl Image {
    /// The release with this PHP at the end of its theme's functions.
    pub fn with_theme(name: &str, php: &str) -> Self {
        let put = format!("COPY more.php /tmp/more.php\nRUN cat /tmp/more.php >>{THEME}/functions.php && {}", compile(THEME));
        Self::build(name, &put, &format!("\n{php}\n"))
    }

    /// The release changed by these lines of a Dockerfile; `more.php` lies beside it.
    pub fn build(name: &str, lines: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("more.php"), more).unwrap();
        let text = format!("FROM {RELEASE_IMAGE}\nLABEL flotta.test=1\nUSER root\n{lines}\nUSER www-data\n");
        std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
        let tag = format!("flotta-test/{name}:{:08x}", rand::random::<u32>());
        let path = folder.path().to_str().unwrap();
        let built = Command::new("docker").args(["build", "-q", "-t", &tag, path]).env("DOCKER_BUILDKIT", "0").output().unwrap();
        assert!(built.status.success(), "{}{}", String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr));
        Self(tag)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        drop(Command::new("docker").args(["rmi", "-f", &self.0]).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}
