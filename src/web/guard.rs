// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What every route passes: who calls, may they, is it their own form, is it a repeat; and the line in the audit log.

use std::{cell::RefCell, rc::Rc, time::Instant};

use actix_web::{
    Error as HttpError, FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    rt,
    web::{Bytes, Data},
};
use futures::future::{Ready, ready};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tracing::{Instrument, error};
use tracing_actix_web::RequestId;

use super::{
    Web, auth, idempotency, input, metrics,
    problem::{self, Failure, Problem},
    routes::{Access, Entry, Repeat},
    view::models::Notice,
    visit,
};
use crate::{
    access::{self, Caller, Credential},
    error::{Error, Result},
    fleet::{AuditEntry, AuditId, AuditResult, MunicipalityId, Scope},
    store::{self, operations::Idempotency},
};

/// What a handler adds to the line in the audit log. Where it says nothing, the target is what the path names.
#[derive(Clone, Debug, Default)]
pub struct Note(Rc<RefCell<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    actor: Option<String>,
    target: Option<String>,
    municipality: Option<MunicipalityId>,
    detail: serde_json::Map<String, Value>,
    nothing: bool,
}

impl Note {
    /// Who it was, where the request itself did not tell: at log-in.
    pub fn actor(&self, actor: impl Into<String>) -> &Self {
        self.0.borrow_mut().actor = Some(actor.into());
        self
    }
    /// On what it was done.
    pub fn target(&self, target: impl Into<String>) -> &Self {
        self.0.borrow_mut().target = Some(target.into());
        self
    }
    /// Which municipality it concerns.
    pub fn municipality(&self, id: MunicipalityId) -> &Self {
        self.0.borrow_mut().municipality = Some(id);
        self
    }
    /// That the request only asked: nothing was changed, so no line is written.
    pub fn nothing(&self) -> &Self {
        self.0.borrow_mut().nothing = true;
        self
    }
    /// Whether that was said.
    pub fn is_nothing(&self) -> bool {
        self.0.borrow().nothing
    }
    /// More to tell, without secrets.
    pub fn detail(&self, name: &str, value: impl Into<Value>) -> &Self {
        self.0.borrow_mut().detail.insert(name.to_owned(), value.into());
        self
    }
}

/// A line for the audit log, for a handler that goes on after its answer has begun and knows only then what came of it. The
/// handler calls [`Note::nothing`] and writes this when it ends.
pub fn line_for_later(web: &Web, request: &HttpRequest, action: &str, target: &str) -> AuditEntry {
    let caller = request.extensions().get::<Caller>().cloned();
    let mut detail = serde_json::Map::new();
    common_detail(request, caller.as_ref(), &mut detail);
    AuditEntry {
        id: AuditId::generate(),
        at: web.now(),
        actor: caller.map_or_else(|| "anonymous".to_owned(), |c| c.principal.user.email.to_string()),
        action: action.to_owned(),
        target: target.to_owned(),
        municipality: None,
        address: auth::address(request).map(|a| a.to_string()).unwrap_or_default(),
        result: AuditResult::Done,
        detail: Value::Object(detail),
    }
}

fn common_detail(request: &HttpRequest, caller: Option<&Caller>, detail: &mut serde_json::Map<String, Value>) {
    if let Some(token) = caller.and_then(|c| c.principal.token.as_ref()) {
        detail.insert("by_token".to_owned(), json!(token.prefix));
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        detail.insert("request".to_owned(), json!(id.to_string()));
    }
}

impl FromRequest for Note {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(request.extensions().get::<Self>().cloned().unwrap_or_default()))
    }
}

/// Wraps every route.
pub async fn enter<B: MessageBody + 'static>(
    entry: Rc<Entry>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse, HttpError> {
    let began = Instant::now();
    let note = Note::default();
    request.extensions_mut().insert(note.clone());
    let Some(web) = request.app_data::<Data<Web>>().cloned() else {
        return Ok(request.into_response(problem::respond(&Error::Internal("no application".into()))));
    };
    let response = match admit(&web, &entry, &mut request).await {
        Err(refused) => turn_away(&entry, request, &refused),
        Ok(()) if entry.action.is_none() => call(request, next).await,
        // What has begun to change something goes on to its end and into the audit log, though the client go away meanwhile.
        Ok(()) => {
            let (web, of, note) = (web.clone(), Rc::clone(&entry), note.clone());
            let work = async move {
                let response = carry_out(&web, &of, request, next).await;
                write_down(&web, &of, &note, &response).await;
                response
            };
            let done = rt::spawn(work.in_current_span()).await;
            let response = done.map_err(|e| HttpError::from(Failure(Error::Internal(format!("a handler stopped: {e}")))))?;
            metrics::answered(entry.method.as_str(), entry.path, response.status().as_u16(), began.elapsed());
            return Ok(response);
        }
    };
    write_down(&web, &entry, &note, &response).await;
    metrics::answered(entry.method.as_str(), entry.path, response.status().as_u16(), began.elapsed());
    Ok(response)
}

/// Wraps the whole application: whatever error comes out, comes out as a problem or a page.
pub async fn last(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> std::result::Result<ServiceResponse, HttpError> {
    Ok(problem::dress(next.call(request).await?.map_into_boxed_body()))
}

async fn call<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> ServiceResponse {
    let plain = request.request().clone();
    match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => ServiceResponse::new(plain, error.error_response()),
    }
}

async fn carry_out<B: MessageBody + 'static>(web: &Web, entry: &Entry, request: ServiceRequest, next: Next<B>) -> ServiceResponse<BoxBody> {
    let key = request.extensions().get::<Idempotency>().cloned().filter(|_| entry.repeat == Repeat::Answer);
    let Some(key) = key else { return call(request, next).await };
    match idempotency::before(web, &key).await {
        Ok(None) => idempotency::after(web, &key, call(request, next).await).await,
        Ok(Some(again)) => request.into_response(again),
        Err(refused) => request.into_response(problem::respond(&refused)),
    }
}

/// Finds out who calls and whether they may.
async fn admit(web: &Web, entry: &Entry, request: &mut ServiceRequest) -> Result<()> {
    let odd = |value: &str| value.contains("%00") || value.chars().any(char::is_control);
    if request.match_info().iter().any(|(_, value)| odd(value)) {
        return Err(Error::not_found("what the address names"));
    }
    if entry.access == Access::Open {
        return web.crowd.admit(auth::address(request.request()), Instant::now());
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let local = auth::is_local(request.request());
    let credential = auth::credential(request.request(), auth::is_https(web));
    let by_browser = !matches!(credential, Some(Credential::Token(_)));
    if changes && by_browser {
        auth::same_site(request.headers(), &web.app.config.public_url)?;
    }
    let open = match entry.access {
        Access::Public | Access::Open => true,
        Access::Local if local => true,
        Access::Local => return Err(Error::Forbidden { needs: "a request from this host itself".to_owned() }),
        Access::LocalOr(_) => local && credential.is_none(),
        Access::May(_) | Access::Fleet(_) => false,
    };
    let caller = match &credential {
        Some(credential) => match access::authenticate(web.store(), credential, web.now()).await {
            Ok(caller) => Some(caller),
            Err(Error::Unauthenticated) if open => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let body = if changes && !entry.long_body { read(request).await? } else { Bytes::new() };
    if let Some(caller) = caller {
        if let (true, Some(session)) = (changes && !open, &caller.session) {
            auth::own_form(request.headers(), &body, session)?;
        }
        if let Some(key) = request.headers().get("idempotency-key").filter(|_| *request.method() == Method::POST) {
            let key = input::key(key.as_bytes())?;
            let request_sha256 = digest(request, &body);
            request.extensions_mut().insert(Idempotency { user: caller.principal.user.id, key, request_sha256 });
        }
        if let Some(credential) = credential {
            request.extensions_mut().insert(credential);
        }
        request.extensions_mut().insert(caller);
    } else if !open {
        return Err(Error::Unauthenticated);
    }
    permitted(entry.access, open, request)
}

fn permitted(access: Access, open: bool, request: &ServiceRequest) -> Result<()> {
    let (needed, whole_fleet) = match access {
        Access::Public | Access::Open | Access::Local => return Ok(()),
        Access::LocalOr(_) if open => return Ok(()),
        Access::May(permission) => (permission, false),
        Access::LocalOr(permission) | Access::Fleet(permission) => (permission, true),
    };
    let extensions = request.extensions();
    let principal = &extensions.get::<Caller>().ok_or(Error::Unauthenticated)?.principal;
    if !principal.may(needed) {
        let by = if principal.user.role.may(needed) { "a token" } else { "a role" };
        return Err(Error::Forbidden { needs: format!("{by} that may `{needed}`") });
    }
    if whole_fleet && principal.scope() != Scope::Fleet {
        return Err(Error::Forbidden { needs: "a role for the whole fleet".to_owned() });
    }
    Ok(())
}

/// Reads the body and puts it back for the handler.
async fn read(request: &mut ServiceRequest) -> Result<Bytes> {
    let body = request.extract::<Bytes>().await.map_err(|e| {
        let status = e.as_response_error().status_code().as_u16();
        let (code, fix) = if status == 413 { ("too-long", "send less than a mebibyte") } else { ("unreadable", "send it again") };
        Error::field(crate::error::FieldError::new("body", code, "the body cannot be read", fix))
    })?;
    request.set_payload(Payload::from(body.clone()));
    Ok(body)
}

fn digest(request: &ServiceRequest, body: &[u8]) -> String {
    let mut sha = Sha256::new();
    for part in [request.method().as_str().as_bytes(), b" ", request.path().as_bytes(), b"\n", body] {
        sha.update(part);
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer to one who may not come in: people without a session are led to the log-in page.
fn turn_away(entry: &Entry, request: ServiceRequest, refused: &Error) -> ServiceResponse {
    let to_log_in = matches!(refused, Error::Unauthenticated) && problem::for_people(request.request());
    if !to_log_in {
        return request.into_response(problem::respond(refused));
    }
    let cookies = request.headers().get(header::COOKIE).and_then(|c| c.to_str().ok()).unwrap_or_default().to_owned();
    let mut target = url::form_urlencoded::Serializer::new(String::new());
    if entry.method == Method::GET {
        let here = request.uri().path_and_query().map_or("/", |p| p.as_str());
        if here != "/" {
            target.append_pair("next", here);
        }
    }
    if cookies.contains("flotta_session=") {
        target.append_pair("notice", &Notice::SessionEnded.to_string());
    }
    let query = target.finish();
    let path = if query.is_empty() { "/login".to_owned() } else { format!("/login?{query}") };
    request.into_response(visit::see_other(&path))
}

/// Writes what was done or refused into the audit log.
async fn write_down(web: &Web, entry: &Entry, note: &Note, response: &ServiceResponse) {
    let Some(action) = entry.action else { return };
    let request = response.request();
    let status = response.status().as_u16();
    let caller = request.extensions().get::<Caller>().cloned();
    // Whoever knocks without a key, or again and again, fills no log that can never be emptied; log-ins that failed are in it.
    let nobody = caller.is_none() && entry.access != Access::Public;
    if nobody || status == 429 {
        return;
    }
    let noted = std::mem::take(&mut *note.0.borrow_mut());
    if noted.nothing {
        return;
    }
    let mut detail = noted.detail;
    if let Some(problem) = response.response().extensions().get::<Problem>() {
        detail.insert("code".to_owned(), json!(problem.code));
        let fields: Vec<_> = problem.errors.iter().map(|e| json!({"field": e.field, "code": e.code})).collect();
        if !fields.is_empty() {
            detail.insert("errors".to_owned(), Value::Array(fields));
        }
    }
    common_detail(request, caller.as_ref(), &mut detail);
    let named =
        || ["slug", "id", "name"].iter().find_map(|part| request.match_info().get(part)).unwrap_or_default().chars().take(100).collect();
    let actor = noted.actor.or_else(|| caller.map(|c| c.principal.user.email.to_string())).unwrap_or_else(|| "anonymous".to_owned());
    let line = AuditEntry {
        id: AuditId::generate(),
        at: web.now(),
        actor,
        action: action.to_owned(),
        target: noted.target.unwrap_or_else(named),
        municipality: noted.municipality,
        address: auth::address(request).map(|a| a.to_string()).unwrap_or_default(),
        result: match status {
            0..400 => AuditResult::Done,
            400..500 => AuditResult::Refused,
            _ => AuditResult::Failed,
        },
        detail: Value::Object(detail),
    };
    if let Err(error) = store::audit::append(web.store(), &line).await {
        error!(%error, action, target = line.target, actor = line.actor, result = %line.result, "a line of the audit log could not be written");
    }
}
