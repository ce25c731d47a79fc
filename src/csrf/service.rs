use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::future::ResponseFuture;
use super::policy::{Policy, Refusal};
use crate::body::RejectBody;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::request_view::RequestView;

/// Made and rendered once: a refusal under attack should cost no more than leave does.
static FOREIGN: LazyLock<Problem> =
    LazyLock::new(|| Problem::new(StatusCode::FORBIDDEN).with_detail("this request came from another site"));

/// The service made by [`CsrfLayer`](super::CsrfLayer). See the [module page](crate::csrf).
#[derive(Debug, Clone)]
pub struct Csrf<S> {
    inner: S,
    policy: Option<Arc<Policy>>,
}

impl<S> Csrf<S> {
    pub(super) fn new(inner: S, policy: Option<Arc<Policy>>) -> Self {
        Self { inner, policy }
    }

    /// The refusal of a request; in report-only mode it is only reported.
    fn refusal<B>(&self, request: &Request<B>) -> Option<Refusal> {
        let policy = self.policy.as_ref()?;
        let refusal = policy.check(RequestView::of(request)).err()?;
        if !policy.report_only {
            return Some(refusal);
        }
        tracing::warn!(
            target: "portcullis::csrf",
            method = %request.method(),
            path = request.uri().path(),
            request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
            reason = ?refusal,
            "would be refused",
        );
        None
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Csrf<S>
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

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let Some(refusal) = self.refusal(&request) else {
            return ResponseFuture::pass(self.inner.call(request));
        };
        let mut response = FOREIGN.clone().for_request(request.extensions()).into_response();
        response.extensions_mut().insert(refusal);
        ResponseFuture::refuse(response)
    }
}
