//! The way of a request to SCIM: bounds, credentials, endpoint, body, operation, answer, one line in the log.
//!
//! Credentials come before everything that a Directory could tell, an endpoint that does not exist included. And before
//! credentials comes the question whether the watches may be believed: a replica that has not heard of a revocation must
//! not serve, and one that has not heard of a new key must not answer 401, which would quarantine the job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::{Body, Bytes, Incoming};
use jiff::Timestamp;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::address::{Addressing, Ends};
use super::answer::Answer;
use super::auth::{Credentials, Refusal};
use super::body;
use super::connection::Refused;
use super::error::Failure;
use super::failures::Failures;
use super::limits::{ANSWER, MAX_HEADER_BYTES, MAX_LOGGED_NAME, MAX_URL, MAX_WRITES, WHOLE_REQUEST, WORK};
use super::listener::Listener;
use super::query;
use super::readiness::Readiness;
use super::request_id::{self, X_REQUEST_ID};
use super::route::{Place, Route};
use super::scim::{self, Call};
use super::writes::Writes;
use crate::api::directory::ProvisioningMode;
use crate::metrics::Metrics;
use crate::provisioning::Context;
use crate::store::registry::Directory;
use crate::store::{self, Store};

/// The label of a path that names no endpoint.
const NO_ROUTE: &str = "none";
/// The label of a method that nobody knows.
const NO_METHOD: &str = "other";

/// The SCIM endpoints of every Directory. Cheap to clone.
#[derive(Clone)]
pub struct Public(Arc<Inner>);

struct Inner {
    store: Store,
    metrics: Metrics,
    readiness: Readiness,
    addressing: Addressing,
    failures: Failures,
    writes: Writes,
}

impl Public {
    /// What serves the Directories of `store`.
    pub fn new(store: Store, metrics: Metrics, readiness: Readiness, addressing: Addressing) -> Self {
        let (failures, writes) = (Failures::default(), Writes::new(MAX_WRITES));
        Self(Arc::new(Inner { store, metrics, readiness, addressing, failures, writes }))
    }

    /// Serves until `stop`, and returns when the last request has been answered and the last write is done.
    pub async fn serve(self, listener: Listener, stop: CancellationToken) {
        let inner = Arc::clone(&self.0);
        let handler = move |ends, request: Request<Incoming>| {
            let public = self.clone();
            async move { public.0.answer(ends, request).await }
        };
        let counting = Arc::clone(&inner);
        listener.serve(handler, move |refused| counting.refused(&refused), stop).await;
        inner.writes.finish().await;
    }
}

impl Inner {
    /// What was no request is told of like one.
    fn refused(&self, refused: &Refused) {
        let Refused { status, request_id, duration } = refused;
        self.metrics.request(NO_METHOD, NO_ROUTE, status.as_u16(), *duration);
        let request_id = request_id.to_str().unwrap_or_default();
        let span = tracing::error_span!("request", request_id, method = NO_METHOD, route = NO_ROUTE);
        span.in_scope(|| log(*status, *duration, Some("no HTTP/1.1 request within the bounds")));
    }

    async fn answer<B>(&self, ends: Ends, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let started = Instant::now();
        let request_id = request_id::read(request.headers());
        let method = method_label(request.method());
        let place = Place::read(request.uri().path(), self.addressing.path_prefix());
        let route = place.as_ref().and_then(Place::route);
        let label = route.as_ref().map_or(NO_ROUTE, |route| route.label);
        // At the highest level, so that a line keeps its request whatever level is logged.
        let span = tracing::error_span!(
            "request",
            request_id = request_id.to_str().unwrap_or_default(),
            method,
            route = label,
            namespace = place.as_ref().map(|place| shown(&place.namespace)),
            directory = place.as_ref().map(|place| shown(&place.directory)),
            key = field::Empty,
        );
        let respond = self.respond(ends, request, place, route, started).instrument(span.clone());
        let result = AssertUnwindSafe(respond).catch_unwind().await.unwrap_or(Err(Failure::Panic));
        let (mut answer, reason) = match result {
            Ok(answer) => (answer, None),
            Err(failure) => (failure.answer(), failure.reason()),
        };
        answer.headers_mut().insert(X_REQUEST_ID, request_id);
        let duration = started.elapsed();
        self.metrics.request(method, label, answer.status().as_u16(), duration);
        span.in_scope(|| log(answer.status(), duration, reason.as_deref()));
        answer
    }

    async fn respond<B>(
        &self,
        ends: Ends,
        request: Request<B>,
        place: Option<Place>,
        route: Option<Route>,
        started: Instant,
    ) -> Result<Answer, Failure>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        if head.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_URL) {
            return Err(Failure::UrlTooLong);
        }
        if size(&head.headers) > MAX_HEADER_BYTES {
            return Err(Failure::HeadersTooLarge);
        }
        let place = place.ok_or(Failure::NoDirectory)?;
        self.readiness.check_schema().map_err(|reason| store::Error::Unavailable { reason })?;
        self.store.fresh(Instant::now())?;
        let directory = self.authenticate(&ends, &head.headers, &place)?;
        if directory.spec.provisioning.mode != ProvisioningMode::Enabled {
            return Err(Failure::Disabled);
        }
        let route = route.ok_or(Failure::NoEndpoint)?;
        if !route.takes(&head.method) {
            return Err(Failure::Method(route.allow()));
        }
        let writes = route.writes(&head.method);
        let target_host = head.uri.authority().map(http::uri::Authority::as_str);
        let origin = self.addressing.origin(&ends, target_host, &head.headers);
        let base = format!("{origin}/scim/v2/{}/{}", directory.namespace, directory.name);
        let (store, metrics) = (self.store.clone(), self.metrics.clone());
        let call = Call {
            context: Context { directory, store, metrics, base: base.as_str().into() },
            base,
            endpoint: route.endpoint,
            parameter: route.parameter,
            parameters: query::parameters(head.uri.query().unwrap_or_default())?,
            body: body::read(&head.method, &head.headers, body).await?,
            method: head.method,
            headers: head.headers,
        };
        let deadline = deadline(started, Instant::now());
        let work = in_time(deadline, async move { scim::handle(&call).await });
        if writes { self.writes.run(work).await } else { work.await }
    }

    /// The Directory of the URL, if the credentials open it.
    fn authenticate(&self, ends: &Ends, headers: &HeaderMap, place: &Place) -> Result<Arc<Directory>, Failure> {
        let directory = self.store.directory(&place.namespace, &place.directory);
        let opened = Credentials::read(headers).map_err(Refusal::Credentials).and_then(|credentials| {
            credentials.open(directory.as_ref(), &self.store.keys(&credentials.digest), Timestamp::now())
        });
        let reason = match opened {
            Ok((directory, key)) => {
                Span::current().record("key", key);
                return Ok(directory);
            }
            Err(Refusal::Scope) => return Err(Failure::Scope),
            Err(Refusal::Credentials(reason)) => reason,
        };
        self.metrics.authentication_failure(reason);
        match self.failures.take(self.addressing.source(ends.peer.ip(), headers)) {
            Ok(()) => Err(Failure::Credentials(reason)),
            Err(pause) => Err(Failure::TooManyFailures(reason, pause)),
        }
    }
}

/// Until when the operation of a request that came at `started` may take that begins at `now`.
fn deadline(started: Instant, now: Instant) -> Instant {
    (now + WORK).min(started + WHOLE_REQUEST - ANSWER)
}

async fn in_time(deadline: Instant, work: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    timeout_at(deadline.into(), work).await.unwrap_or(Err(Failure::Overdue))
}

/// One line for each request, louder where somebody may have to act.
fn log(status: StatusCode, duration: Duration, reason: Option<&str>) {
    let (code, duration_ms) = (status.as_u16(), duration.as_secs_f64() * 1_000.0);
    match code {
        500 => tracing::error!(status = code, duration_ms, reason, "request"),
        401 | 403 | 429 | 503 => tracing::warn!(status = code, duration_ms, reason, "request"),
        _ => tracing::info!(status = code, duration_ms, reason, "request"),
    }
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// A name out of a URL, cut: it may be anything.
fn shown(name: &str) -> &str {
    name.char_indices().nth(MAX_LOGGED_NAME).map_or(name, |(end, _)| &name[..end])
}

/// A client cannot make a label.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(NO_METHOD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::limits::BODY_READ;

    #[tokio::test]
    async fn work_that_takes_too_long_is_given_up_with_503() {
        let now = Instant::now();
        assert_eq!(deadline(now, now), now + WORK);
        let late = now + BODY_READ;
        assert_eq!(deadline(now, late), now + WHOLE_REQUEST - ANSWER, "a slow body leaves less, and never too little");
        let answer = in_time(now, std::future::pending()).await.err().expect("it never ends").answer();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
    }

    #[test]
    fn what_a_client_chooses_is_bounded_in_log_and_metrics() {
        assert_eq!(shown("staff"), "staff");
        assert_eq!(shown(&"ä".repeat(MAX_LOGGED_NAME + 1)), "ä".repeat(MAX_LOGGED_NAME));
        assert_eq!(method_label(&Method::PATCH), "PATCH");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").expect("a method")), "other");
    }
}
