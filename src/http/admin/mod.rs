//! The admin door: probes and metrics, on a listener of its own for the cluster. Not for the internet; nothing here asks
//! for credentials.

mod log_level;
pub mod readiness;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use self::readiness::ReplicaReadiness;
use crate::http::edge::{self, Answer, Refused};
use crate::metrics::{self, KeyExpiry, Metrics};
use crate::rules::resource::Resource;
use crate::store::{Store, WatchedKey};
use crate::telemetry::LogFilter;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// What the admin listener tells.
#[derive(Clone)]
pub struct Admin {
    /// For the watches.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// The rest of the readiness.
    pub readiness: ReplicaReadiness,
    /// What is logged.
    pub log_filter: LogFilter,
}

impl Admin {
    /// The door.
    pub fn door(&self) -> Router {
        let routes = Router::new()
            .route("/livez", get(async || plain_text(StatusCode::OK, "ok")))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/log-level", get(log_level::show).put(log_level::change).delete(log_level::reset))
            .fallback(async || plain_text(StatusCode::NOT_FOUND, "there are /livez, /readyz, /metrics and /log-level"));
        edge::door("", routes.with_state(self.clone()), refused)
    }
}

async fn readyz(State(admin): State<Admin>) -> Answer {
    match admin.readiness.look(&admin.store, &admin.metrics, Instant::now()) {
        Ok(()) => plain_text(StatusCode::OK, "ok"),
        Err(reason) => plain_text(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

async fn metrics(State(admin): State<Admin>) -> Answer {
    let Admin { store, metrics, readiness, log_filter: _ } = admin;
    // For the gauge.
    drop(readiness.look(&store, &metrics, Instant::now()));
    let ages = store.freshness(Instant::now());
    metrics.set_watch_ages(ages.into_iter().map(|(kind, age)| (kind.plural.to_owned(), age)));
    let is_there = |namespace: &str, name: &str| store.directory(namespace, name).is_some();
    metrics.set_visible_users(of_directories(store.counts(Resource::User), is_there));
    metrics.set_webhook_dropped(store.notices().dropped());
    metrics.set_last_provisioning(is_there);
    metrics.set_key_expiries(expiries(&store.all_keys()));
    with_body(StatusCode::OK, HeaderValue::from_static(metrics::CONTENT_TYPE), metrics.text())
}

fn refused(refused: &Refused) -> Answer {
    match refused {
        Refused::Method(_) => {
            plain_text(StatusCode::METHOD_NOT_ALLOWED, "the admin listener takes GET, and PUT and DELETE of /log-level")
        }
        Refused::UrlTooLong => plain_text(StatusCode::URI_TOO_LONG, "the URL is too long"),
        Refused::HeadersTooLarge => {
            plain_text(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large")
        }
        Refused::NoHost => plain_text(StatusCode::BAD_REQUEST, "a request of HTTP/1.1 has one header Host"),
        Refused::Panic => plain_text(StatusCode::INTERNAL_SERVER_ERROR, "the log says what went wrong"),
    }
}

/// The counts of Directories that are there: an index outlives its Directory, and nobody shows its people then.
fn of_directories(
    counts: Vec<(String, String, usize)>,
    is_there: impl Fn(&str, &str) -> bool,
) -> impl Iterator<Item = (String, String, usize)> {
    counts.into_iter().filter(move |(namespace, name, _)| is_there(namespace, name))
}

/// When the keys expire that do and that nobody has revoked: what is revoked opens nothing, and is missed by nobody.
fn expiries(keys: &[Arc<WatchedKey>]) -> impl Iterator<Item = KeyExpiry> {
    keys.iter().filter(|key| !key.is_revoked()).filter_map(|key| {
        Some(KeyExpiry {
            namespace: key.namespace.clone(),
            directory: key.spec.directory_ref.name.clone(),
            key: key.name.clone(),
            expires: key.spec.expires_at.as_ref()?.0.as_second(),
        })
    })
}

fn plain_text(status: StatusCode, sentence: &str) -> Answer {
    with_body(status, TEXT, format!("{sentence}\n"))
}

fn with_body(status: StatusCode, content_type: HeaderValue, body: String) -> Answer {
    (status, [(CONTENT_TYPE, content_type)], Body::from(body)).into_response()
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

    #[test]
    fn a_key_that_expires_and_is_not_revoked_has_a_time() {
        let key = |name: &str, spec: serde_json::Value| {
            let mut spec = spec;
            spec["directoryRef"] = serde_json::json!({ "name": "staff" });
            let spec = serde_json::from_value(spec).expect("a spec");
            Arc::new(WatchedKey { namespace: "acme".to_owned(), name: name.to_owned(), spec, ..WatchedKey::default() })
        };
        let end = "2027-01-31T00:00:00Z";
        let keys = [
            key("for-ever", serde_json::json!({})),
            key("expires", serde_json::json!({ "expiresAt": end })),
            key("revoked", serde_json::json!({ "expiresAt": end, "revoked": true })),
            key("not-revoked", serde_json::json!({ "expiresAt": end, "revoked": false })),
        ];
        let told: Vec<_> = expiries(&keys).map(|expiry| (expiry.key, expiry.directory, expiry.expires)).collect();
        let expected = ["expires", "not-revoked"].map(|key| (key.to_owned(), "staff".to_owned(), 1_801_353_600));
        assert_eq!(told, expected);
    }
}
