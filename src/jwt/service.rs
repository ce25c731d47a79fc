use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::claims::Claims;
use super::future::ResponseFuture;
use super::verifier::Verifier;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

/// The service made by [`JwtLayer`](super::JwtLayer). See the [module page](crate::jwt).
pub struct Jwt<S, C = Claims> {
    inner: S,
    verifier: Arc<Verifier<C>>,
}

impl<S, C> Jwt<S, C> {
    pub(super) fn new(inner: S, verifier: Arc<Verifier<C>>) -> Self {
        Self { inner, verifier }
    }
}

impl<S: Clone, C> Clone for Jwt<S, C> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.verifier))
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Jwt<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("inner", &self.inner)
            .field("verifier", &self.verifier)
            .finish()
    }
}

impl<S, C, ReqB, ResB> Service<Request<ReqB>> for Jwt<S, C>
where
    // While a key is fetched, the service that is ready is kept, and its clone is made ready for the next request.
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    C: Send + Sync + 'static,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, C, ReqB, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture::new(Passage::begin(Arc::clone(&self.verifier), &mut self.inner, request))
    }
}
