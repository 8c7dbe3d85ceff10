//! The socket under hyper: it moves the clock, and gives hyper's own refusals the name and the body that every error has.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::clock::{Clock, Unread};
use crate::http::limits::{MAX_HEADERS, MAX_URL};
use crate::http::request_id::{self, X_REQUEST_ID};
use crate::scim;

/// What hyper refused before it was a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Refused {
    /// What was answered.
    pub(in crate::http) status: StatusCode,
    /// The name in the answer.
    pub(in crate::http) request_id: HeaderValue,
    /// Since its first byte came.
    pub(in crate::http) duration: Duration,
}

/// A socket with the clock of its connection, and who is told of refusals.
pub(super) struct Socket<S, R> {
    inner: S,
    clock: Clock,
    refused: R,
    /// A refusal of ours in place of hyper's, and how much of it is out.
    refusal: Vec<u8>,
    written: usize,
}

impl<S, R> Socket<S, R> {
    pub(super) fn new(inner: S, clock: Clock, refused: R) -> Self {
        Self { inner, clock, refused, refusal: Vec::new(), written: 0 }
    }
}

impl<S: AsyncRead + Unpin, R: Unpin> AsyncRead for Socket<S, R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        self.clock.read(&buffer.filled()[before..], Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, R: Fn(Refused) + Unpin> Socket<S, R> {
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.refusal.len() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.refusal[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes over a refusal that hyper writes: the whole of it is in `bytes`.
    fn takes_over(&mut self, bytes: &[u8]) -> bool {
        let Some(Unread { line_ended, begun }) = self.clock.refusal() else { return false };
        if self.refusal.is_empty() {
            let Some((status, detail)) = refusal(bytes, line_ended) else { return false };
            let request_id = request_id::read(&HeaderMap::new());
            self.refusal = text(status, &detail, &request_id);
            (self.refused)(Refused { status, request_id, duration: begun.elapsed() });
        }
        true
    }
}

impl<S: AsyncWrite + Unpin, R: Fn(Refused) + Unpin> AsyncWrite for Socket<S, R> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_over(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.clock.refusal().is_some() {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            return self.poll_write(cx, &bytes);
        }
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        // hyper flushes when it has nothing left to write.
        self.clock.flushed(Instant::now());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refusal(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Our refusal in place of hyper's, which has a status and no body. `line_ended` says whether the request line was whole
/// when hyper gave up: if not, it was the URL that was too long.
fn refusal(bytes: &[u8], line_ended: bool) -> Option<(StatusCode, String)> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ").or_else(|| bytes.strip_prefix(b"HTTP/1.0 "))?.get(..3)?;
    Some(match StatusCode::from_bytes(status).ok()? {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE if line_ended => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the headers are too large, or there are more than {MAX_HEADERS} of them"),
        ),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => (
            StatusCode::URI_TOO_LONG,
            format!("the URL is longer than {MAX_URL} bytes: send a long filter to .search instead"),
        ),
        StatusCode::BAD_REQUEST => (
            StatusCode::BAD_REQUEST,
            "this is no valid HTTP/1.1 request; what stands in a URL must be percent-encoded".to_owned(),
        ),
        _ => return None,
    })
}

fn text(status: StatusCode, detail: &str, request_id: &HeaderValue) -> Vec<u8> {
    let scim_type = (status == StatusCode::BAD_REQUEST).then_some("invalidSyntax");
    let body = scim::error::body(status.as_u16(), scim_type, detail).to_string();
    let request_id = request_id.to_str().unwrap_or_default();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{X_REQUEST_ID}: {request_id}\r\ncontent-type: application/scim+json\r\n");
    format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_hyper_are_recognised() {
        for (status, line_ended, expected) in [
            ("431 Request Header Fields Too Large", true, 431),
            ("431 Request Header Fields Too Large", false, 414),
            ("414 URI Too Long", true, 414),
            ("400 Bad Request", true, 400),
        ] {
            let given = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let (status, detail) = refusal(given.as_bytes(), line_ended).expect(status);
            assert_eq!(status, expected, "{detail}");
        }
        assert_eq!(refusal(b"HTTP/1.1 200 OK\r\n\r\n", true), None);
        assert_eq!(refusal(b"", true), None);
    }
}
