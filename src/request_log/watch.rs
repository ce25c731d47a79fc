use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tracing::Span;

use super::config::Config;
use super::policy::End;
use super::record::Record;
use super::span::span;

/// What is kept of a request in flight.
#[derive(Debug)]
pub(crate) enum Watch {
    /// Nobody listens.
    Idle,
    /// It is not recorded, and has its span all the same.
    Span(Span),
    Record(Box<Kept>),
}

#[derive(Debug)]
pub(crate) struct Kept {
    record: Record,
    span: Span,
}

impl Watch {
    pub(crate) fn open<B>(request: &mut Request<B>, config: &Arc<Config>) -> Self {
        let record = Record::open(request, config);
        let span = if config.spanless { Span::none() } else { span(request) };
        match record {
            Some(record) => Self::Record(Box::new(Kept { record, span })),
            None if span.is_none() => Self::Idle,
            None => Self::Span(span),
        }
    }

    /// Runs `work` within the span. What a panic of it leaves behind is dropped by whoever caught the panic, perhaps much later.
    pub(crate) fn run<T>(&mut self, work: impl FnOnce() -> T) -> T {
        match self {
            Self::Idle => work(),
            Self::Span(span) => span.in_scope(work),
            Self::Record(kept) => {
                kept.record.end = End::Unwound;
                let done = kept.span.in_scope(work);
                kept.record.end = End::Dropped;
                done
            }
        }
    }

    pub(crate) fn drop_within(&self, work: impl FnOnce()) {
        match self {
            Self::Idle => work(),
            Self::Span(span) => span.in_scope(work),
            Self::Record(kept) => kept.span.in_scope(work),
        }
    }

    /// Notes the response's head. Where no body is to follow the record is written.
    pub(crate) fn answered<B: Body>(&mut self, response: &Response<B>) {
        if let Some(record) = self.record()
            && !record.awaits_body(response)
        {
            self.close(End::Ended);
        }
    }

    pub(super) fn record(&mut self) -> Option<&mut Record> {
        match self {
            Self::Record(kept) => Some(&mut kept.record),
            _ => None,
        }
    }

    /// Hands on what is kept.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Idle)
    }

    /// Writes the record and closes the span.
    pub(super) fn close(&mut self, end: End) {
        if let Some(record) = self.record() {
            record.end = end;
        }
        self.take();
    }
}

pin_project! {
    /// A future or a body that is polled and dropped within its request's span.
    #[derive(Debug)]
    pub(super) struct Watched<T> {
        #[pin]
        inner: Option<T>,
        // After the inner value, which may yet note on the trail, while it is dropped, why it ended.
        watch: Watch,
    }

    impl<T> PinnedDrop for Watched<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.watch.drop_within(|| this.inner.set(None));
        }
    }
}

impl<T> Watched<T> {
    pub(super) fn new(inner: T, watch: Watch) -> Self {
        let inner = Some(inner);
        Self { inner, watch }
    }

    pub(super) fn inner(&self) -> Option<&T> {
        self.inner.as_ref()
    }

    /// Runs `work` on the inner value, which is dropped as soon as that says it is done, and hands on what is kept of the request.
    pub(super) fn within<R>(
        self: Pin<&mut Self>,
        work: impl FnOnce(Pin<&mut T>) -> (R, bool),
    ) -> Option<(R, &mut Watch)> {
        let this = self.project();
        let mut inner = this.inner;
        let result = this.watch.run(|| {
            let (result, done) = work(inner.as_mut().as_pin_mut()?);
            if done {
                inner.set(None);
            }
            Some(result)
        })?;
        Some((result, this.watch))
    }
}
