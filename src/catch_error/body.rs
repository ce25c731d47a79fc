use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::context::Context;
use super::error::BodyError;
use super::fault::guarded;
use crate::body::RejectBody;

pin_project! {
    /// The inner body, whose panic is its error. Length and end are the inner body's own.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        // Dropped at the first failure: what panicked is not asked again.
        #[pin]
        inner: Option<B>,
        context: Option<Context>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(message) = guarded(|| this.inner.set(None)) && let Some(context) = this.context {
                context.panicked("dropping the body", &message);
            }
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, context: Option<Context>) -> Self {
        Self {
            inner: Some(inner),
            context,
        }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Data = B::Data;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let error = match guarded(|| inner.poll_frame(cx)) {
            Ok(Poll::Ready(Some(Err(error)))) => BodyError::of(error.into(), |error| {
                if let Some(context) = this.context {
                    context.failed("the body", error);
                }
            }),
            Ok(poll) => return poll.map_err(|_| BodyError::Panicked),
            Err(message) => {
                if let Some(context) = this.context {
                    context.panicked("the body", &message);
                }
                BodyError::Panicked
            }
        };
        if let Err(message) = guarded(|| this.inner.set(None))
            && let Some(context) = this.context
        {
            context.panicked("dropping the body", &message);
        }
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: RejectBody> RejectBody for ResponseBody<B> {
    fn reject(bytes: Bytes) -> Self {
        Self::new(B::reject(bytes), None)
    }
}
