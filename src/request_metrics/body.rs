use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::measure::Measure;
use super::policy::End;
use crate::body::RejectBody;

pin_project! {
    /// The inner body, whose end or drop counts the request. Frames, length and end are the inner body's own.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        // After the body, which may yet note on the trail, while it is dropped, why it ended.
        measure: Option<Measure>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(super) fn wrap(response: Response<B>, measure: Option<Measure>) -> Response<Self> {
        let measure = measure.and_then(|measure| measure.answered(&response));
        response.map(|inner| Self { inner, measure })
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let poll = this.inner.as_mut().poll_frame(cx);
        let Some(measure) = this.measure else {
            return poll;
        };
        let end = match &poll {
            Poll::Pending => None,
            Poll::Ready(None) => Some(End::Ended),
            Poll::Ready(Some(Err(_))) => Some(End::Failed),
            Poll::Ready(Some(Ok(frame))) => {
                measure.sent(frame.data_ref().map_or(0, Buf::remaining));
                // hyper asks for no frame after this one.
                this.inner.is_end_stream().then_some(End::Ended)
            }
        };
        if let Some(end) = end
            && let Some(measure) = this.measure.take()
        {
            measure.close(end);
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
        Self {
            inner: B::reject(bytes),
            measure: None,
        }
    }
}
