// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Mail, handed over to one server by SMTP.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::authentication::Credentials,
};
use secrecy::{ExposeSecret, SecretString};

use super::{Refused, TIME_OUT};
use crate::{
    error::{Error, FieldError, Result},
    fleet::settings::{MailSecurity, MailSettings},
};

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its own name, the same at every try.
    pub id: String,
    /// To whom.
    pub to: String,
    /// What stands in the list of mails.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Hands mail over.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Keeps those who are away from answering.
#[derive(Clone)]
struct Automatic;

impl Header for Automatic {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    /// A mailer to the server that is set. Nothing is connected yet.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(settings: &MailSettings, password: Option<&SecretString>) -> Result<Self> {
        let wrong = |field: &str, message: String, fix: &str| Error::field(FieldError::new(field, "invalid-mail", message, fix));
        let from = settings
            .from
            .parse()
            .map_err(|_| wrong("mail.from", format!("`{}` is no sender", settings.from), "write it as Flotta <flotta@example.org>"))?;
        let host = settings.host.as_str();
        let builder = match settings.security {
            MailSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            MailSecurity::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            MailSecurity::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
        };
        let mut builder = builder
            .map_err(|e| wrong("mail.server", e.to_string(), "write host and port, such as smtp.example.org:587"))?
            .port(settings.port)
            .timeout(Some(TIME_OUT));
        if let Some(user) = &settings.user {
            let password = password.map(|p| p.expose_secret().to_owned()).unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Hands one mail over.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn send(&self, mail: &Mail) -> Result<(), Refused> {
        let to: Mailbox = mail.to.parse().map_err(|_| Refused::forever("the address is no mail address"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.clone())
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(Automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|e| Refused::forever(format!("the mail could not be written: {e}")))?;
        match tokio::time::timeout(TIME_OUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => {
                let message = format!("the mail server did not take it: {e}");
                Err(if e.is_permanent() { Refused::forever(message) } else { Refused::now(message) })
            }
            Err(_) => Err(Refused::now("the mail server did not take it in time")),
        }
    }
}
