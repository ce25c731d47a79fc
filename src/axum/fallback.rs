use std::future::{Ready, ready};

use axum::extract::Request;
use http::StatusCode;

use crate::problem::Problem;

/// The handler for `Router::fallback`: a `404` in the voice of every other refusal.
///
/// As a service, for `Router::fallback_service`, it is [`NotFound::<Body>::new()`](crate::not_found::NotFound).
pub fn not_found(request: Request) -> Ready<Problem> {
    refuse(StatusCode::NOT_FOUND, request)
}

/// The handler for `Router::method_not_allowed_fallback`: a `405`, to which axum adds the `Allow` of the route.
///
/// It holds for the routes that the router has when it is set, so it is set last. For a resource whose methods you know
/// yourself there is [`MethodNotAllowed`](crate::not_found::MethodNotAllowed).
pub fn method_not_allowed(request: Request) -> Ready<Problem> {
    refuse(StatusCode::METHOD_NOT_ALLOWED, request)
}

fn refuse(status: StatusCode, request: Request) -> Ready<Problem> {
    let (parts, _) = request.into_parts();
    ready(Problem::new(status).for_request(&parts.extensions))
}
