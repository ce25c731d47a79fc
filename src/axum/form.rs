use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::rejection::{self, with_id};
use super::transparent::transparent;
use crate::problem::Problem;

/// The fields of a form: of the query for `GET` and `HEAD`, of the body for every other method. See the
/// [module page](crate::axum).
///
/// It takes the body, and so stands last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

transparent!(Form);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let id = request.extensions().get().cloned();
        match axum::Form::from_request(request, state).await {
            Ok(axum::Form(value)) => Ok(Self(value)),
            Err(rejection) => Err(with_id(rejection::form(&rejection), id)),
        }
    }
}
