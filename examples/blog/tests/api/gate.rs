use axum::body::Body;
use http::{Method, Request};

use crate::support::TestApp;

#[tokio::test]
async fn health_page_and_assets() {
    let app = TestApp::new().await;
    let check = async |path: &str, content_type: &str| {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with(content_type), "{path}");
    };
    check("/healthz", "application/json").await;
    check("/readyz", "application/json").await;
    check("/", "text/html").await;
    check("/assets/style.css", "text/css").await;
    check("/assets/app.js", "text/javascript").await;
    check("/assets/icon.svg", "image/svg+xml").await;
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let app = TestApp::new().await;
    for path in [
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v1/posts/not-an-id",
        "/api/v2/posts",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"), "{path}");
    }
    assert_eq!(app.get("/api/v1/nowhere").await.json()["message"], "Route not found");
    let answer = app.call(Method::DELETE, "/api/v1/posts", None, None).await;
    assert_eq!(answer.status, 405);
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn an_unexpected_error_says_nothing_of_itself() {
    let app = TestApp::new().await;
    let answer = app.get("/api/v1/demo/error").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["message"], "Something went wrong!");
    assert!(!answer.text.contains("No such file"), "{answer:?}");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let app = TestApp::new().await;
    let answer = app.get("/api/v1/demo/panic").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["message"], "Something went wrong!");
    assert!(!answer.text.contains("as asked"), "{answer:?}");
}

#[tokio::test]
async fn pages_of_the_allowed_origin_read_even_refusals() {
    let app = TestApp::new().await;
    let allowed = async |origin: &'static str| {
        let request = Request::get("/api/v1/auth/me")
            .header("origin", origin)
            .body(Body::empty());
        let answer = app.send(request.unwrap()).await;
        assert_eq!(answer.status, 401);
        (
            answer.header("access-control-allow-origin").to_owned(),
            answer.header("access-control-allow-credentials").to_owned(),
        )
    };
    assert_eq!(
        allowed("http://localhost:3000").await,
        ("http://localhost:3000".into(), "true".into())
    );
    assert_eq!(allowed("https://evil.example").await, (String::new(), String::new()));
}

#[tokio::test]
async fn readiness_turns_false_with_the_shutdown() {
    let mut app = TestApp::new().await;
    assert_eq!(app.get("/readyz").await.status, 200);
    let shutdown = app.shutdown.take().unwrap();
    let handle = shutdown.handle();
    handle.trigger();
    shutdown.run(handle.stop_accepting()).await;
    assert_eq!(app.get("/readyz").await.status, 503);
    assert_eq!(app.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_hundred_and_first_request_to_the_api_waits() {
    let app = TestApp::with(&[("RATE_LIMIT", "100 per 15 minutes")]).await;
    for _ in 0..100 {
        assert_eq!(app.get("/api/v1/posts?size=1").await.status, 200);
    }
    let answer = app.get("/api/v1/posts?size=1").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "9"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=100;w=900");
    for path in ["/", "/assets/app.js", "/healthz", "/readyz"] {
        assert_eq!(app.get(path).await.status, 200, "{path} is outside the limit");
    }
}

#[tokio::test]
async fn every_answer_carries_helmets_headers() {
    let app = TestApp::new().await;
    for path in ["/", "/api/v1/posts", "/nowhere", "/api/v1/demo/panic"] {
        let answer = app.get(path).await;
        let check = |name: &str, expect: &str| assert_eq!(answer.header(name), expect, "{path}: {name}");
        check("x-frame-options", "SAMEORIGIN");
        check("x-content-type-options", "nosniff");
        check("referrer-policy", "no-referrer");
        check("cross-origin-opener-policy", "same-origin");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self';")
        );
        // Over plain HTTP a browser would ignore it.
        check("strict-transport-security", "");
    }
}

#[tokio::test]
async fn other_sites_can_neither_write_nor_preflight() {
    let app = TestApp::new().await;
    let status = async |origin: &'static str, site: &'static str| {
        let request = Request::post("/api/v1/auth/login")
            .header("origin", origin)
            .header("sec-fetch-site", site)
            .header("content-type", "application/json")
            .body(Body::from("{}"));
        app.send(request.unwrap()).await.status.as_u16()
    };
    assert_eq!(status("https://evil.example", "cross-site").await, 403);
    assert_eq!(status("http://localhost:3000", "cross-site").await, 422);
    assert_eq!(status("http://blog.example", "same-origin").await, 422);

    let preflight = async |origin: &'static str| {
        let request = Request::options("/api/v1/posts")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty());
        app.send(request.unwrap()).await
    };
    let allowed = preflight("http://localhost:3000").await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    let refused = preflight("https://evil.example").await;
    assert_eq!(refused.status, 403);
    assert!(
        !refused
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"))
    );
}

#[tokio::test]
async fn the_gate_explains_itself() {
    let app = TestApp::new().await;
    let text = app.get("/api/v1/demo/gate").await.text;
    assert!(text.starts_with(" 1. request_id "), "{text}");
    assert!(text.contains("cors "), "{text}");
}
