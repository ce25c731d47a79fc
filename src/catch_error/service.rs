use std::convert::Infallible;
use std::error::Error as StdError;
use std::task::{Context as TaskContext, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::body::ResponseBody;
use super::context::Context;
use super::fault::{Fault, guarded, readiness};
use super::future::ResponseFuture;
use crate::body::RejectBody;
use crate::problem::Renderer;

/// Turns the inner service's errors and panics into problems. See the [module page](super).
#[derive(Debug)]
pub struct CatchError<S> {
    inner: S,
    renderer: Option<Renderer>,
    unready: Option<Box<Fault>>,
}

impl<S> CatchError<S> {
    pub(super) fn new(inner: S, renderer: Option<Renderer>) -> Self {
        Self {
            inner,
            renderer,
            unready: None,
        }
    }
}

impl<S: Clone> Clone for CatchError<S> {
    fn clone(&self) -> Self {
        // Readiness, and the lack of it, belongs to one instance.
        Self::new(self.inner.clone(), self.renderer.clone())
    }
}

impl<S, ReqB, B> Service<Request<ReqB>> for CatchError<S>
where
    S: Service<Request<ReqB>, Response = Response<B>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: RejectBody,
{
    type Response = Response<ResponseBody<B>>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        readiness(&mut self.unready, || self.inner.poll_ready(cx))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let mut future = ResponseFuture::new(Context::of(&request), self.renderer.clone());
        let inner = &mut self.inner;
        match self.unready.take() {
            Some(fault) => future.fail(fault),
            None => {
                if let Err(message) = guarded(|| future.begin(inner.call(request))) {
                    future.fail(Box::new(Fault::Panicked(message)));
                }
            }
        }
        future
    }
}
