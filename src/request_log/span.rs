use http::Request;
use tracing::{Level, Span};

use crate::request_id::RequestId;
use crate::trace_context::TraceContext;

/// The span of one request. Where nobody listens it costs one look at a flag, also where `tracing` hands spans on to the crate `log`.
pub(super) fn span<B>(request: &Request<B>) -> Span {
    if !tracing::span_enabled!(target: "portcullis::request_log", Level::INFO) {
        return Span::none();
    }
    let path = request.uri().path();
    let trace = request.extensions().get::<TraceContext>();
    tracing::info_span!(
        target: "portcullis::request_log",
        "request",
        request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
        trace_id = trace.map(|trace| tracing::field::display(trace.trace_id())),
        span_id = trace.map(|trace| tracing::field::display(trace.span_id())),
        http.request.method = request.method().as_str(),
        url.path = (!path.is_empty()).then_some(path),
    )
}
