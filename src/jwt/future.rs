use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::verifier::Verifier;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

pin_project! {
    /// The future of [`Jwt`](super::Jwt).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, F, C, ReqB, ResB> {
        #[pin]
        passage: Passage<S, F, Arc<Verifier<C>>, ReqB, ResB>,
    }
}

impl<S, F, C, ReqB, ResB> ResponseFuture<S, F, C, ReqB, ResB> {
    pub(super) fn new(passage: Passage<S, F, Arc<Verifier<C>>, ReqB, ResB>) -> Self {
        Self { passage }
    }
}

impl<S, F, C, ReqB, ResB> Future for ResponseFuture<S, F, C, ReqB, ResB>
where
    S: Service<Request<ReqB>, Response = Response<ResB>, Future = F>,
    F: Future<Output = Result<Response<ResB>, S::Error>>,
    C: Send + Sync + 'static,
    ResB: RejectBody,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().passage.poll(cx)
    }
}
