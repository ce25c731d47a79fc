//! Extractors whose rejections speak in the gate's voice, and the signed-in caller.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;
use portcullis::{Error, Identity, Problem};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error;

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::new(rejection.status()).with_detail(rejection.body_text())),
        }
    }
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(error::bad_request(rejection.body_text())),
        }
    }
}

/// Path parameters. One that is not of its type names nothing, and is not found.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status() == StatusCode::BAD_REQUEST => Err(error::not_found("Resource")),
            Err(rejection) => Err(Problem::new(rejection.status())),
        }
    }
}

/// Who asks: anonymous, or a user by public id.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Identity);

impl Caller {
    /// The public id of the signed-in user.
    pub(crate) fn user(&self) -> Option<Uuid> {
        self.0.subject()?.parse().ok()
    }

    /// Whether the caller may do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.0.has_role("admin")
    }

    /// Whether the caller is this user, or an admin.
    pub(crate) fn may_act_for(&self, owner: Uuid) -> bool {
        self.is_admin() || self.user() == Some(owner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts
            .extensions
            .get::<Identity>()
            .cloned()
            .map(Self)
            .ok_or_else(|| "no identity: the token layer must stand outside this route".into())
    }
}

/// A signed-in caller; anyone else is told `401` before the handler runs.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) id: Uuid,
    pub(crate) caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = caller.user().ok_or_else(|| error::unauthorized("sign in first"))?;
        Ok(Self { id, caller })
    }
}
