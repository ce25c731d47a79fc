use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::claims::Claims;
use super::future::{Parked, ResponseFuture};
use super::verifier::Verifier;
use crate::body::RejectBody;

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

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let hold = match self.verifier.admit(&mut request) {
            Ok(()) => return ResponseFuture::pass(self.inner.call(request)),
            Err(hold) => hold,
        };
        match self.verifier.wait(hold) {
            Ok(wait) => {
                // The ready service goes with the request, and its clone has to become ready anew.
                let clone = self.inner.clone();
                ResponseFuture::wait(Parked {
                    wait,
                    service: mem::replace(&mut self.inner, clone),
                    request,
                    verifier: Arc::clone(&self.verifier),
                })
            }
            Err(refusal) => ResponseFuture::refuse(self.verifier.refuse(&request, refusal)),
        }
    }
}
