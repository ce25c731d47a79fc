use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, Response, StatusCode};
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::Config;
use super::policy::Decision;
use crate::body::RejectBody;
use crate::identity::{Identity, is_scope};
use crate::problem::Problem;
use crate::request_view::RequestView;

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

    fn refusal<B>(&self, request: &Request<B>) -> Option<Problem> {
        let Some(identity) = request.extensions().get::<Identity>() else {
            if !self.config.policy.needs_identity() {
                return None;
            }
            // No `Once`: it holds all requests up while the log is written, and panics for good after a subscriber that did.
            if !self.config.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::authorize",
                    policy = %self.config.policy,
                    "no Identity on the request: put the jwt layer, or another that inserts one, outside authorize",
                );
            }
            return Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR));
        };
        match self.config.policy.decide(identity, RequestView::of(request)) {
            Decision::Allow => None,
            Decision::Unauthenticated => {
                let challenge = self.config.challenge.clone();
                Some(Problem::new(StatusCode::UNAUTHORIZED).with_header(WWW_AUTHENTICATE, challenge))
            }
            Decision::Forbidden => Some(Problem::new(StatusCode::FORBIDDEN)),
            Decision::InsufficientScope(scope) => {
                let forbidden = Problem::new(StatusCode::FORBIDDEN);
                // What is no scope is not named.
                let named = HeaderValue::try_from(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""));
                Some(match named {
                    Ok(named) if is_scope(&scope) => forbidden.with_header(WWW_AUTHENTICATE, named),
                    _ => forbidden,
                })
            }
        }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Authorize<S>
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
        match self.refusal(&request) {
            None => ResponseFuture::pass(self.inner.call(request)),
            Some(problem) => ResponseFuture::refuse(problem.for_request(request.extensions()).into_response()),
        }
    }
}
