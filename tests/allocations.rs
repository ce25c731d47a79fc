//! What each layer allocates beyond the bare service, counted exactly.
//!
//! Requests look as a server hands them over: their extension map exists, and the response has a header, so that neither map's
//! first allocation is taken for the layer's; the buffers behind URI and headers are shared.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service};

use portcullis::catch_error::CatchErrorLayer;
use portcullis::cors::CorsLayer;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};

type Body = Full<Bytes>;

#[derive(Clone)]
struct Bare;

impl Service<Request<Body>> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::new(Bytes::from_static(b"hello")));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        ready(Ok(response))
    }
}

#[derive(Clone, Debug)]
struct Elsewhere;

fn request(headers: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::post("/posts/7?draft=1").body(Body::default()).expect("valid");
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    request.extensions_mut().insert(Elsewhere);
    // A server's buffers are shared from the start; those made from literals become so at their first clone.
    drop((request.uri().clone(), request.headers().clone()));
    request
}

/// Allocations of one call, from readiness to the response's head, its body not yet polled.
fn count<S, R>(mut service: S, request: Request<Body>) -> u64
where
    S: Service<Request<Body>, Response = R>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut answer = None;
    let counted = allocation_counter::measure(|| {
        assert!(service.poll_ready(&mut cx).is_ready());
        let future = pin!(service.call(request));
        let Poll::Ready(response) = future.poll(&mut cx) else {
            panic!("the bare service is never pending");
        };
        answer = response.ok();
    });
    assert!(answer.is_some(), "the layer refused with an error");
    counted.count_total
}

/// What `layer` adds to the bare service. A first call warms up what lives once per process or thread.
fn check<L>(name: &str, layer: &L, headers: &[(&'static str, &'static str)], expect: u64)
where
    L: Layer<Bare>,
    L::Service: Service<Request<Body>> + Clone,
{
    let bare = count(Bare, request(headers));
    let service = layer.layer(Bare);
    count(service.clone(), request(headers));
    assert_eq!(count(service, request(headers)) - bare, expect, "{name}");
}

#[test]
fn cors_allocates_nothing() {
    let layer = CorsLayer::builder()
        .origins(["https://a.example", "https://b.example", "https://*.c.example"])
        .credentials(true)
        .build()
        .expect("valid");
    check("no origin", &layer, &[], 0);
    check("exact", &layer, &[("origin", "https://b.example")], 0);
    check("pattern", &layer, &[("origin", "https://x.c.example")], 0);
    check("disallowed", &layer, &[("origin", "https://evil.example")], 0);
}

#[test]
fn catch_error_allocates_nothing() {
    check("catch_error", &CatchErrorLayer::new(), &[], 0);
}

#[test]
fn jwt_allocates_for_the_claims_and_eleven_times_more() {
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let layer = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("https://blog.example")
        .audience("blog")
        .build()
        .expect("valid");
    let issuer = Issuer::builder()
        .key(key)
        .issuer("https://blog.example")
        .audience("blog")
        .build()
        .expect("valid");
    let token = issuer.token("42").sign().expect("valid");
    // The claims: `sub`, `iss`, `jti`, and `aud` with its list.
    let bearer: &'static str = format!("Bearer {token}").leak();
    check("verified", &layer, &[("authorization", bearer)], 5 + 11);
    let layer = JwtLayer::builder()
        .key(SigningKey::hmac(Algorithm::HS256, [7; 32]).verifying_key())
        .without_issuer()
        .without_audience()
        .optional()
        .build()
        .expect("valid");
    check("anonymous", &layer, &[], 1);
}
