// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The text of a new `flotta.toml`: every key with what it means, what was chosen and the defaults as comments. Pure.

use std::fmt::Write;

use super::Choices;

/// The text, with what was chosen in it.
#[must_use]
pub fn of(choices: &Choices) -> String {
    let mut text = Text(HEAD.to_owned());
    text.key("The fleet's folder on this host: store, keys, sockets, archives.", "home", Some(quoted(&choices.home.to_string_lossy())), "");
    text.key(
        "The fleet's name: prefixes every container, network and volume.",
        "fleet",
        choices.fleet.as_deref().map(quoted),
        "\"flotta\"",
    );
    text.key("Where the API and the pages are served.", "listen", choices.listen.as_deref().map(quoted), "\"127.0.0.1:7700\"");
    text.key("Their address as users see it.", "public_url", choices.public_url().as_deref().map(quoted), "\"http://127.0.0.1:7700\"");
    text.key("Where the Docker engine listens.", "engine", choices.engine.as_deref().map(quoted), "\"unix:///var/run/docker.sock\"");
    text.key("Operations worked on at once.", "workers", None, "4");
    text.key("Seconds that an instance gets to become well after it was started.", "healthy_deadline_seconds", None, "60");
    text.key("Whether logs are JSON, one object a line.", "log_json", choices.log_json.then(|| "true".to_owned()), "false");

    text.section("store");
    let about = "sqlite:///absolute/path or postgres://user:password@host/database; without it, flotta.db in the home folder.";
    text.key(about, "address", choices.store.as_deref().map(quoted), "\"postgres://flotta@localhost/flotta\"");

    text.section("images");
    text.key(
        "Image of the database server, by name or id.",
        "mariadb",
        choices.image_mariadb.as_deref().map(quoted),
        "\"flotta/mariadb:11.8\"",
    );
    text.key("Image of the gateway, by name or id.", "gateway", choices.image_gateway.as_deref().map(quoted), "\"flotta/gateway:2.6\"");

    text.section("gateway");
    let bind: Vec<String> = choices.bind.iter().map(|ip| quoted(ip)).collect();
    let bind = (!bind.is_empty()).then(|| format!("[{}]", bind.join(", ")));
    text.key("Addresses of this host on which the sites are served; none means all.", "bind", bind, "[]");
    text.key("Port for HTTP.", "http_port", choices.http_port.map(|p| p.to_string()), "80");
    text.key("Port for HTTPS.", "https_port", choices.https_port.map(|p| p.to_string()), "443");
    let about = "E-mail address of the ACME account; without it, the gateway's own authority signs every certificate.";
    text.key(about, "acme_email", choices.acme_email.as_deref().map(quoted), "\"it@example.se\"");
    text.key("Another ACME directory than Let's Encrypt's.", "acme_directory", None, "\"https://acme.example/directory\"");

    text.section("network");
    text.key(
        "The fleet's private /20; without it, Flotta finds a free one.",
        "subnet",
        choices.subnet.as_deref().map(quoted),
        "\"10.201.16.0/20\"",
    );
    text.key("Private ranges that instances may reach all the same.", "allowed_ranges", None, "[]");
    text.key("Memory of this host that instances never get, in MiB.", "reserved_memory_mib", None, "1024");
    text.key("How many times the rest of the memory may be promised.", "memory_overcommit", None, "10.0");
    text.key("Disk that must stay free, in MiB.", "reserved_disk_mib", None, "2048");
    text.key("Buffer pool of the database server.", "buffer_pool", None, "\"256M\"");

    text.section("limits");
    text.key("Limits of an instance that asks for none: memory in MiB,", "memory_mib", None, "512");
    text.key("processor in thousandths of a core,", "cpu_milli", None, "1000");
    text.key("processes and threads.", "pids", None, "128");

    text.section("updates");
    text.key("Instances of one database server that are worked on before no rollout starts another,", "per_database_server", None, "8");
    text.key("the same of one node.", "per_node", None, "16");
    text.key("Days for which there is a way back after an update.", "rollback_days", None, "7");

    text.section("rehearsals");
    text.key("So many at once.", "at_once", None, "2");
    text.key("The browser that takes pictures; empty where none are wanted.", "chromium", None, "\"/usr/bin/chromium\"");
    text.key("So many sites of an instance have their picture taken.", "pictures", None, "5");

    text.section("health");
    text.key("How often every site is checked, in seconds.", "interval_seconds", None, "60");
    text.key("From how many milliseconds on a site is slow.", "slow_milliseconds", None, "3000");
    text.key("So many checks are under way at once.", "at_once", None, "256");

    text.section("outside");
    text.key("Name servers that are asked; without them, the host's own.", "resolvers", None, "[]");
    text.key("Addresses at which visitors reach the gateway.", "gateway_addresses", None, "[]");
    text.key("Private ranges in which addresses besides the sites may be checked.", "allowed_ranges", None, "[]");
    text.key(
        "A file (PEM) of authorities that are trusted besides the host's own.",
        "authorities",
        None,
        "\"/etc/flotta/authorities.pem\"",
    );
    text.key("Hours between two looks from outside at the same site.", "look_hours", None, "6");
    text.key("Addresses besides its sites that a municipality may have.", "most_addresses", None, "50");
    text.key("Addresses of others that always answer, by which Flotta tells its own way out from theirs.", "canaries", None, "[]");

    text.section("mail");
    text.key("Mail server for notices, host and port; none where no mail is sent.", "server", None, "\"smtp.example.org:587\"");
    text.key("starttls, tls, or none for a server on this host.", "security", None, "\"starttls\"");
    text.key("Name with which Flotta logs in,", "user", None, "\"flotta\"");
    text.key("and the file of its password.", "password_file", None, "\"/etc/flotta/mail.password\"");
    text.key("The sender.", "from", None, "\"Flotta <flotta@example.org>\"");

    text.section("notices");
    text.key("Whether hooks may lead to this host and into private ranges; for development.", "local_hooks", None, "false");

    text.section("secrets");
    text.key("File of the master key; without it, master.key in the home folder.", "key_file", None, "\"/etc/flotta/master.key\"");
    text.key("Files of earlier ones, until `flotta secret rotate` has run.", "previous_key_files", None, "[]");
    text.0
}

const HEAD: &str = "# Flotta's configuration, written by `flotta init`, which never writes over it.
# After a change: `flotta check-config`, then restart the control plane; serving sites are not touched by that.
# Every key can also be set by the environment, with two underscores for a dot: FLOTTA__GATEWAY__HTTPS_PORT=8443
";

struct Text(String);

impl Text {
    fn section(&mut self, name: &str) {
        self.line(&format!("\n[{name}]"));
    }

    /// A key that was chosen, or its default as a comment.
    fn key(&mut self, about: &str, key: &str, value: Option<String>, default: &str) {
        self.line(&format!("\n# {about}"));
        match value {
            Some(value) => self.line(&format!("{key} = {value}")),
            None => self.line(&format!("#{key} = {default}")),
        }
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ok = writeln!(self.0, "{line}");
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Raw, check};

    #[test]
    fn what_was_chosen_is_read_back_and_the_rest_is_default() {
        let choices = Choices {
            home: "/srv/fle\"et".into(),
            fleet: Some("t3f9a1".into()),
            listen: Some("0.0.0.0:7711".into()),
            https_port: Some(8443),
            bind: vec!["127.0.0.2".into()],
            image_mariadb: Some("sha256:aa".into()),
            ..Choices::default()
        };
        let config = check(toml::from_str::<Raw>(&of(&choices)).unwrap()).unwrap();
        assert_eq!(config.fleet.home, std::path::Path::new("/srv/fle\"et"));
        assert_eq!((config.fleet.fleet.as_str(), config.fleet.https_port, config.fleet.http_port), ("t3f9a1", 8443, 80));
        assert_eq!((config.public_url.as_str(), config.fleet.mariadb_image.as_str()), ("http://127.0.0.1:7711/", "sha256:aa"));
        assert_eq!(config.gateway.bind.len(), 1);
    }

    #[test]
    fn the_defaults_in_the_comments_are_the_defaults() {
        let text = of(&Choices { home: "/var/lib/flotta".into(), ..Choices::default() });
        let only_examples =
            ["address", "acme_email", "acme_directory", "subnet", "key_file", "authorities", "server", "user", "password_file", "from"];
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') && !only_examples.iter().any(|key| rest.starts_with(key)) => rest,
                _ => line,
            })
            .fold(String::new(), |all, line| all + line + "\n");
        let with = toml::from_str::<Raw>(&uncommented).unwrap();
        assert_eq!(format!("{with:?}"), format!("{:?}", Raw::default()));
    }
}
