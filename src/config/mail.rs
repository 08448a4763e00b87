// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How people are told, as it is written.

use std::path::PathBuf;

use serde::Deserialize;

use crate::{
    error::FieldError,
    fleet::settings::{MailSecurity, MailSettings},
};

/// `[notices]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawNotices {
    /// Whether hooks may lead to this host, without TLS too, and those of municipalities into private ranges.
    pub local_hooks: bool,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawMail {
    /// Host and port; none where no mail is sent.
    pub server: String,
    /// `starttls`, `tls` or `none`.
    pub security: String,
    /// With which name Flotta logs in; none where it does not.
    pub user: String,
    /// File of the password.
    pub password_file: PathBuf,
    /// The sender.
    pub from: String,
}

impl Default for RawMail {
    fn default() -> Self {
        Self { server: String::new(), security: "starttls".into(), user: String::new(), password_file: PathBuf::new(), from: String::new() }
    }
}

impl RawMail {
    /// What was written, as it is used; adds its mistakes.
    pub(super) fn check(self, errors: &mut Vec<FieldError>) -> Option<MailSettings> {
        let before = errors.len();
        let mut wrong = |field: &str, code: &str, message: String, fix: &str| errors.push(FieldError::new(field, code, message, fix));
        let security = self.security.parse().unwrap_or_else(|e: FieldError| {
            wrong("mail.security", "invalid-security", e.message, &e.fix);
            MailSecurity::Starttls
        });
        if self.server.is_empty() {
            return None;
        }
        let place = self.server.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse::<u16>().ok()?)));
        let (host, port) = place.filter(|(host, port)| !host.is_empty() && *port > 0).unwrap_or_else(|| {
            wrong("mail.server", "invalid-server", format!("`{}` is no host with a port", self.server), "write it as smtp.example.org:587");
            Default::default()
        });
        let host = host.trim_matches(['[', ']']).to_owned();
        let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if security == MailSecurity::None && !here {
            wrong("mail.security", "insecure-mail", "mail would leave this host unprotected".into(), "use starttls or tls");
        }
        let address = self.from.rsplit_once('<').map_or(self.from.as_str(), |(_, address)| address.trim_end_matches('>'));
        if address.trim().parse::<crate::fleet::Email>().is_err() {
            wrong("mail.from", "invalid-email", format!("`{}` is no sender", self.from), "write it as Flotta <flotta@example.org>");
        }
        if self.user.is_empty() != self.password_file.as_os_str().is_empty() {
            wrong("mail.password_file", "missing", "user and password_file belong together".into(), "give both, or neither");
        }
        let settings = MailSettings {
            host,
            port,
            security,
            user: Some(self.user).filter(|user| !user.is_empty()),
            password_file: Some(self.password_file).filter(|path| !path.as_os_str().is_empty()),
            from: self.from,
        };
        (errors.len() == before).then_some(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let mut errors = Vec::new();
        assert_eq!(RawMail::default().check(&mut errors), None);
        assert!(errors.is_empty());
        let bad = RawMail { server: "smtp.example.org".into(), from: "x".into(), user: "a".into(), ..RawMail::default() };
        assert_eq!(bad.check(&mut errors), None);
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["mail.server", "mail.from", "mail.password_file"]);
        errors.clear();
        let open = RawMail { server: "smtp.example.org:25".into(), security: "none".into(), from: "a@b.se".into(), ..RawMail::default() };
        open.check(&mut errors);
        assert_eq!(errors[0].code, "insecure-mail");
        errors.clear();
        let good = RawMail { server: "smtp.example.org:587".into(), from: "Flotta <flotta@b.se>".into(), ..RawMail::default() };
        let good = good.check(&mut errors).unwrap();
        assert_eq!((good.host.as_str(), good.port), ("smtp.example.org", 587));
    }
}
