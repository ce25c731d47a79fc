use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tracing::Span;

use super::policy::End;
use super::record::Record;
use super::span::Spanned;
use crate::body::RejectBody;

pin_project! {
    /// The inner body, whose end or drop writes the record. Frames, length and end are the inner body's own.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Spanned<B>,
        // After the body, which may yet note on the trail, while it is dropped, why it ended.
        record: Option<Box<Record>>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(super) fn wrap(response: Response<B>, span: Span, record: Option<Box<Record>>) -> Response<Self> {
        let record = record.and_then(|record| record.answered(&response));
        response.map(|body| Self {
            inner: Spanned::new(body, span),
            record,
        })
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let polled = Record::watch(this.record, || this.inner.as_mut().within(|body| body.poll_frame(cx)));
        let poll = polled.unwrap_or(Poll::Ready(None));
        let Some(record) = this.record else {
            return poll;
        };
        let end = match &poll {
            Poll::Pending => None,
            Poll::Ready(None) => Some(End::Ended),
            Poll::Ready(Some(Err(_))) => Some(End::Failed),
            Poll::Ready(Some(Ok(frame))) => {
                record.sent(frame.data_ref().map_or(0, Buf::remaining));
                // hyper asks for no frame after this one.
                let last = this.inner.inner().is_some_and(Body::is_end_stream);
                last.then_some(End::Ended)
            }
        };
        if let Some(end) = end
            && let Some(record) = this.record.take()
        {
            record.close(end);
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.inner.inner().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .inner()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: RejectBody> RejectBody for ResponseBody<B> {
    fn reject(bytes: Bytes) -> Self {
        Self {
            inner: Spanned::new(B::reject(bytes), Span::none()),
            record: None,
        }
    }
}
