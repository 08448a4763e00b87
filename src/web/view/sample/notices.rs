// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Receivers and silences.

use super::*;

fn row(id: &str, whose: Option<&str>, kind: &str, name: &str, shown: &str) -> ReceiverRow {
    ReceiverRow {
        id: id.to_owned(),
        whose: whose.map(str::to_owned),
        kind: kind.to_owned(),
        name: name.to_owned(),
        shown: shown.to_owned(),
        language: "sv".to_owned(),
        after_minutes: if kind == "chat" { 30 } else { 0 },
        remind_minutes: if kind == "webhook" { 0 } else { 60 },
    }
}

fn choices() -> Vec<Choice> {
    vec![Choice { value: "ale".to_owned(), label: "Ale kommun".to_owned() }]
}

pub(super) fn receivers() -> ReceiversPage {
    ReceiversPage {
        rows: vec![
            row("1", None, "mail", "Jouren", "jouren@example.org"),
            row("2", None, "chat", "hooks.slack.com", "https://hooks.slack.com/…"),
            row("3", Some("ale"), "webhook", "Ärendesystemet", "https://arenden.ale.se/…"),
        ],
        pager: Pager::of(1, 100, 3, "/receivers", &[]),
        may_manage: true,
        whole: true,
        mail: true,
        choices: choices(),
        form: ReceiverForm { kind: "webhook".to_owned(), address: "http://arenden.ale.se".to_owned(), ..ReceiverForm::default() },
        errors: vec![FieldError::new("address", "not-https", "the address does not begin with https://", "use https")],
        command: "flotta receiver list".to_owned(),
    }
}

pub(super) fn receiver() -> ReceiverPage {
    let sent = |subject: &str, state: &str, error: &str| SentRow {
        subject: subject.to_owned(),
        state: state.to_owned(),
        attempts: u32::from(state != "waiting") + 1,
        error: error.to_owned(),
        created_at: before(3600),
        next_at: (state == "waiting").then(|| before(-30)),
    };
    ReceiverPage {
        row: row("3", Some("ale"), "webhook", "Ärendesystemet", "https://arenden.ale.se/…"),
        sent: vec![
            sent("[flotta] Fel: ale.se", "waiting", "status 503"),
            sent("[flotta] Över: ale.se", "sent", ""),
            sent("[flotta] Prov", "given-up", "no connection"),
        ],
        pager: Pager::of(1, 100, 3, "/receivers/3", &[]),
        may_manage: true,
        signs: true,
        old_key_until: Some(before(-86_000)),
        new_key: Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        command: "flotta receiver log 3".to_owned(),
    }
}

pub(super) fn silence(id: &str, whose: Option<&str>, check: Option<&str>, planned: bool) -> SilenceRow {
    SilenceRow {
        id: id.to_owned(),
        planned,
        whose: whose.map(str::to_owned),
        check: check.map(str::to_owned),
        from: before(if planned { -86_400 } else { 600 }),
        until: before(-90_000),
        reason: "Byte av brandvägg".to_owned(),
        by: "drift@example.org".to_owned(),
        holds: !planned,
        may_end: true,
    }
}

pub(super) fn silences() -> SilencesPage {
    SilencesPage {
        rows: vec![
            silence("1", None, None, true),
            silence("2", Some("ale"), None, false),
            silence("3", Some("ale"), Some("ale.se/skola/"), false),
        ],
        pager: Pager::of(1, 100, 3, "/silences", &[]),
        may_manage: true,
        whole: true,
        choices: choices(),
        form: SilenceForm { until: "2026-11-30T18:00".to_owned(), ..SilenceForm::default() },
        errors: vec![FieldError::new("reason", "missing", "there is no reason", "write why nobody shall be told")],
        command: "flotta silence list".to_owned(),
    }
}
