//! What the blog refuses, in the one voice of the gate.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use portcullis::Problem;

/// `404`: there is no such thing, or the caller may not know of it.
pub(crate) fn not_found(what: &'static str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND).with_detail(format!("{what} not found"))
}

/// `403`: the caller is known and may not.
pub(crate) fn forbidden(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN).with_detail(detail)
}

/// `401`: the caller must sign in first.
pub(crate) fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED)
        .with_detail(detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// `409`: the request contradicts what is stored.
pub(crate) fn conflict(detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT).with_detail(detail)
}

/// `412`: the caller's copy is not the newest.
pub(crate) fn stale() -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED).with_detail("this has changed since that version")
}

/// `400`: a path, query or header that makes no sense.
pub(crate) fn bad_request(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST).with_detail(detail)
}
