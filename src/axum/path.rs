use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::rejection;
use super::transparent::transparent;
use crate::problem::Problem;

/// The parameters of the path. See the [module page](crate::axum).
///
/// One that does not parse is a `404`, as is one that parses and names nothing: `/posts/abc` is no more there than `/posts/0`, and
/// a client need not learn what ids look like. `Option<Path<T>>` is `None` on a route without parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

transparent!(Path);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(rejection::path(&rejection, &parts.extensions)),
        }
    }
}

impl<T, S> OptionalFromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send + 'static,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        match <axum::extract::Path<T> as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(value) => Ok(value.map(|axum::extract::Path(value)| Self(value))),
            Err(rejection) => Err(rejection::path(&rejection, &parts.extensions)),
        }
    }
}
