use std::sync::LazyLock;

use bytes::Bytes;
use http::header::VARY;
use http::{HeaderValue, Response, StatusCode};

use super::policy::{Policy, Preflight};
use crate::body::RejectBody;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// Made and rendered once: a refusal under attack should cost no more than leave does.
static NOT_THIS_ORIGIN: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::FORBIDDEN)
        .with_detail("this origin may not read from here")
        .with_header(VARY, Policy::refused_preflight_vary())
});

/// The answer to a preflight, whose origin is allowed where there is a value to say so with.
pub(crate) fn answer<B: RejectBody>(
    policy: &Policy,
    asked: Preflight,
    allowed: Option<HeaderValue>,
    id: Option<&RequestId>,
) -> Response<B> {
    let Some(origin) = allowed else {
        let problem = NOT_THIS_ORIGIN.clone();
        let problem = match id {
            Some(id) => problem.with_request_id(id.clone()),
            None => problem,
        };
        return problem.into_response();
    };
    let mut response = Response::new(B::reject(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = policy.preflight_headers(asked, origin);
    response
}
