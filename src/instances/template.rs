// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A WordPress installed once per release, kind of network and locale, without any municipality in it. Onboarding loads a copy
//! and puts the municipality's own names into it, which takes a third of the time of an installation (docs/decisions).

use std::{collections::BTreeMap, path::PathBuf};

use sha2::{Digest, Sha256};

use super::{Tools, spec};
use crate::{
    drivers::wordpress::site_host,
    error::{Error, OutsideKind, Result},
    fleet::{
        Instance, NetworkKind, Release,
        container::{Attachment, ContainerSpec, Mount, label},
    },
    vault,
};

const DOMAIN: &str = "template.invalid";
const DUMP_SECONDS: u64 = 120;
const INSTALL_SECONDS: u64 = 120;

/// The template's SQL, made now if it was not made before.
///
/// # Errors
/// When the engine, the database server or the installation fails; nothing is left then but what the next try removes.
pub async fn sql(tools: &Tools, release: &Release, kind: NetworkKind, locale: &str) -> Result<String> {
    let key = key(release, kind, locale);
    let path = path(tools, &key);
    if let Ok(text) = tokio::fs::read_to_string(&path).await {
        return Ok(text);
    }
    // One at a time: thirty onboardings at once need one template, not thirty.
    let _one = tools.template.lock().await;
    if let Ok(text) = tokio::fs::read_to_string(&path).await {
        return Ok(text);
    }
    let made = make(tools, release, kind, locale, &key).await;
    let cleaned = clean(tools, &key).await;
    let text = made?;
    cleaned?;
    let fresh = path.with_extension("new");
    let failed = |e: std::io::Error| Error::outside("files", OutsideKind::Refused, format!("{}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    }
    tokio::fs::write(&fresh, &text).await.map_err(failed)?;
    tokio::fs::rename(&fresh, &path).await.map_err(failed)?;
    Ok(text)
}

fn key(release: &Release, kind: NetworkKind, locale: &str) -> String {
    vault::hex(&Sha256::digest(format!("{}\n{kind}\n{locale}", release.image_id)))[..12].to_owned()
}

/// Whether the making of a template was interrupted, or goes on: its secrets are the first to be made and the last to go.
#[must_use]
pub fn unfinished(tools: &Tools, release: &Release, kind: NetworkKind, locale: &str) -> bool {
    secrets(tools, &key(release, kind, locale)).exists()
}

/// Removes what an interrupted making of a template has left.
///
/// # Errors
/// When the engine or the database server fails.
pub async fn discard(tools: &Tools, release: &Release, kind: NetworkKind, locale: &str) -> Result<()> {
    let _one = tools.template.lock().await;
    clean(tools, &key(release, kind, locale)).await
}

fn secrets(tools: &Tools, key: &str) -> PathBuf {
    tools.settings.secrets_of(&format!("template-{key}"))
}

fn path(tools: &Tools, key: &str) -> PathBuf {
    tools.settings.home.join("templates").join(format!("{key}.sql"))
}

fn names(tools: &Tools, key: &str) -> (String, String) {
    (format!("{}-template-{key}", tools.settings.fleet), format!("flt_template_{key}"))
}

async fn clean(tools: &Tools, key: &str) -> Result<()> {
    let (container, schema) = names(tools, key);
    tools.remove_own(&container).await?;
    tools.database.drop_schema(&schema).await?;
    let folder = secrets(tools, key);
    match tokio::fs::remove_dir_all(&folder).await {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::outside("files", OutsideKind::Failed, format!("{}: {e}", folder.display())))
        }
        _ => Ok(()),
    }
}

async fn make(tools: &Tools, release: &Release, kind: NetworkKind, locale: &str, key: &str) -> Result<String> {
    clean(tools, key).await?;
    let (container, schema) = names(tools, key);
    let values: BTreeMap<_, _> = super::tools::INSTANCE_SECRETS.iter().map(|name| ((*name).to_owned(), vault::random_secret())).collect();
    let folder = secrets(tools, key);
    vault::write_files(&folder, &values)?;
    tools.database.create_schema(&schema, &values["db_password"]).await?;
    let bind = |source: PathBuf, target: &str| Mount::Bind {
        source: source.to_string_lossy().into_owned(),
        target: target.to_owned(),
        read_only: true,
    };
    let mut environment = vec![
        format!("WORDPRESS_DB_HOST=localhost:{}/mysqld.sock", spec::place::DATABASE),
        format!("WORDPRESS_DB_USER={schema}"),
        format!("WORDPRESS_DB_NAME={schema}"),
        format!("WORDPRESS_DB_PASSWORD_FILE={}/db_password", spec::place::SECRETS),
        format!("WORDPRESS_CONFIG_EXTRA={}", spec::config_extra(kind, DOMAIN, locale)),
        format!("FLOTTA_AGENT_KEY_FILE={}/agent_key", spec::place::SECRETS),
    ];
    for name in
        ["AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT"]
    {
        environment.push(format!("WORDPRESS_{name}_FILE={}/{}", spec::place::SECRETS, name.to_lowercase()));
    }
    tools
        .engine
        .create_container(&ContainerSpec {
            name: container.clone(),
            image: release.image_id.clone(),
            command: Vec::new(),
            environment,
            labels: [(label::FLEET, tools.settings.fleet.to_string()), (label::ROLE, "task".to_owned())]
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect(),
            mounts: vec![
                bind(tools.settings.database_run(), spec::place::DATABASE),
                bind(folder, spec::place::SECRETS),
                bind(tools.settings.agent(), spec::place::AGENT),
                Mount::Tmpfs { target: spec::place::UPLOADS.to_owned(), size_mib: 64 },
                Mount::Tmpfs { target: "/tmp".to_owned(), size_mib: 64 },
                Mount::Tmpfs { target: "/run".to_owned(), size_mib: 16 },
            ],
            attachment: Attachment::None,
            extra_hosts: Vec::new(),
            limits: Some(tools.settings.limits),
            read_only_root: true,
            capabilities: Vec::new(),
            restart: false,
            stop_grace_seconds: 1,
            user: String::new(),
        })
        .await?;
    tools.engine.start_container(&container).await?;
    let input = serde_json::json!({
        "title": "Template", "domain": DOMAIN, "path": "/", "scheme": "https", "network": kind.as_str(),
        "admin_login": "template", "admin_email": "template@example.invalid", "locale": locale,
    });
    let done =
        tools.engine.exec(&container, &["php", spec::place::AGENT, "install"], None, input.to_string().as_bytes(), INSTALL_SECONDS).await?;
    let installed = serde_json::from_slice::<serde_json::Value>(&done.stdout).is_ok_and(|answer| answer["ok"] == true);
    if done.status != 0 || !installed {
        let said =
            String::from_utf8_lossy(if done.stdout.is_empty() { &done.stderr } else { &done.stdout }).chars().take(500).collect::<String>();
        return Err(Error::outside("wordpress", OutsideKind::Failed, format!("the template could not be installed: {said}")));
    }
    let mut dump = Vec::new();
    tools.engine.exec_to(&tools.settings.database_server(), &super::archive::dump_command(&schema), None, &mut dump, DUMP_SECONDS).await?;
    String::from_utf8(dump).map_err(|_| Error::outside("database server", OutsideKind::Failed, "the template's dump is not text"))
}

/// SQL that makes the loaded template the municipality's own. Values stand as hex literals, so that no text can end them.
#[must_use]
pub fn personalise(instance: &Instance, https_port: u16) -> String {
    let host = site_host(&instance.domain, https_port);
    let url = text(&format!("https://{host}"));
    let template = text(&format!("https://{DOMAIN}"));
    let (login, email, title) = (text(&instance.admin_login), text(&instance.admin_email), text(&instance.title));
    let admins = text(&format!("a:1:{{i:0;s:{}:\"{}\";}}", instance.admin_login.len(), instance.admin_login));
    let mut lines = vec![
        format!("UPDATE wp_options SET option_value = {url} WHERE option_name IN ('siteurl', 'home')"),
        format!("UPDATE wp_options SET option_value = {title} WHERE option_name = 'blogname'"),
        format!("UPDATE wp_options SET option_value = {email} WHERE option_name IN ('admin_email', 'new_admin_email')"),
        // No password matches this; the administrator sets one by a single-use link.
        format!(
            "UPDATE wp_users SET user_login = {login}, user_nicename = {login}, display_name = {login}, user_email = {email}, user_url = {url}, user_pass = '!', user_registered = UTC_TIMESTAMP() WHERE ID = 1"
        ),
        format!("UPDATE wp_usermeta SET meta_value = {login} WHERE user_id = 1 AND meta_key = 'nickname'"),
        format!(
            "UPDATE wp_posts SET guid = REPLACE(guid, {template}, {url}), post_content = REPLACE(post_content, {template}, {url}), post_date = NOW(), post_date_gmt = UTC_TIMESTAMP(), post_modified = NOW(), post_modified_gmt = UTC_TIMESTAMP()"
        ),
    ];
    if instance.network_kind != NetworkKind::Single {
        let host = text(&host);
        lines.extend([
            format!("UPDATE wp_site SET domain = {host}"),
            format!("UPDATE wp_blogs SET domain = {host}, registered = UTC_TIMESTAMP(), last_updated = UTC_TIMESTAMP()"),
            format!("UPDATE wp_sitemeta SET meta_value = CONCAT({url}, '/') WHERE meta_key = 'siteurl'"),
            format!("UPDATE wp_sitemeta SET meta_value = {title} WHERE meta_key = 'site_name'"),
            format!("UPDATE wp_sitemeta SET meta_value = {email} WHERE meta_key = 'admin_email'"),
            format!("UPDATE wp_sitemeta SET meta_value = {admins} WHERE meta_key = 'site_admins'"),
            format!("UPDATE wp_usermeta SET meta_value = {host} WHERE user_id = 1 AND meta_key = 'source_domain'"),
        ]);
    }
    // The mark comes last: where it stands, everything before it was done.
    lines.push(format!(
        "INSERT INTO wp_options (option_name, option_value, autoload) VALUES ('{MARK}', {}, 'off')",
        text(&instance.id.text())
    ));
    lines.join(";\n") + ";\n"
}

/// Option whose value, the instance's id, says that the installation is complete.
pub const MARK: &str = "flotta_instance";

fn text(value: &str) -> String {
    if value.is_empty() {
        return "''".to_owned();
    }
    format!("CONVERT(0x{} USING utf8mb4)", vault::hex(value.as_bytes()))
}
