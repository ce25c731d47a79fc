use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tracing::Span;

use super::body::ResponseBody;
use super::policy::End;
use super::record::Record;
use super::span::Spanned;

pin_project! {
    /// The future of [`RequestLog`](super::RequestLog).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Spanned<F>,
        // After the future, which may yet note on the trail, while it is dropped, why it ended.
        record: Option<Box<Record>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, span: Span, record: Option<Box<Record>>) -> Self {
        Self {
            inner: Spanned::new(inner, span),
            record,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = Record::watch(this.record, || this.inner.as_mut().within(|future| future.poll(cx)));
        // Polled after completion, which the contract of `Future` leaves open.
        let answer = ready!(polled.unwrap_or(Poll::Pending));
        let span = this.inner.finish();
        let record = this.record.take();
        Poll::Ready(match answer {
            Ok(response) => Ok(ResponseBody::wrap(response, span, record)),
            Err(error) => {
                if let Some(record) = record {
                    record.close(End::Failed);
                }
                Err(error)
            }
        })
    }
}
