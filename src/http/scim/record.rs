//! Tells what came of each request, for the status of its Directory: once for each, with its client or without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Request;
use http::Method;
use jiff::Timestamp;

use super::error::Failure;
use crate::api::provisioning_status::LastError;
use crate::http::edge::{Answer, RequestNote, Why};
use crate::provisioning::OperationNote;
use crate::rules::traffic::{self, is_error};
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
        let record = traffic::SeenRequest { at, is_write: *is_write, status, effect: operation.known_effect(), error };
        store.traffic().note(directory, |traffic| traffic.note(record));
    }
}

/// Method and path, without the values in it.
fn request_name(method: &Method, route: &str) -> String {
    if route.is_empty() { format!("{method} of no endpoint") } else { format!("{method} /{route}") }
}
