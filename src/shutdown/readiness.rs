use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

use super::handle::Handle;
use crate::body::RejectBody;
use crate::problem::Problem;

/// The service for a route such as `/readyz`: `200` until the shutdown begins, then a `503` [`Problem`].
///
/// A load balancer that sees the `503` sends new requests elsewhere; liveness (`/healthz`) must not turn with it, or an
/// orchestrator kills what is draining.
#[derive(Debug)]
pub struct Readiness<B = Full<Bytes>> {
    handle: Handle,
    body: PhantomData<fn() -> B>,
}

impl Handle {
    /// The service that tells load balancers whether to send requests.
    pub fn readiness<B>(&self) -> Readiness<B> {
        Readiness {
            handle: self.clone(),
            body: PhantomData,
        }
    }
}

impl<B> Clone for Readiness<B> {
    fn clone(&self) -> Self {
        self.handle.readiness()
    }
}

impl<ReqB, B: RejectBody> Service<Request<ReqB>> for Readiness<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let mut response = if self.handle.is_ready() {
            let mut response = Response::new(B::reject(Bytes::from_static(b"ready")));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response
        } else {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE)
                .with_detail("shutting down")
                .for_request(request.extensions())
                .into_response()
        };
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        ready(Ok(response))
    }
}
