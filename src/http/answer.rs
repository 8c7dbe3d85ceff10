//! Answers: whole in memory, and `application/scim+json` whenever they have a body. Microsoft's Validator refuses any other
//! type.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::Value;

use crate::scim;

/// The media type of SCIM (RFC 7644 section 8.1).
pub(super) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    with_body(status, SCIM_JSON, body.to_string())
}

/// An answer with a body of any type.
pub(super) fn with_body(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

/// The error body of RFC 7644 section 3.12.
pub(super) fn error(status: StatusCode, scim_type: Option<&str>, detail: &str) -> Answer {
    json(status, &scim::error::body(status.as_u16(), scim_type, detail))
}

/// The body of an answer.
#[cfg(test)]
pub(super) fn bytes(answer: &Answer) -> Bytes {
    use futures::FutureExt as _;
    use http_body_util::BodyExt as _;

    let whole = answer.body().clone().collect().now_or_never().expect("the body is in memory");
    whole.expect("the body is in memory").to_bytes()
}
