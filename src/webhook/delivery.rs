//! One request to the receiver, within a deadline. Redirects are not followed: the address is the administrator's.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::envelope::MEDIA_TYPE;

/// How long one request may take.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How much of an answer is read; nothing in it matters.
const MAX_ANSWER: usize = 64 * 1024;
/// Connections that are kept.
const MAX_IDLE: usize = 1;

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address cannot be used.
    #[error("{0:?} is no http or https URL of a receiver")]
    Url(String),
    /// The machine has no certificate authorities.
    #[error("the certificate authorities cannot be read: {0}")]
    Authorities(String),
}

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeliveryAttempt {
    /// The receiver has it.
    Taken,
    /// The receiver does not want it, now or later.
    Refused(String),
    /// It may take it later.
    Failed(String),
}

/// What sends requests to one address.
pub(super) struct Courier {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    deadline: Duration,
}

impl Courier {
    pub(super) fn new(url: &str, deadline: Duration) -> Result<Self, WebhookError> {
        let uri: Uri = url.parse().map_err(|_| WebhookError::Url(url.to_owned()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(WebhookError::Url(url.to_owned()));
        }
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(deadline));
        let provider = rustls::crypto::ring::default_provider();
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
        let https = https.map_err(|error| WebhookError::Authorities(error.to_string()))?;
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        Ok(Self { client, uri, deadline })
    }

    pub(super) async fn send(&self, body: &str, signature: Option<[(&'static str, String); 3]>) -> DeliveryAttempt {
        let mut request = Request::builder().method(Method::POST).uri(&self.uri).header(CONTENT_TYPE, MEDIA_TYPE);
        for (name, value) in signature.into_iter().flatten() {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body.to_owned()))) {
            Ok(request) => request,
            Err(error) => return DeliveryAttempt::Refused(error.to_string()),
        };
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| causes(&error))?;
            let status = answer.status().as_u16();
            // Read to its end, so that the connection can be used again.
            Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>(status)
        };
        match timeout(self.deadline, exchange).await {
            Ok(Ok(status)) => judge(status),
            Ok(Err(reason)) => DeliveryAttempt::Failed(reason),
            Err(_) => DeliveryAttempt::Failed(format!("it has not answered within {} s", self.deadline.as_secs_f32())),
        }
    }
}

/// What a status means. A receiver that is overloaded or broken may take the notice later.
fn judge(status: u16) -> DeliveryAttempt {
    match status {
        200..=299 => DeliveryAttempt::Taken,
        408 | 425 | 429 | 500..=599 => DeliveryAttempt::Failed(format!("it answers {status}")),
        _ => DeliveryAttempt::Refused(format!("it answers {status}")),
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_try_again() {
        for (status, is_taken, may_come_again) in [
            (200, true, false),
            (204, true, false),
            (301, false, false),
            (400, false, false),
            (401, false, false),
            (408, false, true),
            (410, false, false),
            (429, false, true),
            (500, false, true),
            (503, false, true),
        ] {
            let attempt = judge(status);
            assert_eq!(attempt == DeliveryAttempt::Taken, is_taken, "{status}");
            assert_eq!(matches!(attempt, DeliveryAttempt::Failed(_)), may_come_again, "{status}");
        }
    }

    #[test]
    fn a_receiver_has_a_url() {
        for url in ["", "receiver", "ftp://receiver.example/", "/path", "https://"] {
            assert!(Courier::new(url, DEADLINE).is_err(), "{url}");
        }
    }
}
