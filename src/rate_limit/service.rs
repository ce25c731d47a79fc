use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::future::ResponseFuture;
use super::limiter::{Limiter, Verdict};
use crate::body::RejectBody;
use crate::problem::Problem;
use crate::request_view::RequestView;

/// The service made by [`RateLimitLayer`](super::RateLimitLayer). See the [module page](crate::rate_limit).
#[derive(Debug, Clone)]
pub struct RateLimit<S> {
    inner: S,
    limiter: Arc<Limiter>,
}

impl<S> RateLimit<S> {
    pub(super) fn new(inner: S, limiter: Arc<Limiter>) -> Self {
        Self { inner, limiter }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for RateLimit<S>
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

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let limiter = &self.limiter;
        match limiter.judge(RequestView::of(&request)) {
            Verdict::Exempt => ResponseFuture::pass(self.inner.call(request), None),
            Verdict::Admit(standing) => {
                if let Some(allowance) = limiter.allowance(standing) {
                    request.extensions_mut().insert(allowance);
                }
                let told = limiter.tells().then(|| (Arc::clone(limiter), standing));
                ResponseFuture::pass(self.inner.call(request), told)
            }
            Verdict::Refuse(standing) => {
                let problem = limiter.refusals.problem(standing).for_request(request.extensions());
                let mut response = problem.into_response();
                limiter.tell(response.headers_mut(), standing);
                ResponseFuture::refuse(response)
            }
            Verdict::NoKey => {
                let problem = Problem::new(StatusCode::BAD_REQUEST)
                    .with_detail("this request lacks what its quota is counted by")
                    .for_request(request.extensions());
                ResponseFuture::refuse(problem.into_response())
            }
            Verdict::Misplaced => {
                let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request.extensions());
                ResponseFuture::refuse(problem.into_response())
            }
        }
    }
}
