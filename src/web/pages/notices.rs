// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is told of incidents, what they were sent, and when nobody is told.

use actix_web::{
    HttpRequest,
    web::{Data, Form, Path},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};

use super::{asked, in_place, site};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, MunicipalityId, Scope, access::Permission, notice::NoticeState},
    health::notices::words::word,
    store::{self, PageRequest},
    web::{
        Web,
        api::{
            receivers,
            shapes_notices::{NewReceiver, NewSilence},
            silences,
        },
        guard::Note,
        input,
        problem::Answer,
        view::models::{
            Notice, ReceiverForm, ReceiverPage, ReceiverRow, ReceiversPage, SentRow, SilenceForm, SilenceRow, SilencesPage, SitePage,
        },
        visit::{Visit, see_other_with},
    },
};

/// Rows on one page of a list.
const ROWS: u32 = 100;

fn row(of: &fleet::Receiver) -> ReceiverRow {
    ReceiverRow {
        id: of.id.text(),
        whose: of.slug.as_ref().map(ToString::to_string),
        kind: of.kind.to_string(),
        name: of.name.clone(),
        shown: of.shown.clone(),
        language: of.language.to_string(),
        after_minutes: of.after_minutes,
        remind_minutes: of.remind_minutes,
    }
}

/// Everybody who is told.
pub async fn receivers(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    visit.page(&web, &all_receivers(&web, &caller, asked::page(&request, ROWS)?).await?)
}

async fn all_receivers(web: &Web, caller: &Caller, page: PageRequest) -> Result<ReceiversPage> {
    let scope = caller.principal.scope();
    let found = store::receivers::list(web.store(), &scope, None, page).await?;
    Ok(ReceiversPage {
        rows: found.items.iter().map(row).collect(),
        pager: asked::pager(page, found.total, "/receivers", &[]),
        may_manage: caller.principal.may(Permission::ManageIncidents),
        whole: scope == Scope::Fleet,
        mail: web.tools().post.mail.is_some(),
        choices: asked::municipalities(web, caller).await?,
        form: ReceiverForm { remind_minutes: "60".to_owned(), ..ReceiverForm::default() },
        errors: Vec::new(),
        command: "flotta receiver list".to_owned(),
    })
}

/// Adds one, and shows its key once.
pub async fn add_receiver(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, form: Form<ReceiverForm>) -> Answer {
    let form = form.into_inner();
    let added = async {
        let minutes = |field, text: &str| input::number(field, Some(text.trim()));
        let wanted = NewReceiver {
            municipality: Some(form.municipality.clone()),
            kind: form.kind.clone(),
            address: form.address.clone(),
            name: form.name.clone(),
            language: form.language.clone(),
            after_minutes: minutes("after_minutes", &form.after_minutes)?.unwrap_or_default(),
            remind_minutes: minutes("remind_minutes", &form.remind_minutes)?,
        };
        receivers::added(&web, &caller, &note, wanted).await
    };
    match added.await {
        Ok((receiver, key)) => with_key(&web, visit, &caller, &receiver, key).await,
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let page = ReceiversPage { form, errors, ..all_receivers(&web, &caller, asked::first(ROWS)?).await? };
            "/receivers".clone_into(&mut visit.shell.here);
            visit.page_as(&web, status, &page)
        }
    }
}

async fn with_key(web: &Web, mut visit: Visit, caller: &Caller, of: &fleet::Receiver, key: Option<SecretString>) -> Answer {
    visit.shell.here = address(of);
    visit.shell.notice = Some(Notice::Saved);
    let page = one(web, caller, of, asked::first(ROWS)?).await?;
    visit.page(web, &ReceiverPage { new_key: key.map(|key| key.expose_secret().to_owned()), ..page })
}

fn address(of: &fleet::Receiver) -> String {
    format!("/receivers/{}", of.id.text())
}

/// One receiver, and what it was sent.
pub async fn receiver(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    let found = receivers::find(&web, &caller, &path).await?;
    visit.page(&web, &one(&web, &caller, &found, asked::page(&request, ROWS)?).await?)
}

async fn one(web: &Web, caller: &Caller, of: &fleet::Receiver, page: PageRequest) -> Result<ReceiverPage> {
    let sent = store::notices::list(web.store(), of.id, page).await?;
    let line = |notice: fleet::notice::Notice| SentRow {
        subject: word(&notice.letter, of.language, web.tools().settings.fleet.as_str()).subject,
        state: notice.state.to_string(),
        attempts: notice.attempts,
        next_at: Some(notice.next_at).filter(|_| notice.state == NoticeState::Waiting),
        error: notice.error,
        created_at: notice.created_at,
    };
    let own = of.municipality.is_some() || caller.principal.scope() == Scope::Fleet;
    Ok(ReceiverPage {
        row: row(of),
        pager: asked::pager(page, sent.total, &address(of), &[]),
        sent: sent.items.into_iter().map(line).collect(),
        may_manage: own && caller.principal.may(Permission::ManageIncidents),
        signs: of.signing_key > 0,
        old_key_until: of.old_key_until.filter(|until| web.now() < *until),
        new_key: None,
        command: format!("flotta receiver log {}", of.id.text()),
    })
}

/// Sends a trial; what came of it is the first line of what was sent.
pub async fn try_receiver(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let (receiver, _) = receivers::tried(&web, &caller, &note, &path).await?;
    Ok(crate::web::visit::see_other(&address(&receiver)))
}

/// Gives it another key, shown once.
pub async fn rotate_receiver(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let (receiver, key) = receivers::rotated(&web, &caller, &note, &path).await?;
    with_key(&web, visit, &caller, &receiver, Some(key)).await
}

/// Removes it.
pub async fn remove_receiver(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    receivers::removed(&web, &caller, &note, &path).await?;
    Ok(see_other_with("/receivers", Notice::Saved))
}

/// When nobody is told.
pub async fn silences(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    visit.page(&web, &all_silences(&web, &caller, asked::page(&request, ROWS)?).await?)
}

async fn all_silences(web: &Web, caller: &Caller, page: PageRequest) -> Result<SilencesPage> {
    let (scope, now) = (caller.principal.scope(), web.now());
    let may_manage = caller.principal.may(Permission::ManageIncidents);
    let found = store::silences::list(web.store(), &scope, Some(now), page).await?;
    let mut rows = Vec::new();
    for silence in found.items {
        rows.push(silence_row(web, caller, silence).await);
    }
    Ok(SilencesPage {
        rows,
        pager: asked::pager(page, found.total, "/silences", &[]),
        may_manage,
        whole: scope == Scope::Fleet,
        choices: asked::municipalities(web, caller).await?,
        form: SilenceForm::default(),
        errors: Vec::new(),
        command: "flotta silence list".to_owned(),
    })
}

async fn silence_row(web: &Web, caller: &Caller, silence: fleet::Silence) -> SilenceRow {
    let scope = caller.principal.scope();
    let check = match silence.check {
        // A check that is gone has its number only.
        Some(number) => Some(store::checks::get(web.store(), &scope, number).await.map_or_else(|_| number.to_string(), |c| c.address())),
        None => None,
    };
    let own = scope == Scope::Fleet || silence.municipality.is_some();
    SilenceRow {
        id: silence.id.text(),
        planned: silence.planned,
        holds: silence.holds(web.now()),
        may_end: own && caller.principal.may(Permission::ManageIncidents),
        whose: silence.slug.map(|slug| slug.to_string()),
        check,
        from: silence.from,
        until: silence.until,
        reason: silence.reason,
        by: silence.by,
    }
}

/// The silences that hold now for what is a municipality's, or about a check. The caller has made sure that it may be seen.
pub(super) async fn quiet(web: &Web, caller: &Caller, of: Option<MunicipalityId>, check: Option<u32>) -> Result<Vec<SilenceRow>> {
    let now = web.now();
    let current = store::silences::since(web.store(), now).await?;
    let mut rows = Vec::new();
    for silence in current.into_iter().filter(|silence| silence.holds(now) && silence.covers(of, check)) {
        rows.push(silence_row(web, caller, silence).await);
    }
    Ok(rows)
}

/// Silences one site or address from its own page, from now on.
pub async fn silence_check(
    web: Data<Web>,
    mut visit: Visit,
    caller: Caller,
    note: Note,
    path: Path<(String, String)>,
    form: Form<SilenceForm>,
    request: HttpRequest,
) -> Answer {
    let ((slug, number), form) = (path.into_inner(), form.into_inner());
    let page = site::model(&web, &caller, &slug, &number, &request).await?;
    let added = async {
        let wanted = NewSilence {
            maintenance: false,
            municipality: Some(slug.clone()),
            check: Some(page.outside.number),
            from: None,
            until: time("until", form.until.trim(), &web.views.time_zone())?,
            reason: form.reason.clone(),
        };
        silences::added(&web, &caller, &note, wanted).await
    };
    match added.await {
        Ok(_) => Ok(see_other_with(&page.here, Notice::Saved)),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            visit.shell.here.clone_from(&page.here);
            visit.page_as(&web, status, &SitePage { form, errors, ..page })
        }
    }
}

/// Silences the fleet or a municipality, from now or from a time on.
pub async fn add_silence(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, form: Form<SilenceForm>) -> Answer {
    let form = form.into_inner();
    let added = async {
        let zone = web.views.time_zone();
        let from = Some(form.from.trim()).filter(|text| !text.is_empty()).map(|text| time("from", text, &zone)).transpose()?;
        let wanted = NewSilence {
            maintenance: from.is_some(),
            municipality: Some(form.municipality.clone()),
            check: None,
            from,
            until: time("until", form.until.trim(), &zone)?,
            reason: form.reason.clone(),
        };
        silences::added(&web, &caller, &note, wanted).await
    };
    match added.await {
        Ok(_) => Ok(see_other_with("/silences", Notice::Saved)),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let page = SilencesPage { form, errors, ..all_silences(&web, &caller, asked::first(ROWS)?).await? };
            "/silences".clone_into(&mut visit.shell.here);
            visit.page_as(&web, status, &page)
        }
    }
}

/// What was typed, as a time of the page's zone.
fn time(field: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, Error> {
    let at = text.parse::<DateTime>().ok().and_then(|at| at.to_zoned(zone.clone()).ok());
    at.map(|at| at.timestamp())
        .ok_or_else(|| FieldError::new(field, "invalid-time", format!("`{text}` is no time"), "write it as 2026-11-30 18:00").into())
}

/// Ends a silence.
pub async fn end_silence(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    silences::ended(&web, &caller, &note, &path).await?;
    Ok(see_other_with("/silences", Notice::Saved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_page() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        for text in ["2026-11-30T18:00", "2026-11-30 18:00", "2026-11-30 18:00:00"] {
            assert_eq!(time("until", text, &zone).unwrap().to_string(), "2026-11-30T17:00:00Z");
        }
        for text in ["", "18:00", "2026-02-30 18:00"] {
            assert!(matches!(time("until", text, &zone), Err(Error::Invalid(errors)) if errors[0].field == "until"), "{text}");
        }
    }
}
