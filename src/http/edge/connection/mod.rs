//! One connection: HTTP/1.1 by hyper, and around it the times that hyper does not keep.

mod clock;
#[cfg(test)]
mod tests;
mod timed;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::Answer;
use super::limits::{LINGER, LINGER_BYTES, MAX_BUFFER, MAX_HEADERS};
use clock::{Clock, ConnectionTimes};
use timed::TimedSocket;

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    times: ConnectionTimes,
    linger: Duration,
    linger_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { times: ConnectionTimes::default(), linger: LINGER, linger_bytes: LINGER_BYTES }
    }
}

/// Serves the requests of a connection until it ends, is cut by the clock, or `stop` asks it to end after the request
/// that it is at. `is_crowded` says whether connections are scarce. What is no HTTP/1.1 within the bounds, hyper answers
/// by itself, with a bare status: no door knows of it.
pub(super) async fn serve<S, H, F>(
    socket: S,
    handler: H,
    is_crowded: impl Fn() -> bool + Unpin,
    stop: &CancellationToken,
    bounds: Bounds,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Incoming>) -> F + Unpin,
    F: Future<Output = Answer>,
{
    let clock = Clock::start(bounds.times, Instant::now());
    let is_crowded = &is_crowded;
    let service = service_fn(|request| {
        clock.serve(Instant::now());
        let (clock, answer) = (clock.clone(), handler(request));
        async move {
            let mut answer = answer.await;
            if is_crowded() {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer.map(|body| SentBody { body, clock }))
        }
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(MAX_BUFFER)
        .max_header_size(MAX_BUFFER)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(TimedSocket::new(socket, clock.clone())), service);

    let mut alarm = pin!(sleep_until(clock.deadline()));
    let mut stopped = pin!(stop.cancelled());
    let mut is_stopping = false;
    let ended = poll_fn(|cx| {
        if !is_stopping && stopped.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        if Pin::new(&mut connection).poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        if alarm.deadline() != clock.deadline() {
            alarm.as_mut().reset(clock.deadline());
        }
        alarm.as_mut().poll(cx).map(|()| false)
    })
    .await;
    if ended && !clock.has_input_ended() {
        let mut socket = connection.into_parts().io.into_inner();
        // The client is gone or the time is over: nobody is left to be told.
        let _ = timeout(bounds.linger, linger(&mut socket, bounds.linger_bytes)).await;
    }
}

/// Says that nothing more comes, and reads on until the client has understood.
async fn linger(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), most: usize) -> io::Result<()> {
    socket.shutdown().await?;
    let mut thrown_away = 0;
    let mut buffer = [0; 8 * 1024];
    while thrown_away < most {
        match socket.read(&mut buffer).await? {
            0 => break,
            length => thrown_away += length,
        }
    }
    Ok(())
}

/// The body of an answer, which tells the clock when it has been handed over.
struct SentBody {
    body: Body,
    clock: Clock,
}

impl hyper::body::Body for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        self.clock.answered();
    }
}
