//! Tells what came of each request, for the status of its Directory: once for each, with its client or without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use http::Method;
use jiff::Timestamp;

use super::error::Failure;
use crate::api::directory::ProvisioningMode;
use crate::api::provisioning_status::LastError;
use crate::audit::{self, AuditAction, AuditDoor, AuditOutcome, AuditRecord};
use crate::http::edge::{Answer, RequestNote, Why};
use crate::provisioning::OperationNote;
use crate::rules::traffic::{self, Effect, is_error};
use crate::store::notices::{Notice, NoticeRequest, NoticeSort};
use crate::store::{Store, WatchedDirectory};

/// A request whose credentials opened the Directory, until it is known what came of it; among the extensions of the request.
/// Cheap to clone.
#[derive(Clone)]
pub(super) struct RequestRecord(Arc<Inner>);

struct Inner {
    store: Store,
    directory: Arc<WatchedDirectory>,
    method: Method,
    /// Whether the request asks for a change. A search is a POST and does not.
    is_write: bool,
    note: RequestNote,
    operation: OperationNote,
    is_told: AtomicBool,
}

impl RequestRecord {
    /// The request of a client of this Directory.
    pub(super) fn new(store: &Store, directory: &Arc<WatchedDirectory>, note: &RequestNote, request: &Request) -> Self {
        let method = request.method().clone();
        let is_search = request.uri().path().trim_end_matches('/').ends_with("/.search");
        Self(Arc::new(Inner {
            store: store.clone(),
            directory: Arc::clone(directory),
            is_write: !is_search && ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&method),
            method,
            note: note.clone(),
            operation: OperationNote::default(),
            is_told: AtomicBool::new(false),
        }))
    }

    /// What the operation notes of itself.
    pub(super) fn operation(&self) -> OperationNote {
        self.0.operation.clone()
    }

    /// Tells what an operation came to, which may be at its end after its client has gone.
    pub(super) fn finish(&self, result: &Result<Answer, Failure>) {
        match result {
            Ok(answer) => self.answered(answer),
            Err(failure) => self.answered(&failure.answer()),
        }
    }

    /// Tells what is answered, unless that is told already.
    pub(super) fn answered(&self, answer: &Answer) {
        let Inner { store, directory, method, is_write, note, operation, is_told } = &*self.0;
        if is_told.swap(true, Ordering::Relaxed) {
            return;
        }
        let (at, status) = (Timestamp::now(), answer.status().as_u16());
        if *is_write {
            self.tell_audit(answer, status);
        }
        let error = is_error(method.as_str(), status).then(|| {
            let why = answer.extensions().get::<Why>().cloned().unwrap_or_default();
            LastError {
                time: at.into(),
                request: request_name(method, &note.route_pattern()),
                subject: operation.known_subject().or_else(|| note.resource_id()),
                status: status.into(),
                scim_type: why.scim_type.map(str::to_owned),
                detail: why.detail.or(why.reason),
                request_id: note.request_id().to_owned(),
                key: note.key_name(),
            }
        });
        if let Some(error) = error.as_ref().filter(|error| *is_write && error.status < 500) {
            store.notices().tell(|| refusal(directory, error));
        }
        // Of a Directory that is observed the report counts what would have been done.
        let effect = operation.known_effect().filter(|_| !self.is_observed());
        let record = traffic::SeenRequest { at, is_write: *is_write, status, effect, error };
        store.traffic().note(directory, |traffic| traffic.note(record));
    }
}

impl RequestRecord {
    fn is_observed(&self) -> bool {
        self.0.directory.spec.provisioning.mode.counts_as() == ProvisioningMode::Observe
    }

    /// Writes the audit line of a change, or of one that was refused. A write that changed nothing is neither.
    fn tell_audit(&self, answer: &Answer, status: u16) {
        let Inner { directory, method, note, operation, .. } = &*self.0;
        let effect = operation.known_effect();
        let is_refused = is_error(method.as_str(), status);
        let done = if self.is_observed() { AuditOutcome::Observed } else { AuditOutcome::Done };
        // A refused request may have deactivated somebody all the same.
        let (message, action, outcome) = match effect {
            Some(Effect::Created) => ("created", AuditAction::Create, done),
            Some(Effect::Updated) => ("updated", AuditAction::Update, done),
            Some(Effect::Deactivated) => ("deactivated", AuditAction::Deactivate, done),
            Some(Effect::Deleted) => ("deleted", AuditAction::Delete, done),
            None if is_refused && status >= 500 => ("failed", wanted(method), AuditOutcome::Failed),
            None if is_refused => ("refused", wanted(method), AuditOutcome::Denied),
            None => return,
        };
        let why = answer.extensions().get::<Why>();
        let scim_type = why.and_then(|why| why.scim_type);
        let code = status.to_string();
        let reason = is_refused.then(|| scim_type.unwrap_or(&code));
        let (key, object, names) = (note.key_name(), note.resource_id(), operation.known_changes());
        audit::write(&AuditRecord {
            key: key.as_deref(),
            object: object.as_deref(),
            reason,
            way: Some(method.as_str()),
            before: &names.before,
            after: &names.after,
            ..AuditRecord::new(message, (&directory.namespace, &directory.name), AuditDoor::Scim, action, outcome)
        });
    }
}

/// What a request asks for that changed nothing.
fn wanted(method: &Method) -> AuditAction {
    match *method {
        Method::POST => AuditAction::Create,
        Method::DELETE => AuditAction::Delete,
        _ => AuditAction::Update,
    }
}

/// What the webhook tells of a change that was refused. The subject is a name of somebody, and is left out.
fn refusal(directory: &WatchedDirectory, error: &LastError) -> Notice {
    let LastError { time, request, subject: _, status, scim_type, detail, request_id, key } = error.clone();
    let status = u16::try_from(status).unwrap_or_default();
    Notice {
        sort: NoticeSort::Refusal,
        namespace: directory.namespace.clone(),
        directory: Some(directory.name.clone()),
        subject: format!("Directory/{}", directory.name),
        reason: scim_type.unwrap_or_else(|| status.to_string()),
        note: detail.unwrap_or_default(),
        at: time.0,
        request: Some(NoticeRequest { id: request_id, operation: request, key, status }),
    }
}

/// Method and path, without the values in it.
fn request_name(method: &Method, route: &str) -> String {
    if route.is_empty() { format!("{method} of no endpoint") } else { format!("{method} /{route}") }
}
