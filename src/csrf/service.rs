use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::policy::Policy;
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, ResponseFuture};

/// The service made by [`CsrfLayer`](super::CsrfLayer). See the [module page](crate::csrf).
#[derive(Debug, Clone)]
pub struct Csrf<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Csrf<S> {
    pub(super) fn new(inner: S, policy: Arc<Policy>) -> Self {
        Self { inner, policy }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Csrf<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        match self.policy.enter(&mut request, &mut (), &Moment::default()) {
            Entry::Pass => ResponseFuture::pass(self.inner.call(request)),
            Entry::Refuse(response) => ResponseFuture::refuse(response),
            Entry::Wait(never) => match never {},
        }
    }
}
