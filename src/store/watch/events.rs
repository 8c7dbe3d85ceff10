//! The events of one watch, one JSON object in each line.
//!
//! kube reads watches too, but takes a connection that broke for a stream that ended. The difference matters here: a
//! stream that the server ended has told everything until then, and one that broke has not.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kube::core::WatchEvent;
use tokio::time::timeout;

use crate::api::Object;
use crate::store::Error;
use crate::store::error::with_causes;
use crate::store::objects::{MAX_ANSWER, open, request, timed_out};

pub(super) type Event = WatchEvent<Object>;

/// A stream of events.
pub(super) struct Events {
    body: Body,
    /// How long it may be silent.
    silence: Duration,
    /// What has been received and not been read.
    buffer: Vec<u8>,
    /// The first byte of it that has not been read.
    start: usize,
}

impl Events {
    /// Asks for a stream and waits until the server has begun to answer.
    pub(super) async fn open(client: &Client, path: &str, silence: Duration) -> Result<Self, Error> {
        let request = request(Method::GET, path, Vec::new())?;
        let opened = timeout(silence, open(client, request)).await;
        let body = opened.map_err(|_| timed_out(silence))??;
        Ok(Self { body, silence, buffer: Vec::new(), start: 0 })
    }

    /// The next event; nothing where the server has ended the stream as it should.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Error> {
        let mut searched = self.start;
        loop {
            let line_end = self.buffer[searched..].iter().position(|byte| *byte == b'\n');
            if let Some(length) = line_end {
                let end = searched + length;
                let event = serde_json::from_slice(&self.buffer[self.start..end]);
                self.start = end + 1;
                return event.map(Some).map_err(|error| Error::Other(format!("an event cannot be read: {error}")));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            if searched > MAX_ANSWER {
                return Err(Error::Other(format!("an event has more than {MAX_ANSWER} bytes")));
            }
            if !self.receive().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(broken("it ended within an event")) };
            }
        }
    }

    /// Waits for more; false at the end of the stream.
    async fn receive(&mut self) -> Result<bool, Error> {
        let frame = timeout(self.silence, self.body.frame()).await.map_err(|_| timed_out(self.silence))?;
        let Some(frame) = frame else { return Ok(false) };
        if let Ok(data) = frame.map_err(|error| broken(&with_causes(&error)))?.into_data() {
            self.buffer.extend_from_slice(&data);
        }
        Ok(true)
    }
}

fn broken(reason: &str) -> Error {
    Error::Unavailable { reason: format!("the stream of a watch has broken: {reason}") }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    async fn events(chunks: &[&str]) -> Events {
        let chunks: Vec<_> = chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect();
        let service = tower::service_fn(move |_: http::Request<Body>| {
            let frames = chunks.clone().into_iter().map(|chunk| Ok::<_, std::io::Error>(Frame::data(chunk.into())));
            let response = http::Response::new(StreamBody::new(futures::stream::iter(frames.collect::<Vec<_>>())));
            std::future::ready(Ok::<_, std::io::Error>(response))
        });
        Events::open(&Client::new(service, "default"), "/", Duration::from_secs(1)).await.expect("an answer")
    }

    async fn names(chunks: &[&str]) -> (Vec<String>, Result<(), Error>) {
        let (mut events, mut names) = (events(chunks).await, Vec::new());
        loop {
            match events.next().await {
                Ok(Some(WatchEvent::Added(object))) => names.push(object["n"].to_string()),
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => return (names, Ok(())),
                Err(error) => return (names, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn lines_are_read_however_they_are_cut() {
        let (one, two) = (r#"{"type":"ADDED","object":{"n":1}}"#, r#"{"type":"ADDED","object":{"n":2}}"#);
        let whole = format!("{one}\n{two}\n");
        for cut in 0..whole.len() {
            let (before, after) = whole.split_at(cut);
            assert_eq!(names(&[before, after]).await, (vec!["1".to_owned(), "2".to_owned()], Ok(())), "cut at {cut}");
        }
        assert_eq!(names(&[]).await, (Vec::new(), Ok(())));
        let (read, end) = names(&[one, "\n", &two[..9]]).await;
        assert_eq!((read.len(), end), (1, Err(broken("it ended within an event"))));
        assert!(matches!(names(&["<html>\n"]).await.1, Err(Error::Other(_))));
    }

    #[tokio::test]
    async fn an_event_without_end_is_given_up() {
        let chunk = "x".repeat(MAX_ANSWER / 2 + 1);
        let (read, end) = names(&[&chunk, &chunk]).await;
        assert_eq!((read.len(), end), (0, Err(Error::Other(format!("an event has more than {MAX_ANSWER} bytes")))));
    }
}
