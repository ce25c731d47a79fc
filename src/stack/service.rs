use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::future::ResponseFuture;
use super::layers::Layers;
use crate::body::RejectBody;
use crate::catch_error::{Fault, readiness};
use crate::jwt::Claims;

/// A service behind the stack. See the [module page](super).
pub struct Gate<S, C = Claims> {
    inner: S,
    layers: Arc<Layers<C>>,
    unready: Option<Box<Fault>>,
}

impl<S, C> Gate<S, C> {
    pub(super) fn new(inner: S, layers: Arc<Layers<C>>) -> Self {
        Self {
            inner,
            layers,
            unready: None,
        }
    }
}

impl<S: Clone, C> Clone for Gate<S, C> {
    fn clone(&self) -> Self {
        // Readiness, and the lack of it, belongs to one instance.
        Self::new(self.inner.clone(), Arc::clone(&self.layers))
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Gate<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, C, ReqB, ResB> Service<Request<ReqB>> for Gate<S, C>
where
    // While a request waits, the service that is ready is kept, and its clone is made ready for the next request.
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    C: Send + Sync + 'static,
    ResB: RejectBody + Body,
    ResB::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<ResponseBody<ResB>>;
    type Error = Infallible;
    type Future = ResponseFuture<S, S::Future, C, ReqB, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        readiness(&mut self.unready, || self.inner.poll_ready(cx))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture::begin(Arc::clone(&self.layers), &mut self.inner, &mut self.unready, request)
    }
}
