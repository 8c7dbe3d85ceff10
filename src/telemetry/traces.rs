//! Traces: where a collector is named, each request to the public listener is one trace, and what it asks of the API server and of
//! a provider are its spans. They are sent with OTLP over HTTP, in Protobuf.
//!
//! A request that comes with a `traceparent` (W3C Trace Context) goes on with the trace of whoever sent it. What the background
//! does belongs to no request and is no trace. Spans hold what the log holds at its usual level, and of the API server's URLs the
//! path with the names in it. They wait in a queue of bounded length; whatever the collector does, no request waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Link, SpanKind, Status, TraceContextExt as _, TraceId, TraceState, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample};
use tokio::runtime::Handle;
use tracing::{Metadata, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config::TracesConfig;
use crate::egress::{EgressClient, EgressError};

/// The target of the spans that are there for traces alone and that no log shows.
pub const TARGET: &str = "rollcall::traces";
/// The target of the span of a request, which the log shows too.
pub const REQUEST: &str = "rollcall::request";
/// The target of the spans that kube's client makes, one for each request to the API server.
const API_SERVER: &str = "kube_client::client::builder";
/// What the operator is called in traces, unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE: &str = "rollcall";
/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";
/// How long the collector may take for one batch.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last batch.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// Why there are no traces although a collector was named.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// No client can be made.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The exporter refuses its settings, some of which are variables of OpenTelemetry.
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// What makes spans and sends them.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to this collector on this runtime. `replica` tells its spans from those of other replicas.
    pub fn start(config: &TracesConfig, replica: &str, runtime: Handle) -> Result<Self, TracesError> {
        let endpoint = format!("{}{PATH}", config.endpoint.trim_end_matches('/'));
        let collector = Collector { client: EgressClient::new(DEADLINE)?, runtime, is_failing: AtomicBool::new(false) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(endpoint)
            .with_timeout(DEADLINE)
            .build()?;
        let sampler = OfRequests(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.ratio))));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource(replica))
            .build();
        Ok(Self(provider))
    }

    /// For the layer of the subscriber.
    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer(SERVICE)
    }

    /// Sends what waits, for a few seconds at most.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_BATCH) {
            tracing::debug!(reason = %error, "the last spans are not sent");
        }
    }
}

fn resource(replica: &str) -> Resource {
    let named = Resource::builder().build();
    let is_named = named.get(&"service.name".into()).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let ours = [
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", replica.to_owned()),
    ];
    let resource = Resource::builder().with_attributes(ours);
    if is_named { resource.build() } else { resource.with_service_name(SERVICE).build() }
}

/// Which spans of the process belong to traces.
pub(super) fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && [TARGET, REQUEST, API_SERVER].contains(&metadata.target())
}

/// Lets the span of a request, which nobody has entered yet, be one of a trace: that of the `traceparent` among the headers, or a
/// new one. For a process that sends traces; in another one the span would only have a field that nobody needs.
pub fn begin(span: &Span, headers: &HeaderMap) {
    span.record("otel.kind", "server");
    span.set_parent(TraceContextPropagator::new().extract(&HeaderExtractor(headers))).ok();
}

/// The span of a request to a provider; a disabled one where there are no traces. The rest of the address may hold a code.
pub fn of_provider(method: &http::Method, uri: &http::Uri) -> Span {
    tracing::debug_span!(
        target: TARGET,
        "provider",
        otel.kind = "client",
        otel.name = %format_args!("{method} provider"),
        http.request.method = %method,
        http.response.status_code = field::Empty,
        server.address = uri.host().unwrap_or_default(),
        url.path = uri.path(),
    )
}

/// Completes the span of a request. Returns the id of its trace, unless nobody wants this one.
pub fn answered(span: &Span, method: &'static str, route: &str, status: u16) -> Option<TraceId> {
    let context = span.context();
    let traced = context.span();
    // The span has begun: what `otel.name` says now is not heard.
    traced.update_name(format!("{method} {route}"));
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", route.to_owned());
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        failed(span);
    }
    let context = traced.span_context();
    context.is_sampled().then(|| context.trace_id())
}

/// Marks a span as one whose work failed.
pub fn failed(span: &Span) {
    span.set_status(Status::error(""));
}

/// Samples requests and what belongs to them. A span without a parent that is no request is the background's.
#[derive(Clone, Debug)]
struct OfRequests(Sampler);

impl ShouldSample for OfRequests {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let has_parent = parent.is_some_and(Context::has_active_span);
        if !has_parent && *kind != SpanKind::Server {
            let (decision, attributes, trace_state) = (SamplingDecision::Drop, Vec::new(), TraceState::default());
            return SamplingResult { decision, attributes, trace_state };
        }
        self.0.should_sample(parent, trace, name, kind, attributes, links)
    }
}

/// The collector, as the exporter asks it: from a thread of its own, outside the runtime.
#[derive(Debug)]
struct Collector {
    client: EgressClient,
    runtime: Handle,
    /// Whether the last batch was not taken: an outage is told once.
    is_failing: AtomicBool,
}

impl Collector {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, String> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send(request).await });
        let answer = sent.await.map_err(|error| error.to_string()).flatten();
        let problem = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status().as_u16())),
            Err(reason) => Some(reason.clone()),
        };
        let was_failing = self.is_failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(reason) if !was_failing => {
                tracing::warn!(reason, "the collector takes no traces, and those that cannot be sent are lost");
            }
            None if was_failing => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        answer
    }
}

impl HttpClient for Collector {
    fn send_bytes<'client, 'answer>(
        &'client self,
        request: http::Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'answer>>
    where
        'client: 'answer,
        Self: 'answer,
    {
        Box::pin(async move { self.send(request).await.map_err(HttpError::from) })
    }
}
