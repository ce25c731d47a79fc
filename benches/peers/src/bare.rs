//! What all layers go around.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use tower::Service;

use crate::harness::Request;

#[derive(Clone, Copy)]
pub(crate) struct Bare {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: &'static str,
}

impl Bare {
    pub(crate) const OK: Self = Self {
        status: StatusCode::OK,
        content_type: Some("text/plain"),
        body: "hello",
    };

    /// As a router answers where there is no route.
    pub(crate) const NOTHING: Self = Self {
        status: StatusCode::NOT_FOUND,
        content_type: None,
        body: "",
    };

    /// As a fallback of the application answers instead.
    pub(crate) const FALLBACK: Self = Self {
        status: StatusCode::NOT_FOUND,
        content_type: Some("application/problem+json"),
        body: r#"{"title":"Not Found","status":404}"#,
    };
}

impl Service<Request> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        let mut response = Response::new(Body::from(Bytes::from_static(self.body.as_bytes())));
        *response.status_mut() = self.status;
        if let Some(kind) = self.content_type {
            let kind = HeaderValue::from_static(kind);
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        ready(Ok(response))
    }
}

/// Loses every request.
#[derive(Clone, Copy)]
pub(crate) struct Panics;

impl Service<Request> for Panics {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        // Without the hook, which would print each.
        std::panic::resume_unwind(Box::new("lost"))
    }
}
