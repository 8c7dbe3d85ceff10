//! Why a visit came to nothing: a page for the person, and a reason for the log.

use std::sync::Arc;

use axum::response::IntoResponse;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::Visit;
use crate::http::edge::{Answer, RequestNote, Why};
use crate::http::page;
use crate::pages::texts::error;
use crate::store::WatchedDirectory;

/// How long to wait before what may heal by itself is tried again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Why a visit came to nothing.
#[derive(Debug)]
pub struct VisitFailure {
    status: StatusCode,
    /// One of the sentences of `pages::texts`.
    sentence: &'static str,
    /// What the log says beside it; nothing that somebody sent.
    reason: String,
    /// Whether the person is refused, and not the request.
    is_denial: bool,
    /// Where one begins anew, or chooses another account.
    again: Option<String>,
    directory: Option<Arc<WatchedDirectory>>,
    /// Missing where a request came past the edge.
    note: Option<RequestNote>,
}

impl Visit {
    /// A failure with one of the sentences of `pages::texts::error`.
    pub fn failure(&self, status: StatusCode, sentence: &'static str, reason: impl Into<String>) -> VisitFailure {
        let directory = Some(Arc::clone(&self.directory));
        VisitFailure { directory, ..VisitFailure::without_directory(status, sentence, reason, Some(&self.note)) }
    }

    /// The person may not come in: one of the sentences of `pages::texts::denied`, or of the provider.
    pub fn denied(&self, sentence: &'static str, reason: impl Into<String>) -> VisitFailure {
        VisitFailure { is_denial: true, ..self.failure(StatusCode::FORBIDDEN, sentence, reason) }
    }

    /// There is no such page.
    pub fn not_found(&self) -> VisitFailure {
        self.failure(StatusCode::NOT_FOUND, error::NOT_FOUND, "no such page")
    }

    /// The address is none that is taken.
    pub fn bad_request(&self, reason: impl Into<String>) -> VisitFailure {
        self.failure(StatusCode::BAD_REQUEST, error::BAD_REQUEST, reason)
    }

    /// What is known is too old, or the API server cannot be asked: the same request may do in a moment.
    pub fn stale(&self, reason: impl Into<String>) -> VisitFailure {
        self.failure(StatusCode::SERVICE_UNAVAILABLE, error::STALE, reason)
    }
}

impl VisitFailure {
    /// A failure before there was any Directory.
    pub(super) fn without_directory(
        status: StatusCode,
        sentence: &'static str,
        reason: impl Into<String>,
        note: Option<&RequestNote>,
    ) -> Self {
        let (reason, note) = (reason.into(), note.cloned());
        Self { status, sentence, reason, is_denial: false, again: None, directory: None, note }
    }

    /// The same, with a way to begin again.
    #[must_use]
    pub fn again(self, href: String) -> Self {
        Self { again: Some(href), ..self }
    }
}

impl IntoResponse for VisitFailure {
    fn into_response(self) -> Answer {
        let Self { status, sentence, reason, is_denial, again, directory, note } = self;
        let mut answer = match (&directory, &note) {
            (Some(directory), Some(note)) if is_denial => page::denied(directory, sentence, note, again.as_deref()),
            (directory, Some(note)) => page::error(status, directory.as_deref(), sentence, note, again.as_deref()),
            (_, None) => page::refused(&crate::http::edge::Refused::Panic),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        let why = Why { detail: Some(sentence.to_owned()), reason: Some(reason), ..Why::default() };
        answer.extensions_mut().insert(why);
        answer
    }
}
