//! Requests to providers: over the hyper client, with every bound that a stranger's server needs.
//!
//! Redirects are not followed: an answer is taken from the host that was asked or not at all. The address that a connection is
//! made to is judged when the name is resolved, so a name that means something else a moment later gains nothing. Where a proxy
//! of the operator's own stands in between, the proxy resolves the names.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::USER_AGENT;
use http::{HeaderValue, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use openidconnect::{HttpRequest, HttpResponse};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tower_service::Service;
use tracing::Instrument as _;

use super::address::is_public;
use crate::telemetry::traces;

/// How long a request may take, from the resolution of the name to the last byte of the answer.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer that is read: a discovery document has a few KiB, a key set of Entra 20.
pub const MAX_ANSWER: usize = 512 * 1024;
/// Most idle connections to the host of a provider, and how long they are kept.
const MAX_IDLE: usize = 4;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// What the operator calls itself in its requests.
const OURSELVES: HeaderValue = HeaderValue::from_static(concat!("rollcall/", env!("CARGO_PKG_VERSION")));
/// A host that no list of exceptions names, unless it names all.
const ANYBODY: &str = "https://anybody.invalid/";
/// Most certificates in the bundle of a Directory.
const MAX_CERTIFICATES: usize = 100;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The name means no public address.
    #[error("it has no public address")]
    PrivateAddress,
    /// No connection, or it broke.
    #[error("{0}")]
    Connection(String),
    /// The answer did not come in time.
    #[error("it has not answered within {} s", DEADLINE.as_secs())]
    Deadline,
    /// The answer is longer than [`MAX_ANSWER`].
    #[error("its answer is longer than {} KiB", MAX_ANSWER / 1024)]
    TooLong,
}

/// By which way providers are reached.
#[derive(Clone)]
pub struct Routes {
    /// The authorities that the machine trusts.
    pub roots: RootCertStore,
    /// The proxy and who is reached without it.
    pub proxy: Option<Arc<Matcher>>,
    /// Whether addresses that are not public may be connected to.
    pub private: bool,
}

impl Routes {
    /// The certificate authorities of the machine, and this proxy, given as its address and the list of whom it is not for.
    pub fn new(proxy: Option<(&str, &str)>, private: bool) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let proxy = proxy.map(|(url, no_proxy)| Arc::new(Matcher::builder().https(url).no(no_proxy).build()));
        Self { roots, proxy, private }
    }
}

/// A client for one provider. Cheap to clone.
#[derive(Clone)]
pub struct ProviderClient {
    direct: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>,
    proxied: Option<Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>>,
    proxy: Option<Arc<Matcher>>,
    deadline: Duration,
}

impl ProviderClient {
    /// A client that trusts these certificates, in PEM, beside those of the machine. The error says what is wrong with them.
    pub fn new(routes: &Routes, ca_bundle: Option<&str>) -> Result<Self, &'static str> {
        let mut roots = routes.roots.clone();
        if let Some(bundle) = ca_bundle {
            add_certificates(&mut roots, bundle)?;
        }
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| "TLS cannot be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_only().enable_http1();
        let direct = HttpConnector::new_with_resolver(GuardedResolver { private: routes.private });
        // For whomever no exception names: each request asks whether it is for that one.
        let intercept = routes.proxy.as_ref().and_then(|proxy| proxy.intercept(&Uri::from_static(ANYBODY)));
        let proxied = intercept.map(|intercept| {
            let tunnel =
                Tunnel::new(intercept.uri().clone(), timed(HttpConnector::new_with_resolver(GaiResolver::new())));
            let tunnel = match intercept.basic_auth() {
                Some(authorization) => tunnel.with_auth(authorization.clone()),
                None => tunnel,
            };
            builder().build(https().wrap_connector(tunnel))
        });
        Ok(Self {
            direct: builder().build(https().wrap_connector(timed(direct))),
            proxied,
            proxy: routes.proxy.clone(),
            deadline: DEADLINE,
        })
    }

    /// Sends one request and reads the whole answer, whatever its status.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let span = traces::of_provider(request.method(), request.uri());
        let exchange = async {
            let (mut parts, body) = request.into_parts();
            parts.headers.insert(USER_AGENT, OURSELVES);
            let wants_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.intercept(&parts.uri).is_some());
            let request = http::Request::from_parts(parts, Full::new(Bytes::from(body)));
            let answer = match &self.proxied {
                Some(proxied) if wants_proxy => proxied.request(request).await,
                _ => self.direct.request(request).await,
            };
            let (parts, body) = answer.map_err(|error| unreached(&error))?.into_parts();
            span.record("http.response.status_code", parts.status.as_u16());
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| unread(&*error))?;
            Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
        };
        let exchange = tokio::time::timeout(self.deadline, exchange).instrument(span.clone());
        let answer = exchange.await.unwrap_or(Err(FetchError::Deadline));
        if answer.is_err() {
            traces::failed(&span);
        }
        answer
    }

    /// The same client with another deadline, so that a test of a slow provider is a quick one.
    #[cfg(test)]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_TIMEOUT).pool_max_idle_per_host(MAX_IDLE);
    builder
}

fn timed<R>(mut connector: HttpConnector<R>) -> HttpConnector<R> {
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector
}

/// Adds the certificates of a bundle in PEM.
fn add_certificates(roots: &mut RootCertStore, bundle: &str) -> Result<(), &'static str> {
    let before = roots.len();
    for (number, certificate) in CertificateDer::pem_slice_iter(bundle.as_bytes()).enumerate() {
        if number == MAX_CERTIFICATES {
            return Err("it has more than 100 certificates");
        }
        let certificate = certificate.map_err(|_| "it is no PEM")?;
        roots.add(certificate).map_err(|_| "one of its certificates cannot be read")?;
    }
    if roots.len() == before { Err("there is no certificate in it (-----BEGIN CERTIFICATE-----)") } else { Ok(()) }
}

/// Resolves names, to addresses that may be connected to.
#[derive(Clone)]
struct GuardedResolver {
    private: bool,
}

/// A name has addresses, and none of them may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NoPublicAddress;

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let private = self.private;
        Box::pin(async move {
            // The connector puts the port in.
            let all: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<_> = all.iter().copied().filter(|address| private || is_public(address.ip())).collect();
            if allowed.is_empty() && !all.is_empty() {
                return Err(io::Error::other(NoPublicAddress));
            }
            Ok(allowed.into_iter())
        })
    }
}

/// An error and what caused it, from the outside in.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn unreached(error: &(dyn StdError + 'static)) -> FetchError {
    let is_guard = |error: &(dyn StdError + 'static)| {
        // An error of the operating system's kind keeps ours inside, and says that its cause is what caused ours.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let is_inside = inside.and_then(|inside| inside.downcast_ref::<NoPublicAddress>()).is_some();
        is_inside || error.is::<NoPublicAddress>()
    };
    if causes(error).any(is_guard) {
        return FetchError::PrivateAddress;
    }
    // The innermost says what happened; those around it say that a client had an error.
    FetchError::Connection(causes(error).last().map(ToString::to_string).unwrap_or_default())
}

fn unread(error: &(dyn StdError + Send + Sync + 'static)) -> FetchError {
    if error.is::<LengthLimitError>() { FetchError::TooLong } else { unreached(error) }
}
