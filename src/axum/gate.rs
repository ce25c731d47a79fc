//! What the gate's layers have put into the request's extensions.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::rejection::broken;
use crate::client_ip::ClientIp;
use crate::identity::Identity;
use crate::jwt::Verified;
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

/// The claims of the caller's token. A caller whom `jwt` let pass without one, since it is optional there, is asked for it with a
/// `401`.
impl<S, C> FromRequestParts<S> for Verified<C>
where
    S: Send + Sync,
    C: Send + Sync + 'static,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(found) = Self::of(&parts.extensions) {
            return Ok(found);
        }
        if parts.extensions.get().is_some_and(Identity::is_anonymous) {
            return Err(Problem::new(StatusCode::UNAUTHORIZED)
                .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
                .for_request(&parts.extensions));
        }
        Err(misplaced(
            parts,
            "no Verified claims of this type on the request: put jwt outside the route, with `claims` of the type that the \
             handler names",
        ))
    }
}

/// `None` where the caller has no token, or was verified by another layer than `jwt`.
impl<S, C> OptionalFromRequestParts<S> for Verified<C>
where
    S: Send + Sync,
    C: Send + Sync + 'static,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        let found = Self::of(&parts.extensions);
        if found.is_none() && parts.extensions.get::<Identity>().is_none() {
            return Err(misplaced(
                parts,
                "no Verified claims and no Identity on the request: put jwt outside the route",
            ));
        }
        Ok(found)
    }
}

/// The client's address as [`ClientIp::of`] has it: resolved through trusted proxies by `client_ip`, or else the peer's.
impl<S: Send + Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).ok_or_else(|| {
            misplaced(
                parts,
                "neither a ClientIp nor the peer's address on the request: serve with portcullis::server or with                  into_make_service_with_connect_info::<SocketAddr>(), and behind proxies put client_ip outside the route",
            )
        })
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
