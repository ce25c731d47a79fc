use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use super::layer::{CorsLayer, CorsLayerBuilder};

#[test]
fn every_fault_is_listed() {
    fn check(builder: CorsLayerBuilder, expect: &[&str]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error
            .faults()
            .iter()
            .map(super::super::config_error::Fault::setting)
            .collect();
        assert_eq!(found, expect, "{error}");
    }
    check(CorsLayer::builder(), &["origin"]);
    check(
        CorsLayer::builder().origin("a").origin("b").headers(["a b"]),
        &["origin", "origin", "headers", "origin"],
    );
    check(CorsLayer::builder().any_origin().credentials(true), &["credentials"]);
    check(
        CorsLayer::builder()
            .any_origin()
            .any_header()
            .any_method()
            .credentials(true),
        &["credentials", "credentials", "credentials"],
    );
    check(CorsLayer::builder().any_origin().methods([]), &["methods"]);
    let star = "*".parse().unwrap();
    check(CorsLayer::builder().any_origin().methods([star]), &["methods"]);
    check(CorsLayer::builder().any_origin().expose(["*"]), &["expose"]);
    check(
        CorsLayer::builder().any_origin().max_age(Duration::from_secs(86_401)),
        &["max_age"],
    );
}

async fn send(builder: CorsLayerBuilder, request: Request<()>, own_vary: &[&'static str]) -> Response<Full<Bytes>> {
    let service = service_fn(|_: Request<()>| {
        let mut response = Response::new(Full::<Bytes>::from("served"));
        for vary in own_vary {
            response
                .headers_mut()
                .append(VARY, http::HeaderValue::from_static(vary));
        }
        async { Ok::<_, Infallible>(response) }
    });
    let layer = builder.build().expect("a valid configuration");
    layer.layer(service).oneshot(request).await.expect("infallible")
}

fn cors_headers(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn vary_is_merged_and_never_doubled() {
    async fn check(own: &[&'static str], expect: &[&str]) {
        let request = Request::get("/").header(ORIGIN, "https://a.example").body(()).unwrap();
        let response = send(CorsLayer::builder().origin("https://a.example"), request, own).await;
        let lines: Vec<_> = response.headers().get_all(VARY).iter().collect();
        assert_eq!(lines, expect);
    }
    check(&[], &["origin"]).await;
    check(&["accept-encoding"], &["accept-encoding, origin"]).await;
    check(&["accept, Origin"], &["accept, Origin"]).await;
    check(&["accept", "origin"], &["accept", "origin"]).await;
    check(&["*"], &["*"]).await;
}

#[tokio::test]
async fn only_a_preflight_is_a_preflight() {
    async fn check(method: &str, headers: &[(&'static str, &'static str)], expect: (u16, &[&str])) {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let builder = CorsLayer::builder().origin("https://a.example").credentials(true);
        let response = send(builder, request.body(()).unwrap(), &[]).await;
        assert_eq!(
            (response.status().as_u16(), &*cors_headers(response.headers())),
            expect,
            "{method} {headers:?}"
        );
    }
    const A: (&str, &str) = ("origin", "https://a.example");
    const PUT: (&str, &str) = ("access-control-request-method", "PUT");
    let marked: &[&str] = &["access-control-allow-origin", "access-control-allow-credentials"];
    let told: &[&str] = &[
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-max-age",
    ];
    check("GET", &[], (200, &[])).await;
    check("GET", &[A], (200, marked)).await;
    check("GET", &[("origin", "https://b.example")], (200, &[])).await;
    check("GET", &[("origin", "null")], (200, &[])).await;
    check("GET", &[A, A], (200, &[])).await;
    check("OPTIONS", &[], (200, &[])).await;
    check("OPTIONS", &[A], (200, marked)).await;
    check("OPTIONS", &[PUT], (200, &[])).await;
    check("OPTIONS", &[A, PUT], (204, told)).await;
    check("OPTIONS", &[("origin", "https://b.example"), PUT], (403, &[])).await;
    check("POST", &[A, PUT], (200, marked)).await;
}

/// A cache that keeps the answer to a request without `Origin` gives it to a page of another origin, too (Fetch standard,
/// "CORS protocol and HTTP caches").
#[tokio::test]
async fn an_answer_for_every_origin_is_the_same_for_all() {
    async fn check(lines: &[&'static str]) {
        let mut request = Request::get("/").body(()).unwrap();
        for line in lines {
            request
                .headers_mut()
                .append(ORIGIN, http::HeaderValue::from_static(line));
        }
        let builder = CorsLayer::builder().any_origin().expose(["x-total-count"]);
        let response = send(builder, request, &[]).await;
        let told = ["access-control-allow-origin", "access-control-expose-headers"];
        assert_eq!(cors_headers(response.headers()), told, "{lines:?}");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{lines:?}");
        assert!(!response.headers().contains_key(VARY), "{lines:?}");
    }
    check(&[]).await;
    check(&["https://a.example"]).await;
    check(&["null"]).await;
    check(&["https://a.example", "https://b.example"]).await;
}

#[tokio::test]
async fn mirrored_lists_are_bounded() {
    async fn check(length: usize, expect: bool) {
        let request = Request::options("/")
            .header(ORIGIN, "https://a.example")
            .header("access-control-request-method", "X-OWN")
            .header("access-control-request-headers", ",".repeat(length));
        let builder = CorsLayer::builder().any_origin().any_header().any_method();
        let response = send(builder, request.body(()).unwrap(), &[]).await;
        assert_eq!(response.headers()["access-control-allow-methods"], "X-OWN");
        assert_eq!(
            response.headers().contains_key("access-control-allow-headers"),
            expect,
            "{length}"
        );
    }
    check(1024, true).await;
    check(1025, false).await;
}

#[tokio::test(start_paused = true)]
async fn an_async_closure_may_answer_after_the_service() {
    async fn check(origin: &str, expect: bool) {
        let builder = CorsLayer::builder().origin_async(|origin| {
            let allowed = origin == "https://tenant.example";
            async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                allowed
            }
        });
        let request = Request::get("/").header(ORIGIN, origin).body(()).unwrap();
        let response = send(builder, request, &[]).await;
        assert_eq!(
            response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
            expect,
            "{origin}"
        );
        assert_eq!(response.headers()[VARY], "origin");
    }
    check("https://tenant.example", true).await;
    check("https://other.example", false).await;
}
