use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::limiter::Limiter;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

pin_project! {
    /// The future of [`RateLimit`](super::RateLimit).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, S, R> {
        #[pin]
        passage: Passage<S, F, Arc<Limiter>, R, B>,
    }
}

impl<F, B, S, R> ResponseFuture<F, B, S, R> {
    pub(super) fn new(passage: Passage<S, F, Arc<Limiter>, R, B>) -> Self {
        Self { passage }
    }
}

impl<F, E, B, S, R> Future for ResponseFuture<F, B, S, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
    S: Service<Request<R>, Response = Response<B>, Error = E, Future = F>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().passage.poll(cx)
    }
}
