use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::Request;

use super::policy::{Decision, Policy};
use super::question::Answers;
use super::refusal::Refusals;
use crate::identity::Identity;
use crate::request_view::RequestView;

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(super) policy: Policy,
    pub(super) refusals: Refusals,
    pub(super) deadline: Duration,
    /// A missing layer is reported once, not once a request.
    pub(super) reported: Arc<AtomicBool>,
}

impl Config {
    pub(super) fn decide<B>(&self, request: &Request<B>, answers: &Answers) -> Decision {
        match request.extensions().get::<Identity>() {
            Some(identity) => self.policy.decide(identity, RequestView::of(request), answers),
            None if self.policy.needs_identity() => Decision::NoIdentity,
            None => Decision::Allow,
        }
    }
}
