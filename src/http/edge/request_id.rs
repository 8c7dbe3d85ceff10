//! The name by which a client and the log speak of one request.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::limits::MAX_REQUEST_ID;

/// The header, of requests and answers.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the client or a proxy calls the request, if it is short and visible ASCII; otherwise a new name. An ingress and
/// the log then agree, and nobody writes control characters into either.
pub(super) fn read(headers: &HeaderMap) -> HeaderValue {
    let is_sane = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        !bytes.is_empty() && bytes.len() <= MAX_REQUEST_ID && bytes.iter().all(u8::is_ascii_graphic)
    };
    headers.get(X_REQUEST_ID).filter(is_sane).cloned().unwrap_or_else(new)
}

fn new() -> HeaderValue {
    let id = Uuid::new_v4().to_string();
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(id: &[u8]) -> HeaderValue {
        let id = HeaderValue::from_bytes(id).expect("a value");
        read(&HeaderMap::from_iter([(X_REQUEST_ID, id)]))
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        let longest = "x".repeat(MAX_REQUEST_ID);
        for id in ["check-4711", "a:b/{c}", &longest] {
            assert_eq!(read_from(id.as_bytes()), id);
        }
        for id in [&b""[..], b"two words", b"tab\tbed", b"\xc3\xa4", (longest.clone() + "x").as_bytes()] {
            let replaced = read_from(id);
            assert_eq!(replaced.len(), 36, "{id:?}: {replaced:?}");
        }
        assert_ne!(read(&HeaderMap::new()), read(&HeaderMap::new()));
    }
}
