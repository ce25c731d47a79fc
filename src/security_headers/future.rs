use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::policy::{Policy, Promised};

pin_project! {
    /// The future of [`SecurityHeaders`](super::SecurityHeaders).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        promised: Promised,
        policy: Arc<Policy>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, promised: Promised, policy: Arc<Policy>) -> Self {
        Self {
            inner,
            promised,
            policy,
        }
    }
}

impl<F, E, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        this.policy.leave(this.promised, response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
