//! Requests to an address that the administrator gave: the receiver of the webhook, the collector of traces.
//!
//! Redirects are not followed: the address is the administrator's, and no answer names another. Providers of logins are asked by a
//! client of their own ([`crate::login::provider`]), because their addresses come from objects.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

/// How much of an answer is read.
const MAX_ANSWER: usize = 64 * 1024;
/// Connections that are kept.
const MAX_IDLE: usize = 1;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the certificate authorities cannot be read: {0}")]
pub struct EgressError(String);

/// A client with a deadline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EgressClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    deadline: Duration,
}

impl EgressClient {
    /// One that trusts the authorities of the machine; each request ends within the deadline.
    pub fn new(deadline: Duration) -> Result<Self, EgressError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(deadline));
        let provider = rustls::crypto::ring::default_provider();
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
        let https = https.map_err(|error| EgressError(error.to_string()))?;
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        Ok(Self { client, deadline })
    }

    /// Sends a request and reads the whole answer, whatever its status. The error says what went wrong, causes included.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let exchange = async {
            let answer = self.client.request(request.map(Full::new)).await.map_err(|error| causes(&error))?;
            let (head, body) = answer.into_parts();
            // Read to its end, so that the connection can be used again.
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| error.to_string())?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        let late = |_| Err(format!("it has not answered within {} s", self.deadline.as_secs_f32()));
        timeout(self.deadline, exchange).await.unwrap_or_else(late)
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
