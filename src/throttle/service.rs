use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::ResponseBody;
use super::future::ResponseFuture;
use super::gate::{Gate, Verdict};
use crate::body::RejectBody;
use crate::request_view::RequestView;

/// The service made by [`ThrottleLayer`](super::ThrottleLayer). See the [module page](crate::throttle).
#[derive(Debug, Clone)]
pub struct Throttle<S> {
    inner: S,
    gate: Option<Arc<Gate>>,
}

impl<S> Throttle<S> {
    pub(super) fn new(inner: S, gate: Option<Arc<Gate>>) -> Self {
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
        let Some(gate) = &self.gate else {
            return ResponseFuture::pass(self.inner.call(request), None);
        };
        match gate.judge(RequestView::of(&request)) {
            Verdict::Exempt => ResponseFuture::pass(self.inner.call(request), None),
            Verdict::Serve(permits) => ResponseFuture::pass(self.inner.call(request), Some(permits)),
            Verdict::Wait(waiting) => {
                let next = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, next);
                ResponseFuture::wait(waiting, ready, request)
            }
            Verdict::Refuse(problem) => ResponseFuture::refuse(problem.for_request(request.extensions())),
        }
    }
}
