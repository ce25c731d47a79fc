use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::layer::Config;
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, ResponseFuture};

/// The service made by [`ClientIpLayer`](super::ClientIpLayer). See the [module page](crate::client_ip).
#[derive(Debug, Clone)]
pub struct ResolveClientIp<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> ResolveClientIp<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for ResolveClientIp<S>
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
        match self.config.enter(&mut request, &mut (), &Moment::default()) {
            Entry::Pass => ResponseFuture::pass(self.inner.call(request)),
            Entry::Refuse(response) => ResponseFuture::refuse(response),
            Entry::Wait(never) => match never {},
        }
    }
}
