use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::sessions::Sessions;
use crate::body::RejectBody;
use crate::checkpoint::Passage;

/// The service made by [`SessionLayer`](super::SessionLayer). See the [module page](crate::session).
///
/// The inner service is `Clone`: while a store is asked, the one that was ready waits with the request.
#[derive(Debug, Clone)]
pub struct CheckSession<S> {
    inner: S,
    sessions: Sessions,
}

impl<S> CheckSession<S> {
    pub(super) fn new(inner: S, sessions: Sessions) -> Self {
        Self { inner, sessions }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for CheckSession<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S, S::Future, ReqB, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture::new(Passage::begin(self.sessions.clone(), &mut self.inner, request))
    }
}
