use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, StatusCode};

use super::config::Config;
use super::policy::{Decision, Policy};
use super::question::{Answers, Question};
use crate::identity::is_scope;
use crate::problem::{Chain, Error, Problem};
use crate::request_id::RequestId;
use crate::trail::{Failure, Trail};

/// What clients are told, made and rendered once for a policy: a refusal under attack should cost no more than leave does.
#[derive(Debug, Clone)]
pub(super) struct Refusals {
    unauthenticated: Problem,
    forbidden: Problem,
    scopes: Vec<(Arc<str>, Problem)>,
    broken: Problem,
    unavailable: Problem,
}

impl Refusals {
    /// With this `WWW-Authenticate` for whom credentials might help.
    pub(super) fn new(policy: &Policy, challenge: HeaderValue) -> Self {
        let forbidden = Problem::new(StatusCode::FORBIDDEN);
        let scopes = policy.scopes().into_iter().filter_map(|scope| {
            // What is no scope is not named.
            let named = is_scope(&scope).then(|| format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))?;
            let named = HeaderValue::try_from(named).ok()?;
            Some((scope, forbidden.clone().with_header(WWW_AUTHENTICATE, named)))
        });
        Self {
            scopes: scopes.collect(),
            unauthenticated: Problem::new(StatusCode::UNAUTHORIZED).with_header(WWW_AUTHENTICATE, challenge),
            forbidden,
            broken: Problem::new(StatusCode::INTERNAL_SERVER_ERROR),
            unavailable: Problem::new(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn without(&self, scope: &str) -> &Problem {
        let found = self.scopes.iter().find(|(own, _)| **own == *scope);
        found.map_or(&self.forbidden, |(_, problem)| problem)
    }
}

/// What the client is told; `None` where the request goes on.
pub(super) fn refusal(config: &Config, decision: Decision, answers: &Answers) -> Option<Problem> {
    let refusals = &config.refusals;
    let problem = match decision {
        Decision::Allow => return None,
        Decision::Unauthenticated => &refusals.unauthenticated,
        Decision::Forbidden => &refusals.forbidden,
        Decision::InsufficientScope(scope) => refusals.without(&scope),
        Decision::NoIdentity => {
            // No `Once`: it holds all requests up while the log is written, and panics for good after a subscriber that did.
            if !config.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::authorize",
                    policy = %config.policy,
                    "no Identity on the request: put the jwt layer, or another that inserts one, outside authorize",
                );
            }
            &refusals.broken
        }
        Decision::NoClaims(rule) => {
            if !config.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::authorize",
                    policy = %config.policy,
                    rule = &*rule,
                    "no claims of the rule's type on the request: verify the caller with a layer that leaves them, or let another \
                     rule decide for those without",
                );
            }
            &refusals.broken
        }
        Decision::Unanswered(place) => answers.failure(place).unwrap_or(&refusals.unavailable),
        // Whoever can ask has done so; whoever cannot must not let it pass.
        Decision::Ask(_) => &refusals.unavailable,
    };
    Some(problem.clone())
}

/// Tells the log, and says what to tell the client. Without an error it was the time that ran out.
pub(super) fn failed<R>(config: &Config, question: &Question, request: &Request<R>, error: Option<&Error>) -> Problem {
    if let Some(problem) = error.and_then(|error| Problem::behind(error.cause())) {
        return problem.clone();
    }
    let extensions = request.extensions();
    if let Some(trail) = extensions.get::<Trail>() {
        trail.note_failure(match error {
            Some(_) => Failure::Error,
            None => Failure::TimedOut,
        });
    }
    tracing::error!(
        target: "portcullis::authorize",
        request_id = extensions.get::<RequestId>().map(RequestId::as_str),
        policy = %config.policy,
        rule = &*question.name,
        cause = error.map(|error| tracing::field::display(Chain(error.cause()))),
        deadline_ms = error.is_none().then_some(config.deadline.as_millis()),
        "an async rule was not answered",
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
}
