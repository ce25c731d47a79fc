//! Every layer over every body: it neither changes the body's type nor the error's, save where its page says so.
//!
//! A new layer adds its line to `every_layer_over`.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Either, Full};
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::catch_error::{self, CatchErrorLayer};
use portcullis::client_ip::{ClientIpLayer, PeerAddr};
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Algorithm, JwtLayer, Key};
use portcullis::not_found::NotFoundLayer;
use portcullis::rate_limit::{Quota, RateLimitLayer};
use portcullis::request_id::RequestIdLayer;
use portcullis::request_log::{self, RequestLogLayer};
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::shutdown::{self, Shutdown};
use portcullis::throttle::{self, ThrottleLayer};
use portcullis::timeout::TimeoutLayer;
use portcullis::{Identity, RejectBody};
use tower::{Layer, Service, ServiceExt};

/// The error type of the wrapped service, which no layer may replace.
#[derive(Debug)]
struct Untouched;

impl std::fmt::Display for Untouched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("untouched")
    }
}

impl std::error::Error for Untouched {}

/// Answers with a body of type `B`.
struct Inner<B>(PhantomData<fn() -> B>);

// A derive would ask it of `B` too.
impl<B> Clone for Inner<B> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<B: RejectBody> Service<Request<Full<Bytes>>> for Inner<B> {
    type Response = Response<B>;
    type Error = Untouched;
    type Future = Ready<Result<Response<B>, Untouched>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Untouched>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(B::reject(Bytes::from_static(b"hello")))))
    }
}

/// What every layer lets through.
fn good() -> Request<Full<Bytes>> {
    let mut request = Request::default();
    let peer = PeerAddr(([127, 0, 0, 1], 4711).into());
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(Identity::user("42"));
    request
}

/// What every layer refuses that refuses anything: a preflight of a stranger that is a WebSocket's upgrade too, from nowhere,
/// and by nobody.
fn bad() -> Request<Full<Bytes>> {
    Request::options("/")
        .header("authorization", "Bearer forged")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .header("access-control-request-method", "PUT")
        .header("upgrade", "websocket")
        .body(Full::default())
        .expect("valid")
}

/// A layer that changes no type.
async fn check<L, B>(layer: L, refusal: u16)
where
    L: Layer<Inner<B>>,
    L::Service: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Untouched>,
    B: Body<Data = Bytes, Error: Debug> + RejectBody,
{
    check_wrapped::<L, B, B, Untouched>(layer, refusal).await;
}

/// A layer that wraps the body in `R`, and whose error is `E`.
async fn check_wrapped<L, B, R, E>(layer: L, refusal: u16)
where
    L: Layer<Inner<B>>,
    L::Service: Service<Request<Full<Bytes>>, Response = Response<R>, Error = E>,
    R: Body<Data = Bytes, Error: Debug>,
    E: Debug,
    B: RejectBody,
{
    let response = layer.layer(Inner(PhantomData)).oneshot(good()).await.expect("answered");
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.expect("whole").to_bytes(), "hello");

    let response = layer.layer(Inner(PhantomData)).oneshot(bad()).await.expect("answered");
    assert_eq!(response.status(), refusal);
    let body = response.into_body().collect().await.expect("whole").to_bytes();
    assert_eq!(body.starts_with(b"{\"type\":"), refusal != 200, "{body:?}");
}

async fn every_layer_over<B>()
where
    B: RejectBody + Body<Data = Bytes, Error: Debug + Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let cors = CorsLayer::builder()
        .origin("https://app.example")
        .build()
        .expect("valid");
    let jwt = JwtLayer::builder()
        .key(Key::hmac(Algorithm::HS256, [7; 32]))
        .issuer("https://id.example")
        .audience("shop")
        .optional();
    let shutdown = Shutdown::builder().build().expect("valid");

    check::<_, B>(RequestIdLayer::new(), 200).await;
    check_wrapped::<_, B, catch_error::ResponseBody<B>, Infallible>(CatchErrorLayer::new(), 200).await;
    check_wrapped::<_, B, shutdown::ResponseBody<B>, Untouched>(shutdown.layer(), 200).await;
    check::<_, B>(SecurityHeadersLayer::default(), 200).await;
    check::<_, B>(cors, 403).await;
    check::<_, B>(ClientIpLayer::peer(), 500).await;
    check::<_, B>(CsrfLayer::default(), 403).await;
    check::<_, B>(AuthorizeLayer::new(Policy::authenticated()), 500).await;
    check::<_, B>(NotFoundLayer::new(), 200).await;
    check::<_, B>(TimeoutLayer::new(Duration::from_secs(1)), 200).await;
    check::<_, B>(
        RateLimitLayer::per_address(Quota::new(1, Duration::from_secs(1))).expect("valid"),
        500,
    )
    .await;
    let throttle = ThrottleLayer::new(1).expect("valid");
    check_wrapped::<_, B, throttle::ResponseBody<B>, Untouched>(throttle, 200).await;
    check::<_, B>(jwt.build().expect("valid"), 401).await;
    check_wrapped::<_, B, request_log::ResponseBody<B>, Untouched>(RequestLogLayer::new(), 200).await;
}

#[tokio::test]
async fn over_full() {
    every_layer_over::<Full<Bytes>>().await;
}

#[tokio::test]
async fn over_boxed_bodies() {
    every_layer_over::<BoxBody<Bytes, Infallible>>().await;
    every_layer_over::<BoxBody<Bytes, io::Error>>().await;
    every_layer_over::<UnsyncBoxBody<Bytes, Infallible>>().await;
    every_layer_over::<UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>>().await;
}

#[tokio::test]
async fn over_either_of_two() {
    every_layer_over::<Either<Full<Bytes>, BoxBody<Bytes, io::Error>>>().await;
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn over_axum() {
    every_layer_over::<axum::body::Body>().await;
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn over_tonic() {
    every_layer_over::<tonic::body::Body>().await;
}
