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
