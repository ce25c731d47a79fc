use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::body::RejectBody;
use crate::problem::{Error, Problem};

impl RejectBody for Body {
    fn reject(bytes: Bytes) -> Self {
        Body::from(bytes)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        Problem::into_response(self)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Error::into_response(self)
    }
}
