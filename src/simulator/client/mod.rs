//! The HTTP client: requests in the shape that Entra ID's provisioning service gives them.
//!
//! HTTP/1.1 with keep-alive, no `User-Agent`, no `Accept`, `ADSCIMVersion: 6.0`, an `ActivityId`, the bearer token. GET
//! and DELETE carry no `Content-Type`; writes carry `application/scim+json; charset=utf-8`. Blanks of a query are `+`, and
//! percent escapes are sometimes in lower case. A request that is answered 429 is repeated after its `Retry-After`, as the
//! service does; every other answer is the caller's to judge.

mod endpoint;
mod query;
#[cfg(test)]
mod tests;
mod traffic;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parking_lot::Mutex;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::simulator::random::Random;

pub use endpoint::{Endpoint, Flag};
pub use query::{equals, escape_segment, query};
pub use traffic::Traffic;

/// The longest that one request may take unless told otherwise; the service's own limit is not published.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// The longest `Retry-After` that is obeyed; a longer one is cut, so that a run ends.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The wait after a 429 that names no seconds.
pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often one request is repeated after 429 before its 429 is the answer.
pub const MAX_REPEATS: u32 = 5;
/// The longest answer that is read: a group of a hundred thousand members fits in.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How many idle connections are kept.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// The media type of every write.
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");
const ADSCIM_VERSION: HeaderName = HeaderName::from_static("adscimversion");
const ACTIVITY_ID: HeaderName = HeaderName::from_static("activityid");

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The request cannot be written: its path is no path.
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Connection(String),
    /// The answer did not come in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Deadline(Duration),
    /// The answer is longer than [`MAX_ANSWER_BYTES`], or broke off.
    #[error("the answer cannot be read: {0}")]
    Body(String),
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The tenant URL cannot be used.
    #[error("the tenant URL {url:?} cannot be used: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token cannot stand in a header. It is not shown.
    #[error("the token is empty, or has characters that cannot stand in an HTTP header")]
    Token,
    /// The certificate authorities cannot be read.
    #[error("cannot read the certificate authorities: {0}")]
    Authorities(String),
}

/// The secret token of a job. It is never printed.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// The text that an administrator pastes into the portal.
    pub fn new(text: &str) -> Result<Self, SetUpError> {
        let text = Some(text.trim()).filter(|text| !text.is_empty()).ok_or(SetUpError::Token)?;
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| SetUpError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// What the endpoint answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; `None` where it is empty or no JSON.
    pub json: Option<Value>,
    /// From the first byte of the request to the last of the answer, waits after a 429 left out.
    pub elapsed: Duration,
}

impl Response {
    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// `detail` of a SCIM error, or the beginning of the body.
    pub fn detail(&self) -> String {
        let detail = self.json.as_ref().and_then(|json| json.get("detail")).and_then(Value::as_str);
        let text = detail.map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned);
        query::shorten(&text)
    }
}

/// A client of one endpoint with one token. Clones share connections and [`Traffic`].
#[derive(Clone)]
pub struct Client {
    http: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoint: Arc<Endpoint>,
    token: Token,
    deadline: Duration,
    random: Arc<Mutex<Random>>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Client {
    /// A client; `authorities` is a PEM file of certificate authorities to trust in place of the system's.
    pub fn new(
        endpoint: Endpoint,
        token: Token,
        deadline: Duration,
        seed: u64,
        authorities: Option<&Path>,
    ) -> Result<Self, SetUpError> {
        let connector = connector(trust(&endpoint, authorities)?);
        Ok(Self::connecting(connector, endpoint, token, deadline, seed))
    }

    /// A client that trusts what `tls` says.
    pub fn with_tls(
        endpoint: Endpoint,
        token: Token,
        deadline: Duration,
        seed: u64,
        tls: rustls::ClientConfig,
    ) -> Self {
        let connector = connector(HttpsConnectorBuilder::new().with_tls_config(tls));
        Self::connecting(connector, endpoint, token, deadline, seed)
    }

    fn connecting(
        connector: HttpsConnector<HttpConnector>,
        endpoint: Endpoint,
        token: Token,
        deadline: Duration,
        seed: u64,
    ) -> Self {
        let http = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
            .http1_title_case_headers(true)
            .build(connector);
        Self {
            http,
            endpoint: Arc::new(endpoint),
            token,
            deadline,
            random: Arc::new(Mutex::new(Random::fork(seed, "client"))),
            traffic: Arc::default(),
        }
    }

    /// The same connections with a count of its own.
    pub fn counted_apart(&self) -> Self {
        Self { traffic: Arc::default(), ..self.clone() }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What was sent since the last call of this.
    pub fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut *self.traffic.lock())
    }

    /// Sends one request; `path_and_query` begins with `/` and goes behind the tenant URL. 429 is waited out.
    pub async fn send(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<&Value>,
    ) -> Result<Response, TransportError> {
        let body = body.map(|body| Bytes::from(body.to_string()));
        self.send_text(method, path_and_query, body).await
    }

    /// [`Client::send`] with a body that need not be JSON, for tests of bad input.
    pub async fn send_text(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<Bytes>,
    ) -> Result<Response, TransportError> {
        let mut repeats = 0;
        loop {
            let answer = self.exchange(&method, path_and_query, body.clone()).await;
            self.traffic.lock().count(&method, path_and_query, &answer);
            let answer = answer?;
            if answer.status != 429 || repeats == MAX_REPEATS {
                return Ok(answer);
            }
            repeats += 1;
            tokio::time::sleep(retry_after(&answer.headers)).await;
        }
    }

    async fn exchange(&self, method: &Method, path: &str, body: Option<Bytes>) -> Result<Response, TransportError> {
        let request = self.request(method, path, body)?;
        let start = Instant::now();
        let exchange = async {
            let answer =
                self.http.request(request).await.map_err(|error| TransportError::Connection(causes(&error)))?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|error| TransportError::Body(error.to_string()))?.to_bytes();
            Ok::<_, TransportError>((parts, body))
        };
        let answer = tokio::time::timeout(self.deadline, exchange).await;
        let (parts, body) = answer.map_err(|_| TransportError::Deadline(self.deadline))??;
        Ok(Response {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_slice(&body).ok(),
            body,
            elapsed: start.elapsed(),
        })
    }

    fn request(&self, method: &Method, path: &str, body: Option<Bytes>) -> Result<Request<Full<Bytes>>, http::Error> {
        let (path, activity) = {
            let mut random = self.random.lock();
            (query::lower_some_escapes(path, &mut random), random.guid())
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint.base()))
            .header(AUTHORIZATION, self.token.0.clone())
            .header(ADSCIM_VERSION, "6.0")
            .header(ACTIVITY_ID, activity);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, SCIM_JSON);
        }
        request.body(Full::new(body.unwrap_or_default()))
    }
}

/// How long a 429 asks to wait, within [`MAX_RETRY_AFTER`].
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs).min(MAX_RETRY_AFTER)
}

/// An error of the connection with its causes in one line: the innermost says what happened.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whom a client of this endpoint trusts.
fn trust(endpoint: &Endpoint, authorities: Option<&Path>) -> Result<HttpsConnectorBuilder<WantsSchemes>, SetUpError> {
    let failed = |error: &dyn std::error::Error| SetUpError::Authorities(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = HttpsConnectorBuilder::new();
    // Plain HTTP needs no authorities, and a machine may have none.
    if authorities.is_none() && endpoint.is_https() {
        builder.with_provider_and_native_roots(provider).map_err(|error| failed(&error))
    } else {
        let mut roots = rustls::RootCertStore::empty();
        if let Some(path) = authorities {
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))? {
                roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
            }
        }
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?;
        Ok(builder.with_tls_config(config.with_root_certificates(roots).with_no_client_auth()))
    }
}

fn connector(builder: HttpsConnectorBuilder<WantsSchemes>) -> HttpsConnector<HttpConnector> {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    builder.https_or_http().enable_http1().wrap_connector(http)
}
