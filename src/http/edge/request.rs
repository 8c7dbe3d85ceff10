//! The way of a request through the edge: its name, its bounds, its doors, its line in the log and its metrics.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, field};

use super::address::{Addressing, Ends};
use super::listener::Listener;
use super::note::{RequestNote, Why};
use super::request_id::{self, X_REQUEST_ID};
use super::{Answer, door, path};
use crate::metrics::{CountedRequest, Metrics};
use crate::telemetry::traces;

/// How a request came in, among its extensions: what the edge has since changed, or tells nobody else.
#[derive(Clone, Debug)]
pub struct Received {
    /// The address at the other end of the connection, which may be a proxy's.
    pub peer: IpAddr,
    /// The address that was asked for, letter by letter.
    pub target: Uri,
}

/// The label of a path that names no route.
const NO_ROUTE: &str = "none";
/// The label of a method that nobody knows.
const NO_METHOD: &str = "other";

/// What serves the doors of one listener. Cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

struct Inner {
    doors: TowerToHyperService<Router>,
    addressing: Addressing,
    /// Where requests are counted; nothing where they are neither counted nor logged.
    metrics: Option<Metrics>,
    is_traced: bool,
}

impl Edge {
    /// An edge that logs and counts every request, and where the process sends traces, traces it.
    pub fn new(doors: Router, addressing: Addressing, metrics: Metrics, is_traced: bool) -> Self {
        Self(Arc::new(Inner { doors: TowerToHyperService::new(doors), addressing, metrics: Some(metrics), is_traced }))
    }

    /// An edge that tells of no request: probes and scrapes come all day and concern nobody.
    pub fn silent(doors: Router) -> Self {
        let addressing = Addressing::default();
        Self(Arc::new(Inner { doors: TowerToHyperService::new(doors), addressing, metrics: None, is_traced: false }))
    }

    /// Serves until `stop`, and returns when the last request has been answered.
    pub async fn serve(self, listener: Listener, stop: CancellationToken) {
        let handler = move |ends, request: http::Request<Incoming>| {
            let edge = self.clone();
            async move { edge.answer(ends, request.map(Body::new)).await }
        };
        listener.serve(handler, stop).await;
    }

    /// The answer to one request.
    pub(in crate::http) async fn answer(&self, ends: Ends, mut request: Request) -> Answer {
        let Inner { doors, addressing, metrics, is_traced } = &*self.0;
        let request_id = request_id::read(request.headers());
        let method = method_label(request.method());
        let client = addressing.client(ends.peer.ip(), request.headers());
        // At the highest level, so that a line keeps its request whatever level is logged.
        let span = tracing::error_span!(
            target: traces::REQUEST,
            "request",
            request_id = request_id.to_str().unwrap_or_default(),
            %client,
            method,
            route = field::Empty,
            namespace = field::Empty,
            directory = field::Empty,
            key = field::Empty,
            resource = field::Empty,
            trace_id = field::Empty,
            otel.kind = field::Empty,
        );
        if *is_traced {
            traces::begin(&span, request.headers());
        }
        let target_host = request.uri().authority().map(http::uri::Authority::as_str);
        let origin = addressing.origin(&ends, target_host, request.headers());
        let unexpected_host = addressing.unexpected_host(&ends, target_host, request.headers());
        let note =
            RequestNote::new(span.clone(), client, request_id.to_str().unwrap_or_default(), origin, unexpected_host);
        if let Err(refused) = door::check(&request) {
            request.extensions_mut().insert(refused);
        }
        let received = Received { peer: ends.peer.ip().to_canonical(), target: request.uri().clone() };
        request.extensions_mut().insert(received);
        if let Some(uri) = path::tidied(request.uri(), addressing.path_prefix()) {
            *request.uri_mut() = uri;
        }
        request.extensions_mut().insert(note.clone());
        let answered = doors.call(request).instrument(span.clone()).await;
        let mut answer = answered.unwrap_or_else(|never| match never {});
        answer.headers_mut().insert(X_REQUEST_ID, request_id);
        // axum announces the length of every body that it knows; these answers have none, and nothing is said of it.
        if matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            answer.headers_mut().remove(CONTENT_LENGTH);
        }
        if let Some(metrics) = metrics {
            let (duration, noted) = (note.started().elapsed(), note.noted());
            let route = if noted.route.is_empty() { NO_ROUTE } else { &noted.route };
            let directory = noted.directory.as_ref().map(|(namespace, name)| (namespace.as_str(), name.as_str()));
            let status = answer.status();
            if *is_traced && let Some(trace) = traces::answered(&span, method, route, status.as_u16()) {
                span.record("trace_id", field::display(trace));
            }
            metrics.request(&CountedRequest { method, route, status: status.as_u16(), directory }, duration);
            let why = answer.extensions_mut().remove::<Why>().unwrap_or_default();
            // Who is told of no routine line needs no route for it.
            if !why.is_routine || tracing::enabled!(tracing::Level::DEBUG) {
                span.record("route", route);
            }
            span.in_scope(|| log(status, duration, &why));
        }
        answer
    }
}

/// One line for each request, louder where somebody may have to act.
fn log(status: StatusCode, duration: Duration, why: &Why) {
    let Why { scim_type, detail, reason, is_expected, is_routine } = why;
    let (code, duration_us) = (status.as_u16(), u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    match code {
        500 => tracing::error!(status = code, scimType = scim_type, detail, reason, duration_us, "request"),
        401 | 403 | 429 | 503 if !is_expected => {
            tracing::warn!(status = code, scimType = scim_type, detail, reason, duration_us, "request");
        }
        _ if *is_routine => tracing::debug!(status = code, duration_us, "request"),
        _ => tracing::info!(status = code, scimType = scim_type, detail, reason, duration_us, "request"),
    }
}

/// A client cannot make a label.
fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(NO_METHOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_client_makes_up_is_no_label() {
        assert_eq!(method_label(&Method::PATCH), "PATCH");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").expect("a method")), "other");
    }
}
