use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::gate::Permits;
use crate::body::RejectBody;

pin_project! {
    /// The inner body, counted as under way until its end or its drop.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        permits: Option<Permits>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, permits: Option<Permits>) -> Self {
        Self { inner, permits }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let poll = this.inner.poll_frame(cx);
        if matches!(poll, Poll::Ready(None | Some(Err(_)))) {
            *this.permits = None;
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: RejectBody> RejectBody for ResponseBody<B> {
    fn reject(bytes: Bytes) -> Self {
        Self::new(B::reject(bytes), None)
    }
}
