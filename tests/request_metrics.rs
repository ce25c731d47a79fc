//! What the metrics layer tells a real recorder.
#![cfg(feature = "metrics")]

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use portcullis::request_metrics::RequestMetricsLayer;
use portcullis::trail::{Failure, Trail};
use tower::{Layer, ServiceExt, service_fn};

fn layer() -> (RequestMetricsLayer, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    (
        RequestMetricsLayer::builder().recorder(Arc::new(recorder)).build(),
        handle,
    )
}

/// The labels of the only series of requests, and how often it was counted.
fn counted(handle: &PrometheusHandle) -> (String, String) {
    let told = handle.render();
    let mut lines = told
        .lines()
        .filter_map(|line| line.strip_prefix("http_server_request_duration_count{"));
    let only = lines.next().expect("a series");
    assert_eq!(lines.next(), None, "{told}");
    let (labels, count) = only.rsplit_once("} ").unwrap();
    (labels.to_owned(), count.to_owned())
}

fn value(handle: &PrometheusHandle, line: &str) -> Option<String> {
    let told = handle.render();
    told.lines().find_map(|own| own.strip_prefix(line).map(str::to_owned))
}

#[tokio::test]
async fn a_request_is_counted_with_labels_of_few_values() {
    async fn check(method: &str, uri: &str, status: u16, expect: &str) {
        let (layer, handle) = layer();
        let service = layer.layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(
                Response::builder()
                    .status(status)
                    .body(Full::<Bytes>::from("hello"))
                    .unwrap(),
            )
        }));
        for _ in 0..3 {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            let response = service.clone().oneshot(request).await.unwrap();
            response.into_body().collect().await.unwrap();
        }
        assert_eq!(
            counted(&handle),
            (expect.to_owned(), "3".to_owned()),
            "{method} {uri} {status}"
        );
    }
    let plain = |method: &str, status: u16| {
        format!(
            r#"http_request_method="{method}",url_scheme="http",network_protocol_version="1.1",http_response_status_code="{status}""#
        )
    };
    check("GET", "/posts/1", 200, &plain("GET", 200)).await;
    check("POST", "/posts", 429, &plain("POST", 429)).await;
    check("BREW", "/pot", 404, &plain("_OTHER", 404)).await;
    check("GET", "/", 503, &format!(r#"{},error_type="503""#, plain("GET", 503))).await;
    let secure = plain("GET", 200).replace("\"http\"", "\"https\"");
    check("GET", "https://example.org/", 200, &secure).await;
}

#[tokio::test]
async fn bytes_are_those_that_were_handed_over() {
    let (layer, handle) = layer();
    let service = layer.layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello, world")))
    }));
    let request = Request::post("/").header("content-length", "7").body(()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert!(!handle.render().contains("duration_count"), "counted before its end");
    response.into_body().collect().await.unwrap();
    let told = handle.render();
    let sum = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(&format!("{name}_sum{{")));
        line.and_then(|line| line.rsplit_once(' '))
            .map(|(_, sum)| sum.to_owned())
    };
    assert_eq!(sum("http_server_request_body_size").as_deref(), Some("7"));
    assert_eq!(sum("http_server_response_body_size").as_deref(), Some("12"));
}

#[tokio::test]
async fn the_gauge_falls_when_the_body_ends_and_when_the_client_goes() {
    const ACTIVE: &str = "http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} ";
    let (layer, handle) = layer();
    let service = layer.layer(service_fn(async |request: Request<()>| {
        if request.uri().path() == "/never" {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    }));
    let never = service.clone().oneshot(Request::get("/never").body(()).unwrap());
    {
        let mut never = pin!(never);
        assert!(is_pending(never.as_mut()).await);
        let response = service.oneshot(Request::get("/").body(()).unwrap()).await.unwrap();
        assert_eq!(value(&handle, ACTIVE).as_deref(), Some("2"));
        response.into_body().collect().await.unwrap();
        assert_eq!(value(&handle, ACTIVE).as_deref(), Some("1"));
    }
    assert_eq!(value(&handle, ACTIVE).as_deref(), Some("0"));
    assert!(handle.render().contains(r#"error_type="aborted""#));
}

/// Whether one poll leaves it without an answer.
async fn is_pending<F: Future + Unpin>(mut future: F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx).is_pending())).await
}

#[tokio::test]
async fn what_went_wrong_is_told_apart() {
    async fn check(failure: Option<Failure>, body_fails: bool, expect: &str) {
        let (layer, handle) = layer();
        let service = layer.layer(service_fn(async |request: Request<()>| {
            if let (Some(failure), Some(trail)) = (failure.clone(), request.extensions().get::<Trail>()) {
                trail.note_failure(failure);
            }
            Ok::<_, Infallible>(Response::new(Torn {
                sent: false,
                fails: body_fails,
            }))
        }));
        let mut request = Request::new(());
        request.extensions_mut().insert(Trail::default());
        let response = service.oneshot(request).await.unwrap();
        let _ = response.into_body().collect().await;
        assert!(
            counted(&handle).0.contains(expect),
            "{:?} in {}",
            expect,
            handle.render()
        );
    }
    check(Some(Failure::Panicked), false, r#"error_type="panicked""#).await;
    check(Some(Failure::TimedOut), false, r#"error_type="timed_out""#).await;
    check(None, true, r#"error_type="failed""#).await;
}

/// Two bytes, and then the end or an error.
struct Torn {
    sent: bool,
    fails: bool,
}

impl Body for Torn {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if !std::mem::replace(&mut self.sent, true) {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"he")))));
        }
        Poll::Ready(self.fails.then(|| Err(std::io::Error::other("torn"))))
    }
}

#[tokio::test]
async fn a_route_is_its_template_and_an_empty_body_is_counted_at_once() {
    let (layer, handle) = layer();
    let service = layer.layer(service_fn(async |request: Request<()>| {
        if let Some(trail) = request.extensions().get::<Trail>() {
            trail.note_route("/posts/{id}".into());
        }
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok::<_, Infallible>(response)
    }));
    let mut request = Request::builder()
        .method(Method::DELETE)
        .uri("/posts/7")
        .body(())
        .unwrap();
    request.extensions_mut().insert(Trail::default());
    let response = service.oneshot(request).await.unwrap();
    assert!(counted(&handle).0.contains(r#"http_route="/posts/{id}""#));
    drop(response);
    assert_eq!(counted(&handle).1, "1");
}

#[tokio::test]
async fn https_is_known_also_where_the_uri_does_not_say_so() {
    let (layer, handle) = layer();
    let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let mut request = Request::new(());
    // As `server` marks what came over TLS.
    request.extensions_mut().insert(portcullis::security_headers::Https);
    layer.layer(hello).oneshot(request).await.unwrap();
    let (labels, _) = counted(&handle);
    assert!(labels.contains(r#"url_scheme="https""#), "{labels}");
}
