use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::sessions::Sessions;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

pin_project! {
    /// The future of [`CheckSession`](super::CheckSession). In memory nothing is boxed.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, F, ReqB, ResB> {
        #[pin]
        passage: Passage<S, F, Sessions, ReqB, ResB>,
    }
}

impl<S, F, ReqB, ResB> ResponseFuture<S, F, ReqB, ResB> {
    pub(super) fn new(passage: Passage<S, F, Sessions, ReqB, ResB>) -> Self {
        Self { passage }
    }
}

impl<S, ReqB, ResB> Future for ResponseFuture<S, S::Future, ReqB, ResB>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody,
{
    type Output = Result<Response<ResB>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().passage.poll(cx)
    }
}
