use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rejection::{self, with_id};
use super::transparent::transparent;
use crate::problem::{Error, Problem};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON body, of a request or of a response. See the [module page](crate::axum).
///
/// As an extractor it takes the body, and so stands last. `Option<Json<T>>` is `None` where the request has no `Content-Type`.
/// As a response, a value that does not serialise is a `500`, and the log gets the cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Json<T>(pub T);

transparent!(Json);

impl<T: DeserializeOwned> Json<T> {
    /// Takes a body that was looked at before, such as by [`Fields::check_json`](crate::fields::Fields::check_json), and refuses it
    /// as the extractor does, but for its content type, which nobody asks for here, and the request's id, which `catch_error` adds.
    pub fn from_bytes(body: &[u8]) -> Result<Self, Problem> {
        match axum::Json::from_bytes(body) {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(rejection::json(&rejection)),
        }
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let id = request.extensions().get().cloned();
        match <axum::Json<T> as FromRequest<S>>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(with_id(rejection::json(&rejection), id)),
        }
    }
}

impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let id = request.extensions().get().cloned();
        match <axum::Json<T> as OptionalFromRequest<S>>::from_request(request, state).await {
            Ok(value) => Ok(value.map(|axum::Json(value)| Self(value))),
            Err(rejection) => Err(with_id(rejection::json(&rejection), id)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, JSON)], body).into_response(),
            Err(error) => Error::from(error).into_response(),
        }
    }
}
