//! What the gate's layers have put into the request's extensions.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::rejection::broken;
use crate::client_ip::ClientIp;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::security_headers::CspNonce;

/// Who is calling; also the anonymous, so that there is no `Option<Identity>`.
impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get().cloned();
        found.ok_or_else(|| {
            misplaced(
                parts,
                "no Identity on the request: put jwt, or a layer of yours that inserts one, outside the route",
            )
        })
    }
}

/// The client's address, resolved through trusted proxies.
impl<S: Send + Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get().copied();
        found.ok_or_else(|| misplaced(parts, "no ClientIp on the request: put client_ip outside the route"))
    }
}

/// The request's id, as the response and the log have it.
impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get().cloned();
        found.ok_or_else(|| misplaced(parts, "no RequestId on the request: put request_id outside the route"))
    }
}

/// The nonce of this response, for `<script nonce="…">`.
impl<S: Send + Sync> FromRequestParts<S> for CspNonce {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get().cloned();
        found.ok_or_else(|| {
            misplaced(
                parts,
                "no CspNonce on the request: put security_headers outside the route, with `Csp::nonce` in its policy",
            )
        })
    }
}

fn misplaced(parts: &Parts, advice: &str) -> Problem {
    broken(
        &parts.extensions,
        "a layer is missing or stands inside the route",
        &advice,
    )
}
