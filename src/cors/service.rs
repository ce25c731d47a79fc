use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::policy::{Policy, Preflight};
use crate::body::RejectBody;
use crate::request_id::RequestId;

/// The service made by [`CorsLayer`](super::CorsLayer). See the [module page](crate::cors).
#[derive(Debug, Clone)]
pub struct Cors<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Cors<S> {
    pub(super) fn new(inner: S, policy: Arc<Policy>) -> Self {
        Self { inner, policy }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Cors<S>
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

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let verdict = self.policy.judge(request.headers());
        let policy = Arc::clone(&self.policy);
        match Preflight::of(request.method(), request.headers()) {
            Some(preflight) => {
                let id = request.extensions().get::<RequestId>().cloned();
                ResponseFuture::preflight(preflight, id, verdict, policy)
            }
            None => ResponseFuture::pass(self.inner.call(request), verdict, policy),
        }
    }
}
