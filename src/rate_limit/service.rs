use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::ResponseFuture;
use super::inquiry::Inquiry;
use super::limiter::Limiter;
use super::verdict::Verdict;
use crate::body::RejectBody;
use crate::request_view::RequestView;

/// The service made by [`RateLimitLayer`](super::RateLimitLayer). See the [module page](crate::rate_limit).
#[derive(Debug, Clone)]
pub struct RateLimit<S> {
    inner: S,
    limiter: Option<Arc<Limiter>>,
}

impl<S> RateLimit<S> {
    pub(super) fn new(inner: S, limiter: Option<Arc<Limiter>>) -> Self {
        Self { inner, limiter }
    }
}

impl<S: Clone> RateLimit<S> {
    /// The service that is ready, for a request that waits; its clone is made ready for the next one.
    fn keep_ready(&mut self) -> S {
        let next = self.inner.clone();
        std::mem::replace(&mut self.inner, next)
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for RateLimit<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB, S, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let Some(limiter) = &self.limiter else {
            return ResponseFuture::pass(self.inner.call(request), None);
        };
        match limiter.judge(RequestView::of(&request)) {
            Verdict::Admit {
                delay,
                allowance,
                receipt,
            } => {
                if let Some(allowance) = allowance {
                    request.extensions_mut().insert(allowance);
                }
                if delay.is_zero() {
                    return ResponseFuture::pass(self.inner.call(request), receipt);
                }
                let limiter = Arc::clone(limiter);
                ResponseFuture::ask(Inquiry::delay(limiter, delay, receipt, self.keep_ready(), request))
            }
            Verdict::Refuse(refusal) => ResponseFuture::refuse(refusal.into_response(limiter)),
            Verdict::Ask(charges, taking) => {
                let limiter = Arc::clone(limiter);
                ResponseFuture::ask(Inquiry::store(limiter, charges, taking, self.keep_ready(), request))
            }
        }
    }
}
