use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, Response, StatusCode};
use tower_service::Service;

use super::config::Config;
use super::future::ResponseFuture;
use super::inquiry::Inquiry;
use super::policy::Decision;
use super::question::Answers;
use crate::body::RejectBody;
use crate::identity::is_scope;
use crate::problem::Problem;

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

impl Config {
    /// What the client is told; `None` where the request goes on.
    pub(super) fn refusal(&self, decision: Decision, answers: &Answers) -> Option<Problem> {
        match decision {
            Decision::Allow => None,
            Decision::Unauthenticated => {
                let challenge = self.challenge.clone();
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
            Decision::NoIdentity => {
                // No `Once`: it holds all requests up while the log is written, and panics for good after a subscriber that did.
                if !self.reported.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        target: "portcullis::authorize",
                        policy = %self.policy,
                        "no Identity on the request: put the jwt layer, or another that inserts one, outside authorize",
                    );
                }
                Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR))
            }
            Decision::NoClaims(rule) => {
                if !self.reported.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        target: "portcullis::authorize",
                        policy = %self.policy,
                        rule = &*rule,
                        "no claims of the rule's type on the request: verify the caller with a layer that leaves them, or let another \
                         rule decide for those without",
                    );
                }
                Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR))
            }
            Decision::Unanswered(place) => {
                let told = answers.failure(place).cloned();
                Some(told.unwrap_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE)))
            }
            // Whoever can ask has done so; whoever cannot must not let it pass.
            Decision::Ask(_) => Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE)),
        }
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
        match self.config.refusal(decision, &answers) {
            None => ResponseFuture::pass(self.inner.call(request)),
            Some(problem) => ResponseFuture::refuse(problem.for_request(request.extensions()).into_response()),
        }
    }
}
