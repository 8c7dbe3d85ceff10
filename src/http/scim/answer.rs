//! Answers: `application/scim+json` whenever they have a body. Microsoft's Validator refuses any other type.
//!
//! Most are whole in memory. What would be large is made while it is sent, piece by piece, as fast as the client reads.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use hyper::body::{Bytes, Frame};
use serde_json::Value;

use crate::http::edge::Answer;
use crate::scim;

/// The media type of SCIM (RFC 7644 section 8.1).
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// The text of an answer that is made while it is sent. To make a piece must not wait for anything.
pub(super) type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// A body that is made while it is sent. Its length is not known before.
struct InPieces(Pieces);

impl hyper::body::Body for InPieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    whole(status, body.to_string())
}

/// An answer with this text.
pub(super) fn whole(status: StatusCode, text: String) -> Answer {
    answer(status, true, text.into())
}

/// An answer whose body is made while it is sent.
pub(super) fn in_pieces(status: StatusCode, pieces: Pieces) -> Answer {
    answer(status, true, Body::new(InPieces(pieces)))
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    answer(status, false, Body::empty())
}

fn answer(status: StatusCode, has_body: bool, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    if has_body {
        answer.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    }
    answer
}

/// The error body of RFC 7644 section 3.12.
pub(super) fn error(status: StatusCode, scim_type: Option<&str>, detail: &str) -> Answer {
    json(status, &scim::error::body(status.as_u16(), scim_type, detail))
}

/// The body of an answer that is in memory.
#[cfg(test)]
pub(super) fn bytes(answer: Answer) -> Bytes {
    use futures::FutureExt as _;

    let whole = axum::body::to_bytes(answer.into_body(), usize::MAX).now_or_never();
    whole.expect("the body is in memory").expect("the body is in memory")
}
