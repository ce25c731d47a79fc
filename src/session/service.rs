use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tokio::time::timeout;
use tower_service::Service;

use super::check::Check;
use super::future::{Held, ResponseFuture, refusal};
use super::sessions::Sessions;
use crate::body::RejectBody;
use crate::identity::Identity;
use crate::problem::Problem;

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
        let Some(identity) = request.extensions().get::<Identity>() else {
            self.sessions.report_misplacement();
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request.extensions());
            return ResponseFuture::refuse(problem.into_response());
        };
        match self.sessions.check(identity) {
            Check::Pass => ResponseFuture::pass(self.inner.call(request)),
            Check::Refuse(why) => ResponseFuture::refuse(refusal(why, request.extensions())),
            Check::Ask(question, answer) => {
                // The clone stays behind; the service that is ready is the one that will be called.
                let next = self.inner.clone();
                let held = Held {
                    service: std::mem::replace(&mut self.inner, next),
                    request,
                    question,
                    sessions: self.sessions.clone(),
                };
                ResponseFuture::ask(timeout(self.sessions.check_deadline(), answer), held)
            }
        }
    }
}
