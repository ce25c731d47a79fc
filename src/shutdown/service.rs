use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::ResponseBody;
use super::counted::Counted;
use super::future::ResponseFuture;
use super::handle::Handle;

/// Counts requests until their response bodies end. See the [module page](super).
#[derive(Debug, Clone)]
pub struct InFlight<S> {
    inner: S,
    handle: Option<Handle>,
}

impl<S> InFlight<S> {
    pub(super) fn new(inner: S, handle: Option<Handle>) -> Self {
        Self { inner, handle }
    }
}

impl<S, ReqB, B> Service<Request<ReqB>> for InFlight<S>
where
    S: Service<Request<ReqB>, Response = Response<B>>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        // Counted before the inner call, whose work may begin at once.
        let counted = Counted::enter(self.handle.as_ref(), &request);
        ResponseFuture::new(self.inner.call(request), counted)
    }
}
