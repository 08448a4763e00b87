// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! WordPress in a simulated container: its installation, its pages and what its agent knows.

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::{
    State,
    engine::{Container, failure},
    sql::{Schema, quote},
};
use crate::{
    drivers::wordpress::{Beat, Blog, Page, Pulse, Readiness, Site},
    error::{Error, OutsideKind, Result},
    fleet::{
        container::{ExecOutput, Mount},
        facts::{Component, Core, Facts, SiteFacts, Statement, Whole},
    },
};

const DB_VERSION: i64 = 60_421;
/// Label of a simulated image: the version of the tables that its code wants.
pub const WANTS: &str = "sim.db-version";
/// Label of a simulated image: what is wrong with its pages (`fatal`, `text`, `slow`, `slower` by three times, `install`, `silent`).
pub const FAULT: &str = "sim.fault";
const TABLES: [&str; 12] = [
    "commentmeta",
    "comments",
    "links",
    "options",
    "postmeta",
    "posts",
    "term_relationships",
    "term_taxonomy",
    "termmeta",
    "terms",
    "usermeta",
    "users",
];
const NETWORK_TABLES: [&str; 6] = ["blogmeta", "blogs", "registration_log", "signups", "site", "sitemeta"];

/// What the agent's `install` is told.
#[derive(Deserialize)]
struct Installation {
    title: String,
    domain: String,
    path: String,
    scheme: String,
    network: String,
    admin_login: String,
    admin_email: String,
    locale: String,
}

impl Installation {
    /// The statements that install; run twice, they change nothing.
    fn script(&self, prefix: &str) -> String {
        let Self { title, domain, path, scheme, network, admin_login, admin_email, locale } = self;
        let multisite = network != "single";
        let mut text = String::new();
        for table in TABLES.iter().chain(NETWORK_TABLES.iter().filter(|_| multisite)) {
            let columns = match *table {
                "options" => "option_name varchar(191), option_value longtext, autoload varchar(20), PRIMARY KEY (option_name)",
                "users" => {
                    "ID bigint, user_login varchar(60), user_pass varchar(255), user_email varchar(100), user_nicename varchar(50), user_url varchar(100), user_registered datetime, display_name varchar(250), PRIMARY KEY (ID)"
                }
                "usermeta" => "umeta_id bigint, user_id bigint, meta_key varchar(255), meta_value longtext, PRIMARY KEY (umeta_id)",
                "posts" => {
                    "ID bigint, post_title text, post_status varchar(20), guid varchar(255), post_content longtext, post_date datetime, post_date_gmt datetime, post_modified datetime, post_modified_gmt datetime, PRIMARY KEY (ID)"
                }
                "site" => "id bigint, domain varchar(200), path varchar(100), PRIMARY KEY (id)",
                "blogs" => {
                    "blog_id bigint, site_id bigint, domain varchar(200), path varchar(100), registered datetime, last_updated datetime, PRIMARY KEY (blog_id)"
                }
                "sitemeta" => "meta_id bigint, site_id bigint, meta_key varchar(255), meta_value longtext, PRIMARY KEY (meta_id)",
                _ => "meta_id bigint, object_id bigint, meta_key varchar(255), meta_value longtext, PRIMARY KEY (meta_id)",
            };
            text += &format!("CREATE TABLE IF NOT EXISTS {prefix}{table} ({columns});\n");
        }
        let host = domain.split(':').next().unwrap_or(domain);
        let base = format!("{scheme}://{domain}{}", path.trim_end_matches('/'));
        let version = DB_VERSION.to_string();
        for (name, value) in [
            ("siteurl", base.as_str()),
            ("home", &base),
            ("blogname", title),
            ("admin_email", admin_email),
            ("WPLANG", if locale == "en_US" { "" } else { locale }),
            ("db_version", &version),
        ] {
            text += &format!("REPLACE INTO {prefix}options VALUES ({}, {}, 'yes');\n", quote(name), quote(value));
        }
        text += &format!(
            "REPLACE INTO {prefix}posts (ID, post_title, post_status) VALUES (1, {}, 'publish');\n",
            quote(&format!("Hej {host}"))
        );
        if multisite {
            let (domain, path) = (quote(domain), quote(path));
            text += &format!("REPLACE INTO {prefix}site VALUES (1, {domain}, {path});\n");
            text += &format!("REPLACE INTO {prefix}blogs (blog_id, site_id, domain, path) VALUES (1, 1, {domain}, {path});\n");
            text += &format!("REPLACE INTO {prefix}sitemeta VALUES (1, 1, 'site_name', {});\n", quote(title));
        }
        let (login, email) = (quote(admin_login), quote(admin_email));
        text + &format!("REPLACE INTO {prefix}users (ID, user_login, user_pass, user_email) VALUES (1, {login}, '!', {email});\n")
    }
}

/// What is in front of whoever asks a container for WordPress.
pub(in crate::drivers) enum Wordpress<'a> {
    /// Its database does not let it in, or has no schema for it.
    NoDatabase,
    /// It is there.
    There { container: &'a Container, schema: &'a Schema, prefix: String, multisite: bool },
}

/// How an instance answers on the network.
pub(in crate::drivers) enum Answer<T> {
    /// With this.
    Now(T),
    /// It takes the connection and never answers.
    Never,
}

impl State {
    /// The agent's `install`.
    pub(super) fn install(&mut self, name: &str, stdin: &[u8]) -> ExecOutput {
        let told: Installation = match serde_json::from_slice(stdin) {
            Ok(told) => told,
            Err(error) => return answer(1, &json!({"ok": false, "error": error.to_string(), "fix": "send the whole description as JSON"})),
        };
        let Some(container) = self.engine.containers.get(name) else { return failure(1, "no such container") };
        let schema_name = schema_name(container).to_owned();
        let (installed, prefix) = match self.wordpress(container) {
            Wordpress::NoDatabase => {
                return answer(1, &json!({"ok": false, "error": "the database does not answer", "fix": "check schema, user and password"}));
            }
            Wordpress::There { schema, prefix, .. } => (installed(schema, &prefix, told.network != "single"), prefix),
        };
        if installed {
            return answer(0, &json!({"ok": true, "already": true}));
        }
        if self.need_disk("database server", 65_536).is_err() {
            return answer(1, &json!({"ok": false, "error": "the table is full", "fix": "make room on the disk"}));
        }
        let halfway = self.halfway;
        let script = told.script(&prefix);
        let result = self.database.schemas.get_mut(&schema_name).map(|schema| schema.run(&script, halfway));
        match result {
            Some(Ok(())) => {
                if !halfway {
                    self.count(format!("wordpress installed {schema_name}"));
                }
                answer(0, &json!({"ok": true, "already": false}))
            }
            Some(Err(error)) => answer(1, &json!({"ok": false, "error": error.to_string(), "fix": "look into the schema"})),
            None => failure(1, "no such schema"),
        }
    }

    fn wordpress<'a>(&'a self, container: &'a Container) -> Wordpress<'a> {
        let name = schema_name(container);
        let known = secret(container, "db_password");
        let right = self.database.users.get(name).is_some_and(|p| known.is_none_or(|k| k == p.expose_secret()));
        let serves = self.serves(self.database.container.as_deref());
        match self.database.schemas.get(name).filter(|_| right && serves) {
            None => Wordpress::NoDatabase,
            Some(schema) => {
                let prefix = container.variable(&["WORDPRESS_TABLE_PREFIX", "WP_CONF_DB_TABLE_PREFIX"]).unwrap_or("wp_").to_owned();
                let extra = container.variable(&["WORDPRESS_CONFIG_EXTRA"]).unwrap_or("").replace('"', "'").replace([' ', '\n'], "");
                let switch = container.variable(&["WP_CONF_WP_ALLOW_MULTISITE"]);
                let multisite = extra.contains("'MULTISITE',true") || switch.is_some_and(|s| matches!(s, "1" | "true"));
                Wordpress::There { container, schema, prefix, multisite }
            }
        }
    }

    /// Who answers at the site's address.
    fn reach(&self, site: &Site) -> Result<Answer<Wordpress<'_>>> {
        let refused = || Error::outside("wordpress", OutsideKind::Unreachable, format!("no connection to {}:{}", site.address, site.port));
        let container = self.engine.at_address(site.address).filter(|_| site.port == 80).ok_or_else(refused)?;
        if container.state.paused {
            return Ok(Answer::Never);
        }
        if container.started.is_none_or(|started| started.elapsed() < self.timing.boot)
            || self.image_label(container, FAULT) == Some("silent")
        {
            return Err(refused());
        }
        Ok(Answer::Now(self.wordpress(container)))
    }

    /// A page straight from the container.
    pub(in crate::drivers) fn page(&self, site: &Site, path: &str) -> Result<Answer<Page>> {
        let there = match self.reach(site)? {
            Answer::Never => return Ok(Answer::Never),
            Answer::Now(there) => there,
        };
        let Wordpress::There { container, schema, prefix, multisite } = there else {
            return Ok(Answer::Now(Page { broken: true, ..page(500, "Database Error", "") }));
        };
        let to = |location: String| Ok(Answer::Now(Page { location: Some(location), ..page(302, "", "") }));
        let host = site.host();
        if !installed(schema, &prefix, multisite) {
            return to(format!("https://{host}/wp-admin/install.php"));
        }
        let main = main_host(schema, &prefix, multisite);
        let fault = self.image_label(container, FAULT);
        match fault {
            Some("fatal") => return Ok(Answer::Now(Page { broken: true, ..page(500, "", "") })),
            Some("install") => return to(format!("https://{host}/wp-admin/install.php")),
            _ => {}
        }
        let known = main == host || (multisite && blog_at(schema, &prefix, &host));
        if !known {
            return to(format!("https://{main}/"));
        }
        let title = option(schema, &prefix, "blogname").unwrap_or("");
        let language = match option(schema, &prefix, "WPLANG") {
            None | Some("") => "en-US".to_owned(),
            Some(locale) => locale.replace('_', "-"),
        };
        let all = if fault == Some("slower") { 120 } else { 40 };
        let front = Page {
            broken: fault == Some("text"),
            milliseconds: if fault == Some("slow") { 4000 } else { all },
            ..page(200, title, &language)
        };
        let log_in = Page { milliseconds: all, ..page(200, &format!("Logga in ‹ {title} — WordPress"), &language) };
        Ok(Answer::Now(match path.split('?').next().unwrap_or("") {
            "/" => front,
            "/wp-login.php" => log_in,
            "/wp-admin/" | "/wp-admin" => return to(format!("https://{host}/wp-login.php")),
            _ => page(404, &format!("Sidan hittades inte – {title}"), &language),
        }))
    }

    fn image_label<'a>(&'a self, container: &Container, label: &str) -> Option<&'a str> {
        self.engine.find_image(&container.state.image)?.labels.get(label).map(String::as_str)
    }

    /// The version of WordPress in the container.
    pub(in crate::drivers) fn version(&self, container: &Container) -> String {
        self.image_label(container, "org.opencontainers.image.version").unwrap_or("6.8.3").to_owned()
    }

    /// The version of the tables that the container's code wants.
    pub(in crate::drivers) fn wants(&self, container: &Container) -> i64 {
        self.image_label(container, WANTS).and_then(|v| v.parse().ok()).unwrap_or(DB_VERSION)
    }

    /// Brings one site's tables to the version that the code of whoever answers there wants.
    pub(in crate::drivers) fn upgrade(&mut self, site: &Site, key: &str, blog: u64) -> Result<Answer<i64>> {
        let wanted = match self.agent(site, key, |state, container, _, prefix, _| {
            Ok((state.wants(container), schema_name(container).to_owned(), options(prefix, blog)))
        })? {
            Answer::Never => return Ok(Answer::Never),
            Answer::Now(wanted) => wanted,
        };
        let (version, schema, table) = wanted;
        self.count(format!("wordpress upgraded {schema} {blog}"));
        let script = format!("REPLACE INTO {table} VALUES ('db_version', {}, 'yes');", quote(&version.to_string()));
        let halfway = self.halfway;
        let tables = self.database.schemas.get_mut(&schema).ok_or_else(|| super::refused("wordpress", "no such schema".to_owned()))?;
        tables.run(&script, halfway)?;
        Ok(Answer::Now(version))
    }

    /// What the agent answers, given its key; `ask` gets the schema, the table prefix and whether it is a network.
    pub(in crate::drivers) fn agent<T>(
        &self,
        site: &Site,
        key: &str,
        ask: impl FnOnce(&Self, &Container, &Schema, &str, bool) -> Result<T>,
    ) -> Result<Answer<T>> {
        match self.reach(site)? {
            Answer::Never => Ok(Answer::Never),
            Answer::Now(Wordpress::NoDatabase) => Err(Error::outside("wordpress", OutsideKind::Failed, "the database does not answer")),
            Answer::Now(Wordpress::There { container, schema, prefix, multisite }) => {
                if secret(container, "agent_key").is_some_and(|known| known != key) {
                    return Err(super::refused("wordpress", "the agent refused the signature"));
                }
                ask(self, container, schema, &prefix, multisite).map(Answer::Now)
            }
        }
    }
}

/// What the agent's `ready` tells.
pub(in crate::drivers) fn readiness(schema: &Schema, prefix: &str, multisite: bool, wants: i64) -> Readiness {
    let installed = installed(schema, prefix, multisite);
    Readiness {
        installed,
        db_version: option(schema, prefix, "db_version").and_then(|v| v.parse().ok()),
        wanted_db_version: Some(wants),
        sites: installed.then(|| if multisite { rows(schema, prefix, "blogs") } else { 1 }),
    }
}

/// The table of a site's options.
fn options(prefix: &str, blog: u64) -> String {
    if blog == 1 { format!("{prefix}options") } else { format!("{prefix}{blog}_options") }
}

/// What the agent's `blogs` tells.
pub(in crate::drivers) fn blogs(schema: &Schema, prefix: &str, multisite: bool) -> Vec<Blog> {
    let version = |id| {
        let table = schema.tables.get(&options(prefix, id));
        table.and_then(|t| t.find("option_name", "db_version", "option_value")).and_then(|v| v.parse().ok()).unwrap_or(0)
    };
    let blog = |id, domain: &str, path: &str| Blog {
        id,
        domain: domain.to_owned(),
        path: path.to_owned(),
        db_version: version(id),
        ..Blog::default()
    };
    let table = schema.tables.get(&format!("{prefix}blogs")).filter(|_| multisite);
    let Some(table) = table else { return vec![blog(1, &main_host(schema, prefix, multisite), "/")] };
    let (Some(id), Some(domain), Some(path)) = (table.column("blog_id"), table.column("domain"), table.column("path")) else {
        return Vec::new();
    };
    let text = |row: &super::sql::Row, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    table.rows.iter().map(|row| blog(text(row, id).parse().unwrap_or(0), &text(row, domain), &text(row, path))).collect()
}

/// What the agent's `facts` tells.
pub(in crate::drivers) fn facts(schema: &Schema, prefix: &str, multisite: bool, version: &str) -> serde_json::Value {
    let host = main_host(schema, prefix, multisite);
    json!({
        "ok": true,
        "core": version,
        "php": "8.4",
        "db_version": option(schema, prefix, "db_version"),
        "locale": option(schema, prefix, "WPLANG"),
        "users": rows(schema, prefix, "users"),
        "multisite": multisite,
        "sites": [{"domain": host, "path": "/"}],
    })
}

/// What the agent's `pulse` tells: a site's next job is what the option `sim_next_job` says.
pub(in crate::drivers) fn pulse(schema: &Schema, prefix: &str, multisite: bool, version: &str) -> Pulse {
    let now = jiff::Timestamp::now().as_second();
    let beat = |blog: Blog| {
        let next = own_option(schema, prefix, blog.id, "sim_next_job").and_then(|at| at.parse::<i64>().ok());
        Beat { next, overdue: next.map_or(0, |at| u64::try_from(now - at).unwrap_or(0)), blog }
    };
    let blogs: Vec<Beat> = blogs(schema, prefix, multisite).into_iter().map(beat).collect();
    let marks = ["blog_public", "sim_plugins", "sim_administrators"];
    let marked = blogs.iter().flat_map(|b| marks.map(|name| own_option(schema, prefix, b.blog.id, name).unwrap_or_default().to_owned()));
    Pulse { mark: format!("{version} {}", marked.collect::<Vec<_>>().join(",")), blogs }
}

/// What the agent's `report` tells. Plugins are what the option `sim_plugins` lists as `slug=version`, administrators what
/// `sim_administrators` does.
pub(in crate::drivers) fn report(schema: &Schema, prefix: &str, multisite: bool, version: &str, wants: i64) -> Facts {
    let listed = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut whole =
        Whole { wordpress: Core { version: version.to_owned(), code_db_version: wants }, php: "8.4.11".to_owned(), ..Whole::default() };
    let mut sites = Vec::new();
    for blog in blogs(schema, prefix, multisite) {
        let own = |name: &str| own_option(schema, prefix, blog.id, name);
        let mut plugins = Vec::new();
        for one in listed(own("sim_plugins").unwrap_or_default()) {
            let (slug, version) = one.split_once('=').unwrap_or((&one, ""));
            let file = format!("{slug}/{slug}.php");
            if whole.plugins.iter().all(|known| known.slug != slug) {
                let new = Component {
                    slug: slug.to_owned(),
                    file: file.clone(),
                    name: slug.to_owned(),
                    version: version.to_owned(),
                    network: false,
                };
                whole.plugins.push(new);
            }
            plugins.push(file);
        }
        sites.push(SiteFacts {
            id: blog.id,
            home: own("home").unwrap_or_default().to_owned(),
            siteurl: own("siteurl").unwrap_or_default().to_owned(),
            public: own("blog_public") != Some("0"),
            db_version: blog.db_version,
            plugins,
            administrators: listed(own("sim_administrators").unwrap_or("admin")),
            statement: Some(Statement { linked: true, ..Statement::default() }),
            domain: blog.domain,
            path: blog.path,
            archived: blog.archived,
            deleted: blog.deleted,
            ..SiteFacts::default()
        });
    }
    Facts { whole, sites }
}

fn own_option<'a>(schema: &'a Schema, prefix: &str, blog: u64, name: &str) -> Option<&'a str> {
    schema.tables.get(&options(prefix, blog))?.find("option_name", name, "option_value")
}

/// Whether a user of this log-in name is there.
pub(in crate::drivers) fn has_user(schema: &Schema, prefix: &str, login: &str) -> bool {
    schema.tables.get(&format!("{prefix}users")).is_some_and(|t| t.find("user_login", login, "user_login").is_some())
}

fn installed(schema: &Schema, prefix: &str, multisite: bool) -> bool {
    let rows = |table| rows(schema, prefix, table) > 0;
    option(schema, prefix, "siteurl").is_some() && rows("users") && (!multisite || (rows("site") && rows("blogs")))
}

fn rows(schema: &Schema, prefix: &str, table: &str) -> u64 {
    schema.tables.get(&format!("{prefix}{table}")).map_or(0, |t| t.rows.len() as u64)
}

fn option<'a>(schema: &'a Schema, prefix: &str, name: &str) -> Option<&'a str> {
    schema.tables.get(&format!("{prefix}options"))?.find("option_name", name, "option_value")
}

/// The host name, with a port where it has one, that the installation holds for its own.
fn main_host(schema: &Schema, prefix: &str, multisite: bool) -> String {
    if multisite {
        let site = schema.tables.get(&format!("{prefix}site")).and_then(|t| t.find("id", "1", "domain"));
        return site.unwrap_or("").to_owned();
    }
    let address = option(schema, prefix, "home").unwrap_or("");
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or("").to_owned()
}

fn blog_at(schema: &Schema, prefix: &str, host: &str) -> bool {
    schema.tables.get(&format!("{prefix}blogs")).is_some_and(|t| t.find("domain", host, "domain").is_some())
}

fn schema_name(container: &Container) -> &str {
    container.variable(&["WORDPRESS_DB_NAME", "WP_CONF_DB_NAME"]).unwrap_or("")
}

/// A secret of the container, where the host has the file: so a password made anew by mistake locks the instance out here too.
fn secret(container: &Container, file: &str) -> Option<String> {
    let folder = container.spec.mounts.iter().find_map(|mount| match mount {
        Mount::Bind { source, target, .. } if target == "/run/secrets/flotta" => Some(source),
        _ => None,
    })?;
    let text = std::fs::read_to_string(std::path::Path::new(folder).join(file)).ok()?;
    Some(text.trim().to_owned())
}

fn answer(status: i64, json: &serde_json::Value) -> ExecOutput {
    ExecOutput { status, stdout: json.to_string().into_bytes(), stderr: Vec::new() }
}

/// A plain page.
pub(in crate::drivers) fn page(status: u16, title: &str, language: &str) -> Page {
    Page { status, location: None, title: title.to_owned(), language: language.to_owned(), broken: false, milliseconds: 40 }
}
