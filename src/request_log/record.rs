use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_LENGTH, REFERER, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use tokio::time::Instant;
use tracing::{Level, Span};

use super::config::Config;
use super::policy::{End, Facts, Severity, Verdict, is_bodiless};
use super::text::{Line, TextFormat};
use crate::client_ip::ClientIp;
use crate::request_id::RequestId;
use crate::request_view::RequestView;
use crate::trace_context::{SpanId, TraceContext, TraceId};
use crate::trail::Trail;

/// The record of a request in flight. Whatever ends the request drops it, and it is written then: exactly once.
#[derive(Debug)]
pub(super) struct Record {
    config: Arc<Config>,
    method: Method,
    uri: Uri,
    version: Version,
    referer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    request_id: Option<RequestId>,
    trace: Option<(TraceId, SpanId)>,
    client: Option<IpAddr>,
    #[cfg(feature = "axum")]
    route: Option<crate::axum::extensions::Route>,
    request_length: Option<u64>,
    trail: Trail,
    /// The span around the layer, to which the record belongs; its own `request` would only repeat what it says.
    around: Span,
    started: Instant,
    received: Option<SystemTime>,
    status: Option<StatusCode>,
    headers: Option<Duration>,
    sent: u64,
    expected: Option<u64>,
    end: End,
}

impl Record {
    /// Opens the record of a request that is to be recorded, and puts a trail into its extensions.
    pub(super) fn open<B>(request: &mut Request<B>, config: &Arc<Config>) -> Option<Box<Self>> {
        if !config.listens() || !config.wants(RequestView::of(request)) {
            return None;
        }
        let trail = request.extensions_mut().get_or_insert_default::<Trail>().clone();
        let header = |name| request.headers().get(name).cloned();
        let text = config.text.as_ref();
        let combined = text.is_some_and(|text| text.format == TextFormat::Combined);
        Some(Box::new(Self {
            config: Arc::clone(config),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            referer: combined.then(|| header(REFERER)).flatten(),
            user_agent: header(USER_AGENT),
            request_id: request.extensions().get().cloned(),
            trace: trace_of(request.extensions()),
            client: ClientIp::of(request.extensions()).map(ClientIp::address),
            #[cfg(feature = "axum")]
            route: request.extensions().get().cloned(),
            request_length: content_length(request.headers()),
            trail,
            around: Span::current(),
            started: Instant::now(),
            received: text.map(|_| SystemTime::now()),
            status: None,
            headers: None,
            sent: 0,
            expected: None,
            end: End::Dropped,
        }))
    }

    /// Runs `work`. What a panic of it leaves behind is dropped by whoever caught the panic, perhaps much later.
    pub(super) fn watch<T>(record: &mut Option<Box<Self>>, work: impl FnOnce() -> T) -> T {
        let mut ends_with = |end| {
            if let Some(record) = record {
                record.end = end;
            }
        };
        ends_with(End::Unwound);
        let done = work();
        ends_with(End::Dropped);
        done
    }

    /// Notes the response's head. `None` where no body is to follow: the record is then written.
    pub(super) fn answered<B: Body>(mut self: Box<Self>, response: &Response<B>) -> Option<Box<Self>> {
        self.headers = Some(self.started.elapsed());
        self.status = Some(response.status());
        self.expected = content_length(response.headers()).or_else(|| response.body().size_hint().exact());
        if is_bodiless(&self.method, response.status()) || response.body().is_end_stream() {
            self.close(End::Ended);
            return None;
        }
        Some(self)
    }

    /// Notes bytes of the response body that were handed over.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    /// Writes the record.
    pub(super) fn close(mut self: Box<Self>, end: End) {
        self.end = end;
    }

    fn emit(&self, verdict: Verdict, total: Duration, sampled: bool) {
        let route = self.trail.route();
        let route = route.as_deref();
        #[cfg(feature = "axum")]
        let route = self
            .route
            .as_ref()
            .map(crate::axum::extensions::Route::as_str)
            .or(route);
        let agent = self.user_agent.as_ref();
        let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        // The level of an event is part of its callsite, so each level has one.
        macro_rules! emit {
            ($level:expr) => {
                tracing::event!(
                    target: "portcullis::request_log",
                    parent: &self.around,
                    $level,
                    outcome = verdict.outcome.as_str(),
                    http.request.method = self.method.as_str(),
                    url.path = known(self.uri.path()),
                    url.query = self.config.query.show(self.uri.query()).as_deref(),
                    http.route = route,
                    http.response.status_code = self.status.map(|status| status.as_u16()),
                    http.request.body.size = self.trail.request_bytes().or(self.request_length),
                    http.response.body.size = self.sent,
                    network.protocol.version = version(self.version),
                    client.address = self.trail.client_ip().or(self.client).map(tracing::field::display),
                    user_agent.original = agent.as_deref().and_then(known),
                    request_id = self.request_id.as_ref().map(RequestId::as_str),
                    trace_id = self.trace.map(|(trace, _)| tracing::field::display(trace)),
                    span_id = self.trace.map(|(_, span)| tracing::field::display(span)),
                    enduser.id = self.trail.user().as_deref(),
                    headers_ms = self.headers.map(milliseconds),
                    latency_ms = milliseconds(total),
                    slow = verdict.slow.then_some(true),
                    sample_rate = sampled.then(|| self.config.policy.one_in.get()),
                    "request {}",
                    verdict.outcome.as_str(),
                )
            };
        }
        match verdict.severity {
            Severity::Error => emit!(Level::ERROR),
            Severity::Warn => emit!(Level::WARN),
            Severity::Info => emit!(Level::INFO),
        }
    }

    fn write(&self) {
        let (Some(text), Some(received)) = (&self.config.text, self.received) else {
            return;
        };
        let query = &self.config.query;
        let referer = self.referer.as_ref().map(|from| query.show_address(from.as_bytes()));
        text.put(&Line {
            client: self.trail.client_ip().or(self.client),
            user: self.trail.user().as_deref(),
            received,
            method: self.method.as_str(),
            // A `CONNECT` names an authority and no path.
            target: known(self.uri.path())
                .or(self.uri.authority().map(http::uri::Authority::as_str))
                .unwrap_or("-"),
            query: query.show(self.uri.query()).as_deref(),
            version: self.version,
            status: self.status,
            sent: self.sent,
            referer: referer.as_deref(),
            user_agent: self.user_agent.as_ref().map(HeaderValue::as_bytes),
        });
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let total = self.started.elapsed();
        let verdict = self.config.policy.judge(&Facts {
            end: self.end,
            status: self.status,
            sent: self.sent,
            expected: self.expected,
            failure: self.trail.failure(),
            headers: self.headers,
            total,
        });
        if self.config.leaves_out(verdict) {
            return;
        }
        self.emit(verdict, total, self.config.policy.samples(verdict));
        self.write();
    }
}

fn trace_of(extensions: &Extensions) -> Option<(TraceId, SpanId)> {
    let trace = extensions.get::<TraceContext>()?;
    Some((trace.trace_id(), trace.span_id()))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The version as OpenTelemetry writes it.
fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// To whole microseconds: the rest is noise, and would be printed with 17 digits.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
