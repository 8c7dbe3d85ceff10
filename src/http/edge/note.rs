//! What is noted about a request on its way: the fields of its line in the log, and the labels of its metrics.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tracing::Span;

use super::limits::{MAX_LOGGED_ID, MAX_LOGGED_NAME};

/// The note of one request, among the extensions of the request. The edge begins it and a door adds what it finds out.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct RequestNote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    span: Span,
    started: Instant,
    client: IpAddr,
    request_id: String,
    origin: String,
    unexpected_host: Option<String>,
    noted: Mutex<Noted>,
}

/// The labels, and what a door asks for again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// The pattern of the route; empty where there is none.
    pub(super) route: String,
    /// Namespace and name of a Directory that is there.
    pub(super) directory: Option<(String, String)>,
    /// The name of the key.
    key: Option<String>,
    /// The id of the resource.
    resource: Option<String>,
}

/// Why a request was not carried out, among the extensions of the answer: a door says it to the log and not to the client.
/// Nothing of it may hold a value that somebody sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// The `scimType` of the answer.
    pub scim_type: Option<&'static str>,
    /// The sentence of the answer without the values that it quotes.
    pub detail: Option<String>,
    /// What the client was not told.
    pub reason: Option<String>,
    /// Whether nobody has to act on a refusal: somebody is to sign in.
    pub is_expected: bool,
    /// Whether such answers come with every click of everybody, so that only who asks for all lines is told of each.
    pub is_routine: bool,
}

impl RequestNote {
    pub(super) fn new(
        span: Span,
        client: IpAddr,
        request_id: &str,
        origin: String,
        unexpected_host: Option<String>,
    ) -> Self {
        let (started, noted) = (Instant::now(), Mutex::default());
        let request_id = request_id.to_owned();
        Self(Arc::new(Inner { span, started, client, request_id, origin, unexpected_host, noted }))
    }

    /// The name of the request, for an answer that somebody reads.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// When the head of the request was there.
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// The address of the client.
    pub fn client(&self) -> IpAddr {
        self.0.client
    }

    /// Scheme, host and path prefix for addresses in the answer.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The host that the client asked for, where the public URL names another.
    pub fn unexpected_host(&self) -> Option<&str> {
        self.0.unexpected_host.as_deref()
    }

    /// The pattern of the route. It is told with the line of the request: each field that joins the span costs as much as all
    /// that are there.
    pub(super) fn route(&self, pattern: &str) {
        pattern.clone_into(&mut self.0.noted.lock().route);
    }

    /// Namespace and Directory of the URL, which may be anything.
    pub fn place(&self, namespace: &str, directory: &str) {
        let (namespace, directory) = (cut(namespace, MAX_LOGGED_NAME), cut(directory, MAX_LOGGED_NAME));
        tracing::record_all!(self.0.span, namespace, directory);
    }

    /// The Directory of the URL, which is there: its names become labels of metrics.
    pub fn directory(&self, namespace: &str, name: &str) {
        self.0.noted.lock().directory = Some((namespace.to_owned(), name.to_owned()));
    }

    /// The name of the key that the request came with, once it is known.
    pub fn key_name(&self) -> Option<String> {
        self.0.noted.lock().key.clone()
    }

    /// Notes the name of the key.
    pub fn key(&self, name: &str) {
        self.0.span.record("key", name);
        self.0.noted.lock().key = Some(name.to_owned());
    }

    /// The id of the resource, unless no resource can have it: then it is whatever a client wrote into a URL.
    pub fn resource(&self, id: &str) {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
        if !id.is_empty() && id.len() <= MAX_LOGGED_ID && id.bytes().all(is_name) {
            self.0.span.record("resource", id);
            self.0.noted.lock().resource = Some(id.to_owned());
        }
    }

    /// The id of the resource that was noted.
    pub fn resource_id(&self) -> Option<String> {
        self.0.noted.lock().resource.clone()
    }

    /// The pattern of the route that was noted, below the prefix of its door.
    pub fn route_pattern(&self) -> String {
        self.0.noted.lock().route.clone()
    }

    pub(super) fn noted(&self) -> Noted {
        self.0.noted.lock().clone()
    }
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_out_of_a_url_is_cut() {
        assert_eq!(cut("staff", MAX_LOGGED_NAME), "staff");
        assert_eq!(cut(&"ä".repeat(MAX_LOGGED_NAME + 1), MAX_LOGGED_NAME), "ä".repeat(MAX_LOGGED_NAME));
    }
}
