use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::config::Config;
use super::future::ResponseFuture;
use super::inquiry::Inquiry;
use super::policy::Decision;
use super::question::Answers;
use super::refusal::refusal;
use crate::body::RejectBody;

/// The service made by [`AuthorizeLayer`](super::AuthorizeLayer). See the [module page](crate::authorize).
#[derive(Debug, Clone)]
pub struct Authorize<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> Authorize<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Authorize<S>
where
    // While an async rule is asked, the service that is ready is kept, and its clone is made ready for the next request.
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB, S, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let answers = Answers::default();
        let decision = self.config.decide(&request, &answers);
        if let Decision::Ask(question) = decision {
            let next = self.inner.clone();
            let ready = std::mem::replace(&mut self.inner, next);
            return ResponseFuture::ask(Inquiry::new(Arc::clone(&self.config), question, ready, request));
        }
        match refusal(&self.config, decision, &answers) {
            None => ResponseFuture::pass(self.inner.call(request)),
            Some(problem) => ResponseFuture::refuse(problem.for_request(request.extensions()).into_response()),
        }
    }
}
