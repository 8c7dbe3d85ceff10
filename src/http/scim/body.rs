//! The body of a write: its type, its size and the time that it may take.

use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use tokio::time::timeout;

use super::error::Failure;
use super::limits::{BODY_READ, MAX_BODY};

/// Longest media type that a refusal repeats.
const MAX_SHOWN: usize = 100;

/// Reads the body, where the method has one. Nobody asks what type the body of a GET has: Entra sends none, and a 415 to
/// its connection test would end the set-up.
pub(super) async fn read<B>(method: &Method, headers: &HeaderMap, body: B) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    if !matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        return Ok(Bytes::new());
    }
    check_type(headers)?;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Failure::BodyTooLarge);
    }
    within(BODY_READ, collect(body)).await
}

async fn within(time: Duration, body: impl Future<Output = Result<Bytes, Failure>>) -> Result<Bytes, Failure> {
    timeout(time, body).await.unwrap_or(Err(Failure::BodyTimeout))
}

async fn collect<B>(mut body: B) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::BodyBroken)?;
        let Ok(data) = frame.into_data() else { continue };
        // Before the copy: memory never holds more than one frame beyond the limit.
        if whole.len() + data.len() > MAX_BODY {
            return Err(Failure::BodyTooLarge);
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}

/// Parameters such as `charset` say nothing new, and a missing type is taken for SCIM.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let is_plain = |encoding: &[u8]| encoding.trim_ascii().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(|encoding| !is_plain(encoding.as_bytes())) {
        return Err(Failure::Encoding);
    }
    let Some(given) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = String::from_utf8_lossy(given.as_bytes());
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ["application/scim+json", "application/json"].contains(&media_type.as_str()) {
        return Ok(());
    }
    Err(Failure::MediaType(media_type.chars().take(MAX_SHOWN).collect()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::{StreamExt as _, stream};
    use http::{HeaderName, HeaderValue};
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        lines.iter().map(line).collect()
    }

    async fn status(method: Method, lines: &[(&'static str, &'static str)], body: Vec<u8>) -> u16 {
        match read(&method, &headers(lines), Full::from(body)).await {
            Ok(_) => 200,
            Err(failure) => failure.answer().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn only_json_that_is_small_enough_is_read() {
        let exact = MAX_BODY;
        for (name, method, lines, length, expected) in [
            ("SCIM", Method::POST, &[("content-type", "application/scim+json")][..], 2, 200),
            ("with a charset", Method::PATCH, &[("content-type", "application/scim+json; charset=utf-8")], 2, 200),
            ("JSON in capitals", Method::PUT, &[("content-type", "Application/JSON")], 2, 200),
            ("no type", Method::POST, &[], 2, 200),
            ("another type", Method::POST, &[("content-type", "text/plain")], 2, 415),
            ("a longer type", Method::POST, &[("content-type", "application/json-patch+json")], 2, 415),
            ("gzip", Method::POST, &[("content-encoding", "gzip")], 2, 415),
            ("identity", Method::POST, &[("content-encoding", "identity")], 2, 200),
            ("any type on a GET", Method::GET, &[("content-type", "text/plain")], 2, 200),
            (
                "any type on a DELETE",
                Method::DELETE,
                &[("content-type", "text/plain"), ("content-encoding", "br")],
                2,
                200,
            ),
            ("as large as may be", Method::POST, &[], exact, 200),
            ("larger", Method::POST, &[], exact + 1, 413),
            ("announced as larger", Method::POST, &[("content-length", "1048577")], 2, 413),
        ] {
            assert_eq!(status(method, lines, vec![b' '; length]).await, expected, "{name}");
        }
    }

    #[tokio::test]
    async fn frames_are_put_together_and_an_endless_body_is_cut() {
        let frames = ["{\"a\"", ":1}"].map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from(part))));
        let whole =
            read(&Method::POST, &HeaderMap::new(), StreamBody::new(stream::iter(frames))).await.expect("a body");
        assert_eq!(whole, "{\"a\":1}");
        let endless =
            stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b' '; 65_536])))).take(100);
        let cut = read(&Method::POST, &HeaderMap::new(), StreamBody::new(endless)).await;
        assert!(matches!(cut, Err(Failure::BodyTooLarge)), "{cut:?}");
    }

    #[tokio::test]
    async fn a_slow_body_is_given_up() {
        let silent = stream::pending::<Result<Frame<Bytes>, Infallible>>();
        let cut = within(Duration::from_millis(1), collect(StreamBody::new(silent))).await;
        assert!(matches!(cut, Err(Failure::BodyTimeout)), "{cut:?}");
    }
}
