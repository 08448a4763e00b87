// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta init`: prepares this host for `flotta serve`. Done again it changes nothing and says so.
//!
//! Configuration, then store, then master key, then the first administrator. A run that was cut off is finished by the next:
//! the administrator's password is in the credentials file before it is in the store, and the token is added last.

use std::path::PathBuf;

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    credentials,
    failure::{Failure, Outcome},
    output::{self, Output},
};
use crate::{
    app, config,
    config::{Config, Raw},
    error::{Error, FieldError},
    store::{self, Store, migrate},
    vault::{self, MasterKey},
};

mod administrator;
pub mod files;
mod text;

use files::Written;

/// How to prepare this host.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta init
  flotta init --home /srv/flotta --admin-email it@example.se --https-port 8443 --http-port 8080
  flotta init --admin-email it@example.se --password-file - < password.txt

Writes flotta.toml, master.key and credentials.toml into the home folder, each with mode 0600, and makes the first
administrator. Never overwrites: what is there stays, and options about it are then without effect.")]
pub struct Init {
    /// E-mail address of the first administrator.
    #[arg(long, default_value = "admin@flotta.localhost", value_name = "EMAIL")]
    admin_email: String,
    /// File whose first line is that administrator's password, or - for standard input; without it, one is made up.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
}

/// What goes into a new configuration.
#[derive(Clone, Debug, Default, Args)]
pub struct Choices {
    /// The fleet's folder on this host.
    #[arg(long, default_value = "/var/lib/flotta", value_name = "DIR")]
    home: PathBuf,
    /// The fleet's name: 1 to 20 of a–z and 0–9.
    #[arg(long, value_name = "NAME")]
    fleet: Option<String>,
    /// Where the API and the pages are served, such as 127.0.0.1:7700.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Their address as users see it; without it, made from --listen.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where the Docker engine listens.
    #[arg(long, value_name = "ADDRESS")]
    engine: Option<String>,
    /// Another store than SQLite in the home folder, such as postgres://flotta@localhost/flotta.
    #[arg(long, value_name = "ADDRESS")]
    store: Option<String>,
    /// Port of the sites for HTTP.
    #[arg(long, value_name = "PORT")]
    http_port: Option<u16>,
    /// Port of the sites for HTTPS.
    #[arg(long, value_name = "PORT")]
    https_port: Option<u16>,
    /// Address of this host on which the sites are served; may be repeated; none means all.
    #[arg(long, value_name = "IP")]
    bind: Vec<String>,
    /// E-mail address of the ACME account for public certificates.
    #[arg(long, value_name = "EMAIL")]
    acme_email: Option<String>,
    /// The fleet's private /20.
    #[arg(long, value_name = "CIDR")]
    subnet: Option<String>,
    /// Image of the database server, by name or id.
    #[arg(long, value_name = "IMAGE")]
    image_mariadb: Option<String>,
    /// Image of the gateway, by name or id.
    #[arg(long, value_name = "IMAGE")]
    image_gateway: Option<String>,
    /// Log as JSON.
    #[arg(long)]
    log_json: bool,
}

impl Choices {
    /// The address as users see it: as chosen, or the one that follows from where it listens.
    fn public_url(&self) -> Option<String> {
        self.public_url.clone().or_else(|| self.listen.as_deref().and_then(|listen| listen.parse().ok()).map(local_url))
    }

    fn any(&self) -> bool {
        let Self {
            home: _,
            fleet,
            listen,
            public_url,
            engine,
            store,
            http_port,
            https_port,
            bind,
            acme_email,
            subnet,
            image_mariadb,
            image_gateway,
            log_json,
        } = self;
        [fleet, listen, public_url, engine, store, acme_email, subnet, image_mariadb, image_gateway].into_iter().any(Option::is_some)
            || http_port.or(*https_port).is_some()
            || !bind.is_empty()
            || *log_json
    }
}

/// The address at which this very host reaches what listens there.
fn local_url(listen: std::net::SocketAddr) -> String {
    let mut at = listen;
    if at.ip().is_unspecified() {
        at.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{at}")
}

/// What was done, for people and programs.
struct Told {
    output: Output,
    done: serde_json::Map<String, serde_json::Value>,
}

impl Told {
    fn say(&mut self, what: &str, new: bool, english: &str, swedish: &str) -> Outcome {
        self.done.insert(what.to_owned(), json!(if new { "made" } else { "kept" }));
        if self.output.is_json() { Ok(()) } else { self.output.say(english, swedish) }
    }
}

/// Prepares this host.
///
/// # Errors
/// When a choice is wrong (then nothing was written), or a file or the store cannot be written.
pub async fn run(output: Output, mut args: Init) -> Outcome {
    args.choices.home =
        std::path::absolute(&args.choices.home).map_err(|e| Failure::usage("home", e.to_string(), "give an absolute path"))?;
    let mut told = Told { output, done: serde_json::Map::new() };
    let config = configuration(&args, &mut told)?;
    // A running control plane has migrated its store; under it, nobody else may.
    let alone = match app::lock(&config) {
        Ok(lock) => Some(lock),
        Err(Error::Conflict(_)) => None,
        Err(other) => return Err(other.into()),
    };
    let store = Store::connect(&config.store).await?;
    if alone.is_some() {
        migrate::run(&config.store).await?;
    }
    master_key(&config, &store, &mut told).await?;
    administrator::ensure(&config, &store, &args, &mut told).await?;
    if output.is_json() {
        return output.json(&serde_json::Value::Object(told.done).to_string());
    }
    if told.done.values().all(|what| what == "kept") {
        return output.say("Nothing was changed.", "Inget har ändrats.");
    }
    let path = config.fleet.home.join("flotta.toml");
    let path = path.display();
    output.say(&format!("Now: flotta serve --config {path}"), &format!("Sedan: flotta serve --config {path}"))
}

fn configuration(args: &Init, told: &mut Told) -> Outcome<Config> {
    let home = &args.choices.home;
    let path = home.join("flotta.toml");
    if !path.exists() {
        let text = text::of(&args.choices);
        let raw: Raw = toml::from_str(&text).map_err(|e| Error::Internal(format!("the new configuration cannot be read: {e}")))?;
        let mut errors = match config::check(raw) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(errors)) => errors,
            Err(other) => return Err(other.into()),
        };
        errors.extend(args.admin_email.parse::<crate::fleet::Email>().map_err(|e| e.at("admin_email")).err());
        if !errors.is_empty() {
            return Err(Error::Invalid(errors).into());
        }
        vault::private_folder(home)
            .map_err(|e| Failure::failed(format!("{}: {e}", home.display()), "run as root, or choose another --home"))?;
        let new = files::write_new(&path, &text)? == Written::New;
        told.say("flotta.toml", new, &format!("Wrote {}.", path.display()), &format!("Skrev {}.", path.display()))?;
    } else {
        told.say("flotta.toml", false, &format!("Kept {}.", path.display()), &format!("Behöll {}.", path.display()))?;
        if args.choices.any() {
            output::tell(told.output.language.pick(
                "warning: the configuration is kept, so options about it have no effect; edit the file",
                "varning: konfigurationen behålls, så val om den har ingen verkan; redigera filen",
            ));
        }
    }
    let config = config::load(&path)?;
    if config.fleet.home != *home {
        return Err(Error::field(FieldError::new(
            "home",
            "other-home",
            format!("{} is the configuration of {}", path.display(), config.fleet.home.display()),
            "give that folder with --home, or correct the file",
        ))
        .into());
    }
    Ok(config)
}

async fn master_key(config: &Config, store: &Store, told: &mut Told) -> Outcome {
    if std::env::var_os("FLOTTA_MASTER_KEY").is_some() {
        config.vault()?;
        return told.say("master.key", false, "The master key comes from the environment.", "Huvudnyckeln kommer från miljön.");
    }
    let Some(path) = config.key_files.first() else { return Err(Error::Internal("no key file".to_owned()).into()) };
    let shown = path.display();
    if !path.exists() {
        // A new key would lock away for good what the old one sealed.
        if !store::secrets::all(store).await?.is_empty() {
            return Err(Error::field(FieldError::new(
                "secrets.key_file",
                "key-is-missing",
                format!("{shown} is missing, and the store holds secrets that it sealed"),
                "restore it from its copy; a new key cannot open them",
            ))
            .into());
        }
        let key = zeroize::Zeroizing::new(format!("{}\n", MasterKey::generate().expose_secret()));
        let new = files::write_new(path, &key)? == Written::New;
        told.say(
            "master.key",
            new,
            &format!("Wrote {shown}. Keep a copy of it apart from the backups: without it no secret can be opened."),
            &format!("Skrev {shown}. Spara en kopia skild från säkerhetskopiorna: utan den kan ingen hemlighet öppnas."),
        )?;
    } else {
        told.say("master.key", false, &format!("Kept {shown}."), &format!("Behöll {shown}."))?;
    }
    config.vault().map(drop).map_err(Failure::from)
}

/// Where the first administrator's credentials are.
fn credentials_path(config: &Config) -> PathBuf {
    config.fleet.home.join("credentials.toml")
}

/// The first administrator's credentials as far as they are known.
fn credentials_there(config: &Config) -> Outcome<Option<credentials::Credentials>> {
    credentials::read(&credentials_path(config))
}
