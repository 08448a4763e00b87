// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A letter put into words, in Swedish and English. Pure. A subject begins with the worst, so that a list of mails can be sorted.

use std::fmt::Write;

use jiff::{Timestamp, tz::TimeZone};

use crate::fleet::{
    health::Failure,
    incident::CauseKind,
    notice::{Entry, Letter, Tongue, Word},
    policy::ZONE,
};

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// One line.
    pub subject: String,
    /// All of it.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Puts a letter into words. `fleet` is the fleet's name.
#[must_use]
pub fn word(letter: &Letter, tongue: Tongue, fleet: &str) -> Worded {
    let pick = |sv: &'static str, en: &'static str| pick(tongue, sv, en);
    let [first, rest @ ..] = &letter.entries[..] else {
        let text =
            pick("Det här är ett prov. Hit kommer meddelanden om incidenter.", "This is a trial. Notices about incidents will come here.");
        let subject = format!("[{fleet}] {}", pick("Prov", "Trial"));
        return Worded { subject, text: format!("{text}\n"), html: format!("<p>{text}</p>\n") };
    };
    let more = match rest.len() {
        0 => String::new(),
        count => format!(" {} {count} {}", pick("och", "and"), pick("till", "more")),
    };
    let subject = format!("[{fleet}] {}: {}{more}", state(first, tongue), subject_of(first, tongue));
    let (mut text, mut html) = (String::new(), String::new());
    for entry in &letter.entries {
        let head = format!("{}: {}", state(entry, tongue), subject_of(entry, tongue));
        let lines = lines(entry, tongue);
        // Writing to a text does not fail.
        let _ = write!(text, "{head}\n{}\n{}\n\n", lines.join("\n"), entry.link);
        let paragraphs: String = lines.iter().map(|line| format!("{}<br>\n", escape(line))).collect();
        let link = escape(&entry.link);
        let _ = write!(html, "<h3>{}</h3>\n<p>{paragraphs}<a href=\"{link}\">{link}</a></p>\n", escape(&head));
    }
    Worded { subject, text, html }
}

fn pick(tongue: Tongue, sv: &'static str, en: &'static str) -> &'static str {
    match tongue {
        Tongue::Sv => sv,
        Tongue::En => en,
    }
}

fn state(entry: &Entry, tongue: Tongue) -> &'static str {
    match entry.word {
        Word::Opened => pick(tongue, "Fel", "Problem"),
        Word::Reminder => pick(tongue, "Fortfarande fel", "Still a problem"),
        Word::Over => pick(tongue, "Över", "Over"),
    }
}

fn subject_of(entry: &Entry, tongue: Tongue) -> String {
    let kind = match entry.cause {
        CauseKind::Check => return entry.label.clone(),
        CauseKind::Operation => pick(tongue, "åtgärden på", "the operation on"),
        CauseKind::Certificate => pick(tongue, "certifikatet", "the certificate"),
        CauseKind::Zone => pick(tongue, "namnservern för", "the name server of"),
        CauseKind::Instance => pick(tongue, "instansen", "the instance"),
        CauseKind::Plugin => pick(tongue, "tillägget", "the plugin"),
        // Which server of the operators it is says nothing to others.
        CauseKind::DatabaseServer => return pick(tongue, "databasservern", "the database server").to_owned(),
        CauseKind::Node => return pick(tongue, "värden som kör webbplatserna", "the host that runs the sites").to_owned(),
        CauseKind::Disk => return pick(tongue, "en disk utan plats", "a disk without room").to_owned(),
        CauseKind::Gateway => return pick(tongue, "ingången till webbplatserna", "the gateway").to_owned(),
        CauseKind::Resolver => return pick(tongue, "Flottas egen namnuppslagning", "Flotta’s own resolver").to_owned(),
        CauseKind::Egress => return pick(tongue, "Flottas väg ut på internet", "Flotta’s way out to the Internet").to_owned(),
        CauseKind::Observer => return pick(tongue, "övervakningen själv", "the watching itself").to_owned(),
    };
    format!("{kind} {}", entry.label)
}

fn lines(entry: &Entry, tongue: Tongue) -> Vec<String> {
    let mut lines = Vec::new();
    let sites = match (entry.sites, tongue) {
        (1, Tongue::Sv) => "1 webbplats".to_owned(),
        (n, Tongue::Sv) => format!("{n} webbplatser"),
        (1, Tongue::En) => "1 site".to_owned(),
        (n, Tongue::En) => format!("{n} sites"),
    };
    let among = match (entry.municipalities, tongue) {
        (0 | 1, _) => String::new(),
        (n, Tongue::Sv) => format!(" i {n} kommuner"),
        (n, Tongue::En) => format!(" in {n} municipalities"),
    };
    let over = entry.resolved_at.is_some();
    if entry.sites > 0 {
        lines.push(match (over, tongue) {
            (false, Tongue::Sv) => format!("{sites}{among} visas inte för besökare."),
            (false, Tongue::En) => format!("{sites}{among} not served to visitors."),
            (true, Tongue::Sv) => format!("{sites}{among} visades inte för besökare."),
            (true, Tongue::En) => format!("{sites}{among} had not been served to visitors."),
        });
    }
    if let Some(failure) = entry.failure {
        lines.push(format!("{}: {}.", pick(tongue, "Så yttrar det sig", "How it shows"), failure_word(failure, tongue)));
    }
    if !entry.some.is_empty() && entry.cause != CauseKind::Check {
        let dots = if usize::try_from(entry.sites).is_ok_and(|sites| sites > entry.some.len()) { ", …" } else { "" };
        lines.push(format!("{}: {}{dots}", pick(tongue, "Bland annat", "Among them"), entry.some.join(", ")));
    }
    lines.push(format!("{}: {}", pick(tongue, "Bekräftat", "Confirmed"), time(entry.opened_at)));
    if let Some(at) = entry.resolved_at {
        lines.push(format!("{}: {}", pick(tongue, "Över", "Over"), time(at)));
    }
    if entry.merged_into.is_some() {
        lines
            .push(pick(tongue, "Det visade sig vara en del av ett större fel.", "It turned out to be part of a wider problem.").to_owned());
    }
    if !over && entry.acknowledged_by.is_empty() && entry.word != Word::Opened {
        lines.push(pick(tongue, "Ingen har tagit hand om det.", "Nobody has taken it on.").to_owned());
    }
    if !entry.acknowledged_by.is_empty() {
        lines.push(format!("{}: {}", pick(tongue, "Tas om hand av", "Taken on by"), entry.acknowledged_by));
    }
    lines
}

fn time(at: Timestamp) -> String {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

fn failure_word(failure: Failure, tongue: Tongue) -> &'static str {
    use Failure as F;
    let (sv, en) = match failure {
        F::Refused => ("ingen svarar", "nobody answers"),
        F::Unreachable => ("ingen anslutning", "no connection"),
        F::TimedOut => ("inget svar i tid", "no answer in time"),
        F::Broken => ("svaret bryts", "the answer breaks off"),
        F::Name => ("namnet leder fel", "the name leads nowhere, or elsewhere"),
        F::Handshake => ("ingen säker anslutning", "no secure connection"),
        F::CertificateExpired => ("certifikatet gäller inte längre", "the certificate has expired"),
        F::CertificateWrong => ("fel certifikat", "the wrong certificate"),
        F::NoUpstream => ("ingen bakom ingången svarar", "nobody behind the gateway answers"),
        F::ServerError => ("serverfel", "a server error"),
        F::ClientError => ("sidan finns inte eller är stängd", "the page is missing or closed"),
        F::SetUp => ("WordPress vill installeras", "WordPress wants to be installed"),
        F::Astray => ("sidan leder fel", "the page leads elsewhere"),
        F::Empty => ("en tom sida", "an empty page"),
        F::Fatal => ("ett fel i PHP", "an error in PHP"),
        F::NoDatabase => ("ingen databas", "no database"),
        F::Unlike => ("sidan är inte hel", "the page is not whole"),
        F::Maintenance => ("underhållssidan visas", "the maintenance page is shown"),
    };
    pick(tongue, sv, en)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Id;

    fn entry(cause: CauseKind, label: &str) -> Entry {
        Entry {
            word: Word::Opened,
            round: 0,
            incident: Id::generate(),
            cause,
            label: label.into(),
            failure: Some(Failure::ServerError),
            opened_at: "2026-11-26T10:00:00Z".parse().unwrap(),
            resolved_at: None,
            merged_into: None,
            acknowledged_by: String::new(),
            sites: 12,
            municipalities: 3,
            some: vec!["lund.se".into()],
            link: "https://flotta.example.org/incidents/1".into(),
        }
    }

    #[test]
    fn both_languages_say_the_same() {
        let letter = Letter { entries: vec![entry(CauseKind::Gateway, "flotta-gateway"), entry(CauseKind::Check, "<lund.se>")] };
        let sv = word(&letter, Tongue::Sv, "flotta");
        assert_eq!(sv.subject, "[flotta] Fel: ingången till webbplatserna och 1 till");
        assert!(sv.text.contains("12 webbplatser i 3 kommuner visas inte"), "{}", sv.text);
        assert!(sv.text.contains("2026-11-26 11:00:00 CET"), "{}", sv.text);
        let en = word(&letter, Tongue::En, "flotta");
        assert_eq!(en.subject, "[flotta] Problem: the gateway and 1 more");
        assert!(en.html.contains("&lt;lund.se&gt;") && !en.html.contains("<lund.se>"), "{}", en.html);
        assert!(word(&Letter::default(), Tongue::Sv, "flotta").subject.contains("Prov"));
    }
}
