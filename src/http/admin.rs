//! The listener for the cluster: probes and metrics. Not for the internet; nothing here asks for credentials.

use std::time::Instant;

use http::header::ALLOW;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, with_body};
use super::listener::Listener;
use super::readiness::Readiness;
use crate::metrics::{self, Metrics};
use crate::rules::resource::Resource;
use crate::store::Store;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What the admin listener tells.
#[derive(Clone)]
pub struct Admin {
    /// For the watches.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// The rest of the readiness.
    pub readiness: Readiness,
}

impl Admin {
    /// Serves until `stop`.
    pub async fn serve(self, listener: Listener, stop: CancellationToken) {
        let handler = move |_, request: Request<Incoming>| {
            let answer = self.answer(request.method(), request.uri().path());
            async move { answer }
        };
        // What is no request at all concerns nobody here.
        listener.serve(handler, |_| {}, stop).await;
    }

    fn answer(&self, method: &Method, path: &str) -> Answer {
        if method != Method::GET && method != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "the admin listener takes GET".to_owned());
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            "/livez" => text(StatusCode::OK, "ok".to_owned()),
            "/readyz" => {
                let watches = self.store.fresh(Instant::now()).map_err(|error| error.to_string());
                match self.readiness.check(watches) {
                    Ok(()) => text(StatusCode::OK, "ok".to_owned()),
                    Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, reason),
                }
            }
            "/metrics" => {
                let ages = self.store.freshness(Instant::now());
                self.metrics.set_watch_ages(ages.into_iter().map(|(kind, age)| (kind.plural.to_owned(), age)));
                let is_there = |namespace: &str, name: &str| self.store.directory(namespace, name).is_some();
                self.metrics.set_visible_users(of_directories(self.store.counts(Resource::User), is_there));
                let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
                with_body(StatusCode::OK, content_type, self.metrics.text())
            }
            _ => text(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics".to_owned()),
        }
    }
}

/// The counts of Directories that are there: an index outlives its Directory, and nobody shows its people then.
fn of_directories(
    counts: Vec<(String, String, usize)>,
    is_there: impl Fn(&str, &str) -> bool,
) -> impl Iterator<Item = (String, String, usize)> {
    counts.into_iter().filter(move |(namespace, name, _)| is_there(namespace, name))
}

fn text(status: StatusCode, sentence: String) -> Answer {
    with_body(status, TEXT, sentence + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted_in_directories_that_are_there() {
        let count = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned(), 1);
        let counts = vec![count("acme", "staff"), count("acme", "gone"), count("gone", "staff")];
        let there = of_directories(counts, |namespace, name| (namespace, name) == ("acme", "staff"));
        assert_eq!(there.collect::<Vec<_>>(), [count("acme", "staff")]);
    }
}
