//! What went wrong, as a page: a sentence that anybody may read, the id of the request, and a way to begin again.

use std::sync::Arc;

use axum::response::IntoResponse;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::Visit;
use crate::http::edge::{Answer, Refused, Why};
use crate::pages::texts::error;
use crate::pages::{self, NoticePage, PageFrame};
use crate::store::WatchedDirectory;

/// How long to wait before what may heal by itself is tried again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Why a request of a browser came to nothing.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    sentence: &'static str,
    /// What the log says beside it; nothing that somebody sent.
    reason: String,
    /// Whether the person is refused, and not the request.
    is_denial: bool,
    /// Where one begins anew, or chooses another account.
    again: Option<String>,
    directory: Option<Arc<WatchedDirectory>>,
    request_id: String,
}

impl Visit {
    /// A failure with a sentence of [`pages::texts`].
    pub fn failure(&self, status: StatusCode, sentence: &'static str, reason: impl Into<String>) -> Failure {
        Failure {
            status,
            sentence,
            reason: reason.into(),
            is_denial: false,
            again: None,
            directory: Some(Arc::clone(&self.directory)),
            request_id: self.note.request_id().to_owned(),
        }
    }

    /// The person may not come in: a sentence of [`pages::texts::denied`].
    pub fn denied(&self, sentence: &'static str, reason: impl Into<String>) -> Failure {
        Failure { is_denial: true, ..self.failure(StatusCode::FORBIDDEN, sentence, reason) }
    }

    /// There is no such page.
    pub fn not_found(&self) -> Failure {
        self.failure(StatusCode::NOT_FOUND, error::NOT_FOUND, "no such page")
    }

    /// The address is none that is taken.
    pub fn bad_request(&self, reason: impl Into<String>) -> Failure {
        self.failure(StatusCode::BAD_REQUEST, error::BAD_REQUEST, reason)
    }

    /// What is known is too old, or the API server cannot be asked: the same request may do in a moment.
    pub fn stale(&self, reason: impl Into<String>) -> Failure {
        self.failure(StatusCode::SERVICE_UNAVAILABLE, error::STALE, reason)
    }
}

impl Failure {
    /// A failure before there was any Directory.
    pub(super) fn without_directory(
        status: StatusCode,
        sentence: &'static str,
        reason: impl Into<String>,
        request_id: &str,
    ) -> Self {
        let request_id = request_id.to_owned();
        Self { status, sentence, reason: reason.into(), is_denial: false, again: None, directory: None, request_id }
    }

    /// The same, with a way to begin again.
    #[must_use]
    pub fn again(self, href: String) -> Self {
        Self { again: Some(href), ..self }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Answer {
        let Self { status, sentence, reason, is_denial, again, directory, request_id } = self;
        let frame = directory.as_deref().map(frame).unwrap_or_default();
        let branding =
            directory.as_deref().and_then(|directory| directory.spec.login.as_ref()).map(|login| &login.branding);
        let contact = branding.and_then(|branding| branding.contact.as_deref());
        let page = if is_denial {
            NoticePage::denied(frame, sentence, contact, &request_id, again.as_deref())
        } else {
            NoticePage::error(frame, sentence, &request_id, again.as_deref())
        };
        let mut answer = pages::answer(status, &page);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        let why = Why { detail: Some(sentence.to_owned()), reason: Some(reason), ..Why::default() };
        answer.extensions_mut().insert(why);
        answer
    }
}

/// What a page shows of the company around its content.
pub(super) fn frame(directory: &WatchedDirectory) -> PageFrame<'_> {
    let branding = directory.spec.login.as_ref().map(|login| &login.branding);
    PageFrame {
        company: branding.and_then(|branding| branding.display_name.as_deref()).unwrap_or(&directory.name),
        logo: branding.and_then(|branding| branding.logo.as_deref()),
        ..PageFrame::default()
    }
}

/// What the edge refuses, as a page. No Directory is known there, and the id of the request is in its header.
pub fn refused(refused: &Refused) -> Answer {
    let (status, sentence, reason) = match refused {
        Refused::UrlTooLong => (StatusCode::URI_TOO_LONG, error::TOO_LARGE, "the URL is too long"),
        Refused::HeadersTooLarge => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, error::TOO_LARGE, "the headers are too large")
        }
        Refused::NoHost => (StatusCode::BAD_REQUEST, error::BAD_REQUEST, "the header Host is missing or there twice"),
        Refused::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, error::METHOD, "the method does not fit"),
        Refused::Panic => (StatusCode::INTERNAL_SERVER_ERROR, error::INTERNAL, "a handler panicked"),
    };
    Failure::without_directory(status, sentence, reason, "see X-Request-Id").into_response()
}
