//! Answers: `application/scim+json` whenever they have a body. Microsoft's Validator refuses any other type.
//!
//! Most are whole in memory. What would be large is made while it is sent, piece by piece, as fast as the client reads.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use serde_json::Value;

use crate::scim;

/// The media type of SCIM (RFC 7644 section 8.1).
pub(super) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// An answer.
pub(super) type Answer = Response<AnswerBody>;

/// The text of an answer that is made while it is sent. To make a piece must not wait for anything.
pub(super) type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// The body of an answer.
pub(super) enum AnswerBody {
    /// In memory; its length is announced.
    Whole(Full<Bytes>),
    /// Made while it is sent.
    Pieces(Pieces),
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Pieces(pieces) => Poll::Ready(pieces.next().map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Answer {
    with_body(status, SCIM_JSON, body.to_string())
}

/// An answer with a body of any type.
pub(super) fn with_body(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    answer(status, Some(content_type), AnswerBody::Whole(Full::new(body.into())))
}

/// An answer whose body is made while it is sent.
pub(super) fn in_pieces(status: StatusCode, content_type: HeaderValue, pieces: Pieces) -> Answer {
    answer(status, Some(content_type), AnswerBody::Pieces(pieces))
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    answer(status, None, AnswerBody::Whole(Full::default()))
}

fn answer(status: StatusCode, content_type: Option<HeaderValue>, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    if let Some(content_type) = content_type {
        answer.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    answer
}

/// The error body of RFC 7644 section 3.12.
pub(super) fn error(status: StatusCode, scim_type: Option<&str>, detail: &str) -> Answer {
    json(status, &scim::error::body(status.as_u16(), scim_type, detail))
}

/// The body of an answer that is whole.
#[cfg(test)]
pub(super) fn bytes(answer: &Answer) -> Bytes {
    use futures::FutureExt as _;
    use http_body_util::BodyExt as _;

    let AnswerBody::Whole(body) = answer.body() else { panic!("the body is made while it is sent") };
    let whole = body.clone().collect().now_or_never().expect("the body is in memory");
    whole.expect("the body is in memory").to_bytes()
}
