use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::csp::CspNonce;
use super::policy::Policy;

pin_project! {
    /// The future of [`SecurityHeaders`](super::SecurityHeaders).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        hsts: bool,
        nonce: Option<CspNonce>,
        policy: Arc<Policy>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, hsts: bool, nonce: Option<CspNonce>, policy: Arc<Policy>) -> Self {
        Self {
            inner,
            hsts,
            nonce,
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
        this.policy
            .apply(response.headers_mut(), *this.hsts, this.nonce.as_ref());
        Poll::Ready(Ok(response))
    }
}
