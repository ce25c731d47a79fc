use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::ResponseBody;
use super::future::ResponseFuture;
use super::gate::Gate;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

/// The service made by [`ThrottleLayer`](super::ThrottleLayer). See the [module page](crate::throttle).
#[derive(Debug, Clone)]
pub struct Throttle<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> Throttle<S> {
    pub(super) fn new(inner: S, gate: Arc<Gate>) -> Self {
        Self { inner, gate }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Throttle<S>
where
    // While a request waits, the service that is ready is kept, and its clone is made ready for the next request.
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ResB: RejectBody,
{
    type Response = Response<ResponseBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB, S, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture::new(Passage::begin(Arc::clone(&self.gate), &mut self.inner, request))
    }
}
