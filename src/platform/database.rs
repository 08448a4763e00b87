// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The database server: a MariaDB without any network, reached through its socket alone.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, time::Duration};

use secrecy::SecretString;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::container::{Attachment, ContainerSpec, Mount, VolumeState},
    instances::Tools,
    store::Store,
    vault::{self, Vault},
};

/// Owner of the platform's own secrets in the vault.
pub const OWNER: &str = "platform";
/// Name of the administrator's password.
pub const ADMIN_PASSWORD: &str = "db_admin_password";

/// The administrator's password, made at first use.
///
/// # Errors
/// When the store fails or it cannot be opened.
pub async fn admin_password(store: &Store, vault: &Vault, now: jiff::Timestamp) -> Result<SecretString> {
    vault
        .ensure(store, OWNER, &[ADMIN_PASSWORD], now)
        .await?
        .remove(ADMIN_PASSWORD)
        .ok_or_else(|| Error::Internal("no administrator password".into()))
}

/// Sees to it that the database server is there and answers.
///
/// # Errors
/// When it cannot be put right.
pub async fn ensure(tools: &Tools) -> Result<()> {
    let settings = &tools.settings;
    let password = admin_password(&tools.store, &tools.vault, tools.clock.now()).await?;
    let secrets = settings.secrets_of(OWNER);
    vault::write_files(&secrets, &BTreeMap::from([(ADMIN_PASSWORD.to_owned(), password)]))?;
    let run = settings.database_run();
    let failed = |e: std::io::Error| Error::outside("files", OutsideKind::Refused, format!("{}: {e}", run.display()));
    fs::create_dir_all(&run).map_err(failed)?;
    // The server's user inside the container makes the socket here; the fleet's home above is closed to others.
    fs::set_permissions(&run, fs::Permissions::from_mode(0o777)).map_err(failed)?;
    let volume = settings.database_server();
    tools.engine.create_volume(&VolumeState { name: volume.clone(), labels: super::labels(tools, "db") }).await?;
    let bind = |source: &std::path::Path, target: &str, read_only| Mount::Bind {
        source: source.to_string_lossy().into_owned(),
        target: target.to_owned(),
        read_only,
    };
    let spec = ContainerSpec {
        name: settings.database_server(),
        image: super::image(tools, &settings.mariadb_image).await?,
        command: Vec::new(),
        environment: vec![format!("DB_BUFFER_POOL={}", settings.buffer_pool)],
        labels: super::labels(tools, "db"),
        mounts: vec![
            Mount::Volume { name: volume, target: "/var/lib/mysql".to_owned() },
            bind(&run, "/run/mysqld", false),
            bind(&secrets.join(ADMIN_PASSWORD), "/run/secrets/db_admin_password", true),
            Mount::Tmpfs { target: "/tmp".to_owned(), size_mib: 1024 },
            Mount::Tmpfs { target: "/run".to_owned(), size_mib: 16 },
        ],
        attachment: Attachment::None,
        extra_hosts: Vec::new(),
        limits: None,
        read_only_root: true,
        // The entry point makes the data folder its user's own and then gives up root.
        capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"].map(str::to_owned).to_vec(),
        restart: true,
        stop_grace_seconds: 120,
        user: String::new(),
    };
    super::ensure_container(tools, &spec).await?;
    let over = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        match tools.database.ping().await {
            Ok(_) => return Ok(()),
            Err(error) if tokio::time::Instant::now() > over => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
