use std::borrow::Cow;
use std::time::Duration;

use tracing::{Level, Span};

use super::policy::{Outcome, Severity};
use crate::trace_context::{SpanId, TraceId};

/// What a record says, in the order in which it says it. The names of the fields are in the [table](super).
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) severity: Severity,
    pub(super) outcome: Outcome,
    pub(super) method: &'a str,
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<Cow<'a, str>>,
    pub(super) route: Option<&'a str>,
    pub(super) status: Option<u16>,
    pub(super) request_size: Option<u64>,
    pub(super) response_size: u64,
    pub(super) version: Option<&'static str>,
    pub(super) client: Option<&'a str>,
    pub(super) user_agent: Option<Cow<'a, str>>,
    pub(super) request_id: Option<&'a str>,
    pub(super) trace: Option<(TraceId, SpanId)>,
    pub(super) user: Option<&'a str>,
    pub(super) headers: Option<Duration>,
    pub(super) total: Duration,
    pub(super) slow: bool,
    pub(super) sample_rate: Option<u32>,
}

impl Told<'_> {
    /// As an event of `tracing`, within the span that was current around the layer.
    pub(super) fn event(&self, around: &Span) {
        // The level of an event is part of its callsite, so each level has one.
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(
                    target: "portcullis::request_log",
                    parent: around,
                    $level,
                    outcome = self.outcome.as_str(),
                    http.request.method = self.method,
                    url.path = self.path,
                    url.query = self.query.as_deref(),
                    http.route = self.route,
                    http.response.status_code = self.status,
                    http.request.body.size = self.request_size,
                    http.response.body.size = self.response_size,
                    network.protocol.version = self.version,
                    client.address = self.client,
                    user_agent.original = self.user_agent.as_deref(),
                    request_id = self.request_id,
                    trace_id = self.trace.map(|(trace, _)| tracing::field::display(trace)),
                    span_id = self.trace.map(|(_, span)| tracing::field::display(span)),
                    enduser.id = self.user,
                    headers_ms = self.headers.map(milliseconds),
                    latency_ms = milliseconds(self.total),
                    slow = self.slow.then_some(true),
                    sample_rate = self.sample_rate,
                    message = self.outcome.message(),
                )
            };
        }
        match self.severity {
            Severity::Error => event!(Level::ERROR),
            Severity::Warn => event!(Level::WARN),
            Severity::Info => event!(Level::INFO),
        }
    }
}

/// To whole microseconds: the rest is noise, and would be printed with 17 digits.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
