use axum::body::Body;
use http::{Method, Request};

use crate::support::TestApp;

#[tokio::test]
async fn malformed_bodies_are_clear_refusals() {
    let app = TestApp::new().await;
    let check = async |content_type: &str, body: Vec<u8>, status: u16| {
        let request = Request::post("/api/v1/auth/login")
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        let answer = app.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    };
    check("application/json", b"{".to_vec(), 400).await;
    check("application/json", b"".to_vec(), 400).await;
    check("application/json", b"{\"email\":\"\xff\xfe\"}".to_vec(), 400).await;
    check("application/json", b"{\"email\":7}".to_vec(), 422).await;
    check(
        "application/json",
        b"{\"email\":\"a\\u0000\",\"password\":\"p\"}".to_vec(),
        422,
    )
    .await;
    check("text/plain", b"{}".to_vec(), 415).await;
    check("application/json", vec![b' '; 1024 * 1024 + 1], 413).await;
    let request = Request::builder()
        .method(Method::from_bytes(b"BREW").unwrap())
        .uri("/api/v1/posts")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(request).await.status, 405);
}

#[tokio::test]
async fn bad_tokens_are_refused() {
    let app = TestApp::new().await;
    let check = async |value: &str, status: u16| {
        let request = Request::get("/api/v1/auth/me")
            .header("authorization", value)
            .body(Body::empty())
            .unwrap();
        let answer = app.send(request).await;
        assert_eq!(answer.status, status, "{value}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{value}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{value}");
    };
    check("Bearer nonsense", 401).await;
    check("Bearer a.b.c", 401).await;
    check("Bearer", 400).await;
    check("Bearer a b", 400).await;
    let token = app.login("admin").await;
    check(&format!("Bearer {token}x"), 401).await;
}
