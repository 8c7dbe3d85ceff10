//! Traces of a running operator, as a collector gets them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Held;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use parking_lot::Mutex;
use prost::Message as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Directory, Operator, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A collector, and what it was sent: whole requests.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let take = async |State(received): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| received.lock().push(body);
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, received }
    }

    /// Every span, with the service that sent it.
    fn spans(&self) -> Vec<(String, Span)> {
        let mut spans = Vec::new();
        for body in self.received.lock().iter() {
            let request = ExportTraceServiceRequest::decode(&body[..]).expect("Protobuf");
            for sent in request.resource_spans {
                let resource = sent.resource.expect("a resource");
                let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
                let service = service.map(|attribute| text(attribute.value.as_ref())).unwrap_or_default();
                let of_scopes = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(of_scopes.map(|span| (service.clone(), span)));
            }
        }
        spans
    }
}

fn text(value: Option<&opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Held::StringValue(text)) => text.clone(),
        Some(Held::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attribute(span: &Span, key: &str) -> String {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key);
    attribute.map(|attribute| text(attribute.value.as_ref())).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_trace_and_its_calls_of_the_api_server_are_its_spans() {
    let collector = Collector::start().await;
    let operator = Operator::start(&["--otlp-endpoint", &collector.url]).await;
    let directory = Directory::new().await;
    let scim = directory.client(&operator).await;
    let person = json!({ "userName": "planted@contoso.example", "active": true }).to_string();
    let headers = [("traceparent", format!("00-{TRACE}-{CALLER}-01"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let created = scim.send("POST", "/Users", &headers, Some(person)).await;
    let (id, request_id) =
        (created.json()["id"].as_str().expect("an id").to_owned(), created.header("x-request-id").to_owned());
    let traced = until("the span of the request", async || {
        let spans = collector.spans();
        let is_ours = |(_, span): &(String, Span)| attribute(span, "request_id") == request_id;
        spans.iter().any(is_ours).then_some(spans)
    })
    .await;

    let of_trace: Vec<_> = traced.iter().filter(|(_, span)| hex(&span.trace_id) == TRACE).collect();
    let (service, request) = of_trace.iter().find(|(_, span)| span.kind() == SpanKind::Server).expect("the request");
    assert_eq!((service.as_str(), hex(&request.parent_span_id).as_str()), ("rollcall", CALLER));
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.response.status_code", "201"),
        ("namespace", &directory.namespace),
        ("directory", "staff"),
        ("key", "key"),
    ] {
        assert_eq!(attribute(request, key), value, "{key} of {request:?}");
    }
    assert_eq!(request.name, format!("POST {}", attribute(request, "http.route")));
    let calls: Vec<_> = of_trace.iter().filter(|(_, span)| span.kind() == SpanKind::Client).collect();
    assert!(calls.iter().all(|(_, call)| call.parent_span_id == request.span_id), "{calls:?}");
    let call = |part: &str| calls.iter().any(|(_, call)| attribute(call, "http.url").contains(part));
    assert!(call("/directoryusers") && call("/directoryclaims"), "the person and the claim of the name: {calls:?}");

    // Of the background nothing is sent, although the same client makes its calls.
    let requests = traced.iter().filter(|(_, span)| span.kind() == SpanKind::Server);
    let requests: Vec<_> = requests.map(|(_, span)| span.trace_id.clone()).collect();
    let strays: Vec<_> = traced.iter().filter(|(_, span)| !requests.contains(&span.trace_id)).collect();
    assert!(strays.is_empty(), "{strays:?}");
    for (what, planted) in [("the userName", "planted@contoso"), ("the secret of the key", directory.secret.as_str())] {
        let is_sent = |body: &Bytes| body.windows(planted.len()).any(|window| window == planted.as_bytes());
        assert!(!collector.received.lock().iter().any(is_sent), "{what} was sent");
    }
    let line = until("the line of the request", async || {
        operator
            .log()
            .lines()
            .find(|line| line.contains(&request_id) && line.contains("duration_us"))
            .map(str::to_owned)
    });
    let line: Value = serde_json::from_str(&line.await).expect("a line of JSON");
    assert_eq!((&line["span"]["trace_id"], &line["span"]["resource"]), (&json!(TRACE), &json!(id)), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_request_that_its_caller_does_not_record_nothing_is_sent() {
    let collector = Collector::start().await;
    let operator = Operator::start(&["--otlp-endpoint", &collector.url, "--otlp-ratio", "0"]).await;
    let directory = Directory::new().await;
    let scim = directory.client(&operator).await;
    let parent = |trace: &str, flags: &str| format!("00-{trace}-{CALLER}-{flags}");
    let other = "11111111111111111111111111111111";
    for (trace, flags) in [(other, "00"), (TRACE, "01")] {
        let header = parent(trace, flags);
        scim.send("GET", "/Users", &[("traceparent", &header)], None).await.expect(200);
    }
    let spans = until("the request that its caller records", async || {
        Some(collector.spans()).filter(|spans| !spans.is_empty())
    })
    .await;
    assert!(spans.iter().all(|(_, span)| hex(&span.trace_id) == TRACE), "{spans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_told_once_and_delays_nothing() {
    // A port that was free a moment ago: nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let mut operator = Operator::start(&["--otlp-endpoint", &format!("http://{closed}")]).await;
    let directory = Directory::new().await;
    let scim = directory.client(&operator).await;
    let told = "the collector takes no traces";
    until("the outage to be told", async || {
        scim.get("/Users?count=0").await.expect(200);
        operator.log().contains(told).then_some(())
    })
    .await;
    scim.get("/Users?count=0").await.expect(200);
    operator.terminate();
    assert!(operator.ended().await.success());
    let lines = operator.log().lines().filter(|line| line.contains(told)).count();
    assert_eq!(lines, 1, "{}", operator.log());
}
