// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Writes what is decided, and sends what is written.

use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{
    decide::decide,
    gather::Gathered,
    letter::{self, SOME},
    queue, receivers,
    words::{Worded, word},
};
use crate::{
    drivers::post::{
        Refused,
        hook::{Request, signature},
        mail::Mail,
    },
    error::Result,
    fleet::{
        Id, Receiver, Scope,
        notice::{Letter, Notice, NoticeState, ReceiverKind},
    },
    instances::Tools,
    store,
};

/// Decides what is to be told now and writes it. Gives how many notices were written.
///
/// # Errors
/// When the store fails; what was not written is decided again.
pub async fn decide_now(tools: &Tools) -> Result<usize> {
    let now = tools.clock.now();
    let Some(gathered) = Gathered::read(&tools.store, now).await? else { return Ok(0) };
    let mut written = 0;
    for message in decide(gathered.scene(now)) {
        let Some(receiver) = gathered.receiver(message.receiver) else { continue };
        let mut entries = Vec::new();
        for item in message.items {
            let Some((case, touched)) = gathered.case(item.incident) else { continue };
            let some = store::notices::some_checks(&tools.store, item.incident, receiver.municipality, SOME).await?;
            entries.push(letter::entry(receiver, case, touched, item, some, &tools.settings.notices.public_url));
        }
        if entries.is_empty() {
            continue;
        }
        let notice = waiting(receiver, Letter { entries }, now);
        written += usize::from(store::notices::put(&tools.store, &notice).await?);
    }
    Ok(written)
}

fn waiting(receiver: &Receiver, letter: Letter, now: Timestamp) -> Notice {
    Notice {
        id: Id::generate(),
        receiver: receiver.id,
        state: NoticeState::Waiting,
        letter,
        attempts: 0,
        next_at: now,
        error: String::new(),
        created_at: now,
        ended_at: None,
    }
}

/// Sends a trial, and waits for what comes of it. It is in the log too.
///
/// # Errors
/// When the store fails.
pub async fn trial(tools: &Tools, receiver: &Receiver) -> Result<Notice> {
    let now = tools.clock.now();
    let mut notice = waiting(receiver, Letter::default(), now);
    // Written as tried once, so that nobody else sends it meanwhile.
    notice.next_at = now + queue::CLAIM;
    notice.attempts = 1;
    store::notices::put(&tools.store, &notice).await?;
    let outcome = deliver(tools, receiver, &notice).await?;
    let now = tools.clock.now();
    notice.state = if outcome.is_ok() { NoticeState::Sent } else { NoticeState::GivenUp };
    notice.error = outcome.err().map(|refused| refused.message).unwrap_or_default();
    notice.ended_at = Some(now);
    store::notices::ended(&tools.store, notice.id, notice.state, &notice.error, now, now).await?;
    Ok(notice)
}

/// Sends one notice that is due, and notes what came of it. Whoever dies in between leaves it to be sent again, with the same id.
///
/// # Errors
/// When the store fails; it is due again soon.
pub async fn send(tools: &Tools, notice: &Notice) -> Result<()> {
    let now = tools.clock.now();
    if !store::notices::claim(&tools.store, notice, now + queue::CLAIM).await? {
        return Ok(());
    }
    let receiver = store::receivers::get(&tools.store, &Scope::Fleet, notice.receiver).await?;
    let outcome = deliver(tools, &receiver, notice).await?;
    let now = tools.clock.now();
    let (id, attempts) = (notice.id, notice.attempts + 1);
    match outcome {
        Ok(()) => {
            info!(notice = %id.text(), receiver = receiver.name, attempts, "told");
            store::notices::ended(&tools.store, id, NoticeState::Sent, "", now, now).await
        }
        Err(Refused { message, forever }) => {
            let next = if forever { None } else { queue::next(notice.created_at, now, attempts) };
            let state = if next.is_some() { NoticeState::Waiting } else { NoticeState::GivenUp };
            warn!(notice = %id.text(), receiver = receiver.name, attempts, %state, why = message, "a notice could not be sent");
            store::notices::ended(&tools.store, id, state, &message, next.unwrap_or(now), now).await
        }
    }
}

async fn deliver(tools: &Tools, receiver: &Receiver, notice: &Notice) -> Result<Result<(), Refused>> {
    let now = tools.clock.now();
    let (address, keys) = receivers::secrets(tools, receiver, now).await?;
    let worded = word(&notice.letter, receiver.language, tools.settings.fleet.as_str());
    let id = notice.id.text();
    if receiver.kind == ReceiverKind::Mail {
        let Some(mailer) = &tools.post.mail else {
            return Ok(Err(Refused { message: "no mail server is set".to_owned(), forever: false }));
        };
        let Worded { subject, text, html } = worded;
        return Ok(mailer.send(&Mail { id, to: receiver.shown.clone(), subject, text, html }).await);
    }
    let of_fleet = receiver.municipality.is_none();
    let (headers, body) = if receiver.kind == ReceiverKind::Webhook {
        let body = payload(notice, &worded, tools.settings.fleet.as_str()).to_string();
        let seconds = now.as_second();
        let signed = signature(&keys, &id, seconds, &body);
        (vec![("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signed)], body)
    } else {
        (Vec::new(), chat(&worded, receiver).to_string())
    };
    Ok(tools.post.hooks.send(&Request { address: &address, of_fleet, headers, body }).await)
}

/// What a webhook gets. The same at every try.
fn payload(notice: &Notice, worded: &Worded, fleet: &str) -> Value {
    let kind = if notice.letter.entries.is_empty() { "trial" } else { "incidents" };
    let data = json!({"fleet": fleet, "subject": worded.subject, "text": worded.text, "incidents": notice.letter.entries});
    json!({"type": kind, "timestamp": notice.created_at, "data": data})
}

/// What a chat gets: Teams' workflows take cards only, everybody else takes a text.
fn chat(worded: &Worded, receiver: &Receiver) -> Value {
    let text = format!("{}\n{}", worded.subject, worded.text.trim_end());
    let teams = [".logic.azure.com", ".powerplatform.com", ".webhook.office.com"];
    let host = receiver.shown.trim_end_matches("/…").split(':').nth(1).unwrap_or_default();
    if !teams.iter().any(|end| host.ends_with(end)) {
        return json!({"text": text});
    }
    let block = json!({"type": "TextBlock", "wrap": true, "text": text.replace('\n', "\n\n")});
    let card =
        json!({"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [block]});
    json!({"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]})
}
