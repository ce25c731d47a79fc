use std::sync::atomic::Ordering;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};

use super::config::Config;
use super::policy::Decision;
use super::question::Answers;
use crate::identity::is_scope;
use crate::problem::Problem;

/// What the client is told; `None` where the request goes on.
pub(super) fn refusal(config: &Config, decision: Decision, answers: &Answers) -> Option<Problem> {
    match decision {
        Decision::Allow => None,
        Decision::Unauthenticated => {
            let challenge = config.challenge.clone();
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
            if !config.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::authorize",
                    policy = %config.policy,
                    "no Identity on the request: put the jwt layer, or another that inserts one, outside authorize",
                );
            }
            Some(Problem::new(StatusCode::INTERNAL_SERVER_ERROR))
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
