use http::HeaderMap;
use portcullis::trace_context::TraceContext;

use crate::drive::values;

/// The first line is a `traceparent`, each further one a `tracestate`.
pub(super) fn run(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut values = values(data);
    if let Some(value) = values.next() {
        headers.insert("traceparent", value);
    }
    for value in values {
        headers.append("tracestate", value);
    }
    let Some(read) = TraceContext::read(&headers) else {
        return;
    };
    assert_ne!(read.trace_id().to_bytes(), [0; 16]);
    assert_ne!(read.span_id().to_bytes(), [0; 8]);
    // What is handed on is read as the same trace.
    let mut further = HeaderMap::new();
    read.hand_on(&mut further);
    let again = TraceContext::read(&further).expect("what is handed on can be read");
    assert_eq!(again.trace_id(), read.trace_id());
    assert_eq!(again.parent_id(), Some(read.span_id()));
    assert_eq!(again.is_sampled(), read.is_sampled());
    assert_eq!(again.tracestate(), read.tracestate());
}
