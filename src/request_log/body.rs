use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::policy::End;
use super::watch::{Watch, Watched};
use crate::body::RejectBody;

pin_project! {
    /// The inner body, whose end or drop writes the record. Frames, length and end are the inner body's own.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Watched<B>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, watch: Watch) -> Self {
        Self {
            inner: Watched::new(inner, watch),
        }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let within = self.project().inner.within(|mut body| {
            let poll = body.as_mut().poll_frame(cx);
            let done = match &poll {
                Poll::Pending => false,
                // hyper asks for no frame after the last.
                Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
                Poll::Ready(_) => true,
            };
            ((poll, done), done)
        });
        let Some(((poll, done), watch)) = within else {
            return Poll::Ready(None);
        };
        if let Some(record) = watch.record() {
            if let Poll::Ready(Some(Ok(frame))) = &poll {
                record.sent(frame.data_ref().map_or(0, Buf::remaining));
            }
            match &poll {
                Poll::Ready(Some(Err(_))) => watch.close(End::Failed),
                _ if done => watch.close(End::Ended),
                _ => {}
            }
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
        Self::new(B::reject(bytes), Watch::Idle)
    }
}
