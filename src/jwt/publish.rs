use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::body::RejectBody;
use crate::problem::Problem;

/// RFC 7517 section 8.5.2.
const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// Half of what verifiers wait at most by default before they look again.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Answers `GET` and `HEAD` with the public keys of an issuer: as a route of the router, as a hyper service. Made by
/// [`Issuer::jwks_route`](super::Issuer::jwks_route); `B` is the body of its response.
///
/// Clients may keep the answer for five minutes: publish a new key for longer than that, and than the verifiers' own intervals,
/// before you sign with it.
pub struct JwksRoute<B> {
    document: Bytes,
    body: PhantomData<fn() -> B>,
}

impl<B> JwksRoute<B> {
    pub(super) fn new(document: Bytes) -> Self {
        let body = PhantomData;
        Self { document, body }
    }
}

impl<B> Clone for JwksRoute<B> {
    fn clone(&self) -> Self {
        Self::new(self.document.clone())
    }
}

impl<B> fmt::Debug for JwksRoute<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksRoute").finish_non_exhaustive()
    }
}

impl<ReqB, B: RejectBody> Service<Request<ReqB>> for JwksRoute<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let document = match *request.method() {
            Method::GET => self.document.clone(),
            // RFC 9110 section 9.3.2: the headers of a `GET`, its length included.
            Method::HEAD => Bytes::new(),
            _ => {
                let refused = Problem::new(StatusCode::METHOD_NOT_ALLOWED)
                    .with_header(ALLOW, HeaderValue::from_static("GET, HEAD"))
                    .for_request(request.extensions());
                return ready(Ok(refused.into_response()));
            }
        };
        let mut response = Response::new(B::reject(document));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JWK_SET);
        headers.insert(CONTENT_LENGTH, self.document.len().into());
        headers.insert(CACHE_CONTROL, FIVE_MINUTES);
        ready(Ok(response))
    }
}
