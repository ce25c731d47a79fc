use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_LENGTH, REFERER, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use tokio::time::Instant;
use tracing::Span;

use super::address::AddressText;
use super::config::Config;
use super::policy::{End, Facts, Verdict, is_bodiless};
use super::text::{Line, TextFormat};
use super::told::Told;
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
    pub(super) end: End,
}

impl Record {
    /// Opens the record of a request that is to be recorded, and puts a trail into its extensions.
    pub(super) fn open<B>(request: &mut Request<B>, config: &Arc<Config>) -> Option<Self> {
        if !config.listens() || !config.wants(RequestView::of(request)) {
            return None;
        }
        let trail = request.extensions_mut().get_or_insert_default::<Trail>().clone();
        let header = |name| request.headers().get(name).cloned();
        let text = config.text.as_ref();
        let combined = text.is_some_and(|text| text.format == TextFormat::Combined);
        Some(Self {
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
        })
    }

    /// Notes the response's head. False where no body is to follow.
    pub(super) fn awaits_body<B: Body>(&mut self, response: &Response<B>) -> bool {
        self.headers = Some(self.started.elapsed());
        self.status = Some(response.status());
        self.expected = content_length(response.headers()).or_else(|| response.body().size_hint().exact());
        !is_bodiless(&self.method, response.status()) && !response.body().is_end_stream()
    }

    /// Notes bytes of the response body that were handed over.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    fn emit(&self, verdict: Verdict, total: Duration) {
        let route = self.trail.route();
        let route = route.as_deref();
        #[cfg(feature = "axum")]
        let route = self
            .route
            .as_ref()
            .map(crate::axum::extensions::Route::as_str)
            .or(route);
        let agent = self.user_agent.as_ref().map(HeaderValue::as_bytes);
        let user = self.trail.user();
        let mut room = AddressText::default();
        let client = self.trail.client_ip().or(self.client);
        let sampled = self.config.policy.samples(verdict);
        let told = Told {
            severity: verdict.severity,
            outcome: verdict.outcome,
            method: self.method.as_str(),
            path: known(self.uri.path()),
            query: self.config.query.show(self.uri.query()),
            route,
            status: self.status.map(|status| status.as_u16()),
            request_size: self.trail.request_bytes().or(self.request_length),
            response_size: self.sent,
            version: version(self.version),
            client: client.and_then(|address| room.write(address)),
            user_agent: agent.map(readable).filter(|agent| !agent.is_empty()),
            request_id: self.request_id.as_ref().map(RequestId::as_str),
            trace: self.trace,
            user: user.as_deref(),
            headers: self.headers,
            total,
            slow: verdict.slow,
            sample_rate: sampled.then(|| self.config.policy.one_in.get()),
        };
        match &self.config.json {
            Some(lines) => lines.put(&told.json(SystemTime::now())),
            None => told.event(&self.around),
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
        self.emit(verdict, total);
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

/// Nearly all are ASCII, which is looked through faster than what may have to be replaced.
fn readable(text: &[u8]) -> Cow<'_, str> {
    str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
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
