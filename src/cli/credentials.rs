// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Which control plane, and as whom: options, then the environment, then a credentials file.
//!
//! A file's token is sent only to the address in the same file, so that another `--url` never gets it.

use std::{
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::failure::{Failure, Outcome};

/// Where a control plane listens unless told otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:7700";

/// What a credentials file holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    /// The control plane's address.
    pub url: String,
    /// Log-in name.
    pub email: String,
    /// Password; only the quick start writes it.
    pub password: Option<SecretString>,
    /// API token.
    pub token: Option<SecretString>,
    /// When the token ends, as RFC 3339.
    pub expires_at: Option<String>,
}

/// Where to call, and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// The control plane's address.
    pub url: Url,
    /// The token, where there is one.
    pub token: Option<SecretString>,
    /// The file that the token came from.
    pub file: Option<PathBuf>,
}

/// The user's own credentials file, written by `flotta login`: `$FLOTTA_CREDENTIALS`, or `flotta/credentials.toml` in the
/// user's configuration folder.
///
/// # Errors
/// When the user has no home folder.
pub fn own_path() -> Outcome<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("FLOTTA_CREDENTIALS")
        .or_else(|| set("XDG_CONFIG_HOME").map(|folder| folder.join("flotta/credentials.toml")))
        .or_else(|| set("HOME").map(|folder| folder.join(".config/flotta/credentials.toml")))
        .ok_or_else(|| Failure::usage("HOME", "there is no home folder to keep credentials in", "set HOME or FLOTTA_CREDENTIALS"))
}

/// Puts together where to call and as whom.
///
/// # Errors
/// When the address cannot be read, or a credentials file is damaged or open to others.
pub fn target(url: Option<&str>, token: Option<SecretString>) -> Outcome<Target> {
    let found = find()?;
    let url = url.map(str::trim).filter(|text| !text.is_empty());
    let address = match (url, &found) {
        (Some(url), _) => parse(url)?,
        (None, Some((_, file))) if !file.url.is_empty() => parse(&file.url)?,
        _ => parse(DEFAULT_URL)?,
    };
    if let Some(token) = token.filter(|token| !token.expose_secret().trim().is_empty()) {
        return Ok(Target { url: address, token: Some(token), file: None });
    }
    let from_file = found.and_then(|(path, file)| {
        let same = file.url.is_empty() || parse(&file.url).is_ok_and(|theirs| theirs.origin() == address.origin());
        file.token.filter(|_| same).map(|token| (path, token))
    });
    let (file, token) = from_file.unzip();
    Ok(Target { url: address, token, file })
}

/// Reads an address, and refuses what is no HTTP address.
///
/// # Errors
/// Names the field `url`.
pub fn parse(text: &str) -> Outcome<Url> {
    let bad = |why: String| Failure::usage("url", why, format!("write it as {DEFAULT_URL} or https://flotta.example.se"));
    let url = Url::parse(text).map_err(|e| bad(format!("`{}` is no address: {e}", text.escape_debug())))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad(format!("`{}` is no HTTP address", text.escape_debug())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("the address holds a user name or a password".to_owned()));
    }
    Ok(url)
}

/// Whether an address is this very host.
#[must_use]
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The first credentials file that there is. Files of others that may not be read are passed over.
fn find() -> Outcome<Option<(PathBuf, Credentials)>> {
    let chosen = std::env::var_os("FLOTTA_CREDENTIALS").is_some_and(|value| !value.is_empty());
    let mut places: Vec<PathBuf> = own_path().into_iter().collect();
    if !chosen {
        places.push("/var/lib/flotta/credentials.toml".into());
    }
    for path in places {
        match read(&path) {
            Ok(Some(credentials)) => return Ok(Some((path, credentials))),
            Ok(None) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

/// Reads one credentials file; none where there is no such file or it may not be read.
///
/// # Errors
/// When it can be read by others, or holds something else.
pub fn read(path: &Path) -> Outcome<Option<Credentials>> {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let bad = |why: String, fix: String| Failure::usage("credentials", format!("{}: {why}", path.display()), fix);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => zeroize::Zeroizing::new(text),
        Err(e) if matches!(e.kind(), NotFound | PermissionDenied | NotADirectory) => return Ok(None),
        Err(e) => return Err(bad(e.to_string(), "remove it and log in again".to_owned())),
    };
    let mode = std::fs::metadata(path).map_or(0, |meta| meta.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(bad(format!("mode {:o} lets others read it", mode & 0o777), format!("run chmod 600 {}", path.display())));
    }
    // What is wrong is told by its line only: the text around it may be a secret.
    toml::from_str(&text).map(Some).map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        bad(format!("line {line} cannot be read"), "correct it, or remove the file and log in again".to_owned())
    })
}

/// Writes a credentials file for its owner alone, in place of one that is there.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Path, credentials: &Credentials) -> Outcome {
    let failed =
        |e: std::io::Error| Failure::failed(format!("{}: {e}", path.display()), "make the folder writable, or set FLOTTA_CREDENTIALS");
    let mut table = toml::Table::new();
    let mut put = |key: &str, value: &str| table.insert(key.to_owned(), value.to_owned().into());
    put("url", &credentials.url);
    put("email", &credentials.email);
    if let Some(password) = &credentials.password {
        put("password", password.expose_secret());
    }
    if let Some(token) = &credentials.token {
        put("token", token.expose_secret());
    }
    if let Some(expires_at) = &credentials.expires_at {
        put("expires_at", expires_at);
    }
    let text = zeroize::Zeroizing::new(format!("# Flotta: whoever can read this file can act as this user.\n{table}"));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&fresh))).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/credentials.toml");
        let credentials = Credentials {
            url: DEFAULT_URL.into(),
            email: "anna@ale.se".into(),
            password: Some("quo\"te\\d".into()),
            token: Some("flt_x".into()),
            expires_at: None,
        };
        write(&path, &credentials).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = read(&path).unwrap().unwrap();
        assert_eq!(read.password.unwrap().expose_secret(), "quo\"te\\d");
        assert_eq!((read.url.as_str(), read.token.unwrap().expose_secret()), (DEFAULT_URL, "flt_x"));
    }

    #[test]
    fn an_open_or_damaged_file_is_refused_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.toml");
        std::fs::write(&path, "token = \"flt_secret\nurl = 1").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(format!("{:?}", read(&path).unwrap_err()).contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let told = format!("{:?}", read(&path).unwrap_err());
        assert!(told.contains("line 1") && !told.contains("flt_secret"), "{told}");
    }

    #[test]
    fn addresses_are_checked() {
        assert!(parse("http://127.0.0.1:7700").is_ok());
        for bad in ["127.0.0.1:7700", "ftp://x", "http://", "http://a:b@host"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
