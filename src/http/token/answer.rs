//! Answers of the doors for tokens: JSON, in the words of OAuth 2.0.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::limits::RETRY_AFTER;
use crate::http::edge::{Answer, Refused, Why};
use crate::http::keys::KeyRefusal;

/// What a key must present itself for: the same words as those of the SCIM door.
const KEY_CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"rollcall\"");
/// The same for a token that is not good, whatever is wrong with it (RFC 6750 section 3.1).
const TOKEN_CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"rollcall\", error=\"invalid_token\"");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Why a question is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenFailure {
    /// There is nothing at this address.
    NotFound,
    /// What the edge refuses.
    Edge(Refused),
    /// The request is not one of RFC 7662; the sentence.
    Request(&'static str),
    /// The form is larger than any.
    TooLarge,
    /// The form did not come in time.
    TooSlow,
    /// The key does not open the Directory for this.
    Key(KeyRefusal),
    /// The token is not good. The reason is for the log: whoever asks learns none.
    Token(&'static str),
    /// It cannot be told just now; why, for the log.
    Unavailable(&'static str),
}

impl IntoResponse for TokenFailure {
    fn into_response(self) -> Response {
        let unavailable = |reason| {
            let answer =
                error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again in a few seconds");
            told(retry_after(answer, RETRY_AFTER), reason, false)
        };
        match self {
            Self::NotFound => error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address"),
            Self::Edge(Refused::Panic) => unavailable("panic"),
            Self::Edge(refused) => edge(&refused),
            Self::Request(sentence) => error(StatusCode::BAD_REQUEST, "invalid_request", sentence),
            Self::TooLarge => closing(error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the form is too large")),
            Self::TooSlow => {
                closing(error(StatusCode::REQUEST_TIMEOUT, "invalid_request", "the form did not come in time"))
            }
            Self::Key(KeyRefusal::Credentials(reason)) => {
                let answer = error(StatusCode::UNAUTHORIZED, "invalid_client", "the key does not open this directory");
                told(challenged(answer, KEY_CHALLENGE), reason.as_str(), false)
            }
            Self::Key(KeyRefusal::TooManyFailures(reason, pause)) => {
                let sentence = "too many failed authentications from this address";
                let answer = error(StatusCode::TOO_MANY_REQUESTS, "invalid_client", sentence);
                told(retry_after(answer, pause), reason.as_str(), false)
            }
            Self::Key(KeyRefusal::Scope) => {
                error(StatusCode::FORBIDDEN, "insufficient_scope", "the key does not have the scope introspect")
            }
            Self::Key(KeyRefusal::DirectoryGone) => unavailable("unknown_directory"),
            Self::Token(reason) => {
                let answer = error(StatusCode::UNAUTHORIZED, "invalid_token", "the access token is not accepted");
                told(challenged(answer, TOKEN_CHALLENGE), reason, true)
            }
            Self::Unavailable(reason) => unavailable(reason),
        }
    }
}

/// What the edge refuses.
pub(super) fn refused(refused: &Refused) -> Answer {
    TokenFailure::Edge(refused.clone()).into_response()
}

fn edge(refused: &Refused) -> Answer {
    let (status, sentence) = match refused {
        Refused::UrlTooLong => (StatusCode::URI_TOO_LONG, "the address is too long"),
        Refused::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large"),
        Refused::NoHost => (StatusCode::BAD_REQUEST, "a request names one host"),
        Refused::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "the method is not allowed here"),
        Refused::Panic => (StatusCode::SERVICE_UNAVAILABLE, "try again in a few seconds"),
    };
    error(status, "invalid_request", sentence)
}

/// An answer about a person, which nobody may keep.
pub(super) fn private(body: &Value) -> Answer {
    json_of(StatusCode::OK, body, NO_STORE)
}

/// An answer for everybody, which may be kept for a moment.
pub(super) fn public(body: &Value) -> Answer {
    json_of(StatusCode::OK, body, PUBLIC)
}

/// Notes for the log why an answer says as little as it does.
pub(super) fn told(mut answer: Answer, reason: &str, is_expected: bool) -> Answer {
    answer.extensions_mut().insert(Why { reason: Some(reason.to_owned()), is_expected, ..Why::default() });
    answer
}

/// The error body of RFC 6749 section 5.2.
fn error(status: StatusCode, code: &str, description: &str) -> Answer {
    json_of(status, &json!({ "error": code, "error_description": description }), NO_STORE)
}

fn json_of(status: StatusCode, body: &Value, cache: HeaderValue) -> Answer {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(CACHE_CONTROL, cache);
    answer
}

fn challenged(mut answer: Answer, challenge: HeaderValue) -> Answer {
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

fn retry_after(mut answer: Answer, pause: Duration) -> Answer {
    let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    answer.headers_mut().insert(RETRY_AFTER_HEADER, seconds.max(1).into());
    answer
}

/// The rest of the body is left unread, so nothing after it can be understood.
fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
