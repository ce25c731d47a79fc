use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ResponseBody;
use super::gate::Gate;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

pin_project! {
    /// The future of [`Throttle`](super::Throttle).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, S, R> {
        #[pin]
        passage: Passage<S, F, Arc<Gate>, R, B>,
    }
}

impl<F, B, S, R> ResponseFuture<F, B, S, R> {
    pub(super) fn new(passage: Passage<S, F, Arc<Gate>, R, B>) -> Self {
        Self { passage }
    }
}

impl<F, E, B, S, R> Future for ResponseFuture<F, B, S, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
    S: Service<Request<R>, Response = Response<B>, Error = E, Future = F>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut passage = self.project().passage;
        let result = ready!(passage.as_mut().poll(cx));
        let permits = passage.kept().take();
        Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, permits))))
    }
}
