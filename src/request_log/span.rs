use std::pin::Pin;

use http::Request;
use pin_project_lite::pin_project;
use tracing::Span;

use crate::request_id::RequestId;
use crate::trace_context::TraceContext;

/// The span of one request. Where nobody listens it costs one look at a flag.
pub(super) fn span<B>(request: &Request<B>) -> Span {
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

pin_project! {
    /// A future or a body that is polled and dropped within its request's span.
    #[derive(Debug)]
    pub(super) struct Spanned<T> {
        #[pin]
        inner: Option<T>,
        span: Span,
    }

    impl<T> PinnedDrop for Spanned<T> {
        fn drop(this: Pin<&mut Self>) {
            this.finish();
        }
    }
}

impl<T> Spanned<T> {
    pub(super) fn new(inner: T, span: Span) -> Self {
        Self {
            inner: Some(inner),
            span,
        }
    }

    pub(super) fn inner(&self) -> Option<&T> {
        self.inner.as_ref()
    }

    /// Runs `work` on the inner value, which is there until [`finish`](Self::finish).
    pub(super) fn within<R>(self: Pin<&mut Self>, work: impl FnOnce(Pin<&mut T>) -> R) -> Option<R> {
        let this = self.project();
        let inner = this.inner.as_pin_mut()?;
        Some(this.span.in_scope(|| work(inner)))
    }

    /// Drops the inner value and hands on its span.
    pub(super) fn finish(self: Pin<&mut Self>) -> Span {
        let mut this = self.project();
        this.span.in_scope(|| this.inner.set(None));
        std::mem::replace(this.span, Span::none())
    }
}
