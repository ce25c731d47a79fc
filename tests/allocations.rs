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
use tower::layer::util::Stack;
use tower::{Layer, Service};

use portcullis::catch_error::CatchErrorLayer;
use portcullis::cors::CorsLayer;
use portcullis::request_log::{CountRequestBodyLayer, RequestLogLayer, TextFormat};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber, span};

type Body = Full<Bytes>;

#[derive(Clone)]
struct Bare;

impl<B> Service<Request<B>> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
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

/// Takes what is at most at this level, and does nothing with it.
struct Deaf(Option<Level>);

impl Subscriber for Deaf {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.is_some_and(|most| *metadata.level() <= most)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn request_log_allocates_nothing_where_nobody_listens() {
    let headers = &[("user-agent", "curl/8")];
    let layer = RequestLogLayer::new();
    check("no subscriber", &layer, headers, 0);
    with_default(Deaf(None), || check("all disabled", &layer, headers, 0));
}

#[test]
fn request_log_allocates_the_record_and_the_trail() {
    let headers = &[("user-agent", "curl/8")];
    let layer = RequestLogLayer::new();
    let counting = Stack::new(CountRequestBodyLayer::new(), RequestLogLayer::new());
    with_default(Deaf(Some(Level::TRACE)), || {
        check("spans and records", &layer, headers, 3);
        check("counting the request's body", &counting, headers, 3);
        let filtered = RequestLogLayer::builder().filter(|_| false).build().expect("valid");
        check("filtered", &filtered, headers, 0);
    });
    with_default(Deaf(Some(Level::ERROR)), || check("errors only", &layer, headers, 3));
}

#[test]
fn request_log_allocates_a_line_at_the_end() {
    fn check(layer: &RequestLogLayer, expect: u64) {
        let end = || {
            let future = pin!(layer.layer(Bare).call(request(&[("user-agent", "curl/8")])));
            let Poll::Ready(Ok(response)) = future.poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("the bare service is never pending");
            };
            allocation_counter::measure(|| drop(response)).count_total
        };
        end();
        assert_eq!(end(), expect);
    }
    let text = RequestLogLayer::builder()
        .text(TextFormat::Combined, std::io::sink)
        .build()
        .expect("valid");
    check(&text, 1);
    with_default(Deaf(Some(Level::TRACE)), || check(&RequestLogLayer::new(), 0));
}
