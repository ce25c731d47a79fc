use std::time::Duration;

use http::{Extensions, Response};

use super::allowance::Allowance;
use super::limiter::Limiter;
use super::policy::Standing;
use super::receipt::Receipt;
use super::store::{Charge, Taking};
use crate::body::RejectBody;
use crate::problem::Problem;

/// The outcome for one request.
pub(super) enum Verdict {
    Admit {
        delay: Duration,
        allowance: Option<Allowance>,
        receipt: Option<Receipt>,
    },
    Refuse(Refusal),
    /// The store will say.
    Ask(Box<[Charge]>, Taking),
}

/// What a request is told instead of being served.
pub(super) struct Refusal {
    pub(super) problem: Problem,
    pub(super) told: Option<(usize, Standing)>,
}

impl Verdict {
    /// Admitted, and none of our business.
    pub(super) const EXEMPT: Self = Self::Admit {
        delay: Duration::ZERO,
        allowance: None,
        receipt: None,
    };
}

impl Refusal {
    pub(super) fn new(problem: Problem, request: &Extensions) -> Self {
        Self {
            problem: problem.for_request(request),
            told: None,
        }
    }

    pub(super) fn into_response<B: RejectBody>(self, limiter: &Limiter) -> Response<B> {
        let mut response = self.problem.into_response();
        if let Some((quota, standing)) = self.told {
            limiter.tell(response.headers_mut(), quota, standing);
        }
        response
    }
}
