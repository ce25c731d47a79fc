//! Traces for an OpenTelemetry collector: one span a request, with the ids that stand in the log.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider};
use portcullis::trace_context::TraceContext;
use tracing::{Instrument, Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use super::TRACES;
use crate::config::Config;

/// The way to the collector. Dropped, it sends what it still has.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// `None` where no collector is named.
    pub(super) fn open(config: &Config) -> Result<Option<Self>, String> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))?;
        let mut resource = Resource::builder();
        // Else the builder has read it.
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("blog");
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_id_generator(ChosenIds::default())
            .with_batch_exporter(exporter)
            .build();
        Ok(Some(Self { provider }))
    }

    /// The span of `request_log` is left out: the one around it says the same, and records in it are then events of that one.
    pub(super) fn layer<S>(&self) -> impl tracing_subscriber::Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let wanted = filter_fn(|metadata| {
            let target = metadata.target();
            let is_ours = target.starts_with("blog") || (metadata.is_event() && target.starts_with("portcullis"));
            is_ours && *metadata.level() <= Level::INFO
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("blog"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(wanted.with_max_level_hint(LevelFilter::INFO))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::error!(%error, "traces are lost");
        }
    }
}

/// The ids that [`TraceContext`] has chosen for the request whose span begins, else random ones.
#[derive(Debug, Default)]
struct ChosenIds {
    random: RandomIdGenerator,
}

#[derive(Debug, Clone, Copy)]
struct Chosen(TraceId, SpanId);

impl IdGenerator for ChosenIds {
    fn new_trace_id(&self) -> TraceId {
        let chosen = Context::map_current(|context| context.get::<Chosen>().map(|chosen| chosen.0));
        chosen.unwrap_or_else(|| self.random.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        let chosen = Context::map_current(|context| context.get::<Chosen>().map(|chosen| chosen.1));
        chosen.unwrap_or_else(|| self.random.new_span_id())
    }
}

/// Runs each request in a span whose parent is the caller's, as its `traceparent` says. Goes inside `trace_context`.
///
/// The span ends with the body: that of `request_log`, which lasts as long, is its child.
pub(crate) async fn server_span(request: Request, next: Next) -> Response {
    let span = begin(&request);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_attribute("error.type", status.as_str().to_owned());
        span.set_status(Status::error(""));
    }
    response
}

fn begin(request: &Request) -> Span {
    let method = match request.method().as_str() {
        method @ ("CONNECT" | "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" | "TRACE") => method,
        _ => "_OTHER",
    };
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = route.map(|route| format!("{method} {route}"));
    let span = tracing::info_span!(
        target: TRACES,
        "request",
        otel.name = name.as_deref().unwrap_or(method),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        url.path = request.uri().path(),
    );
    let Some(trace) = request.extensions().get::<TraceContext>() else {
        return span;
    };
    if let Some(parent) = parent(trace)
        && let Err(error) = span.set_parent(Context::new().with_remote_span_context(parent))
    {
        tracing::debug!(%error, "the span has no parent");
    }
    let chosen = Chosen(
        TraceId::from_bytes(trace.trace_id().to_bytes()),
        SpanId::from_bytes(trace.span_id().to_bytes()),
    );
    // A span begins when its context is asked for, or when it is entered, which would be too late.
    let choice = Context::current_with_value(chosen).attach();
    let _begun = span.context();
    drop(choice);
    span
}

/// What the caller's `traceparent` says, whose decision whether to record is kept.
fn parent(trace: &TraceContext) -> Option<SpanContext> {
    let flags = TraceFlags::default().with_sampled(trace.is_sampled());
    let state = trace.tracestate().and_then(|state| state.to_str().ok()?.parse().ok());
    Some(SpanContext::new(
        TraceId::from_bytes(trace.trace_id().to_bytes()),
        SpanId::from_bytes(trace.parent_id()?.to_bytes()),
        flags,
        true,
        state.unwrap_or_default(),
    ))
}
