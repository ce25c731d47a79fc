use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_post_lives_and_dies() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let body = json!({ "title": "Hello, World!", "body": "first" });
    let created = app
        .call(Method::POST, "/api/v1/posts", Some(&editor), Some(body.clone()))
        .await;
    assert_eq!((created.status.as_u16(), created.header("etag")), (201, "\"1\""));
    assert_eq!(created.json()["slug"], "hello-world");
    let path = created.header("location").to_owned();

    let twin = app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
    assert!(
        twin.json()["slug"].as_str().unwrap().starts_with("hello-world-"),
        "{twin:?}"
    );

    let patched = app
        .call(Method::PATCH, &path, Some(&editor), Some(json!({ "body": "second" })))
        .await;
    assert_eq!(
        (&patched.json()["body"], &patched.json()["version"]),
        (&json!("second"), &json!(2))
    );
    let replaced = app
        .call(
            Method::PUT,
            &path,
            Some(&editor),
            Some(json!({ "title": "Other", "body": "third", "version": 2 })),
        )
        .await;
    assert_eq!(replaced.json()["title"], "Other");
    assert_eq!(app.get(&path).await.json()["body"], "third");

    assert_eq!(app.call(Method::DELETE, &path, Some(&editor), None).await.status, 204);
    assert_eq!(app.get(&path).await.status, 404);
}

#[tokio::test]
async fn only_the_author_and_admins_change_a_post() {
    let app = TestApp::new().await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let path = format!("/api/v1/posts/{}", app.post(&editor, "Mine").await);
    let change = Some(json!({ "title": "Yours" }));
    assert_eq!(app.call(Method::PATCH, &path, None, change.clone()).await.status, 401);
    assert_eq!(
        app.call(Method::PATCH, &path, Some(&reader), change.clone())
            .await
            .status,
        403
    );
    assert_eq!(app.call(Method::DELETE, &path, Some(&reader), None).await.status, 403);
    assert_eq!(app.get(&path).await.json()["title"], "Mine");
    assert_eq!(app.call(Method::PATCH, &path, Some(&admin), change).await.status, 200);
}

#[tokio::test]
async fn drafts_are_for_their_author() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    let path = format!("/api/v1/posts/{}", app.post(&editor, "Draft").await);
    app.call(Method::PATCH, &path, Some(&editor), Some(json!({ "published": false })))
        .await;
    let total =
        async |token: Option<&str>| app.call(Method::GET, "/api/v1/posts", token, None).await.json()["total"].clone();
    assert_eq!(
        (total(Some(&editor)).await, total(Some(&reader)).await),
        (json!(4), json!(3))
    );
    assert_eq!(app.get(&path).await.status, 404);
    // Its comments give it away no more than itself.
    let comment = Some(json!({ "body": "seen" }));
    let comments = format!("{path}/comments");
    assert_eq!(
        app.call(Method::POST, &comments, Some(&reader), comment).await.status,
        404
    );
    assert_eq!(
        app.call(Method::PATCH, &path, Some(&reader), Some(json!({})))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn a_stale_copy_is_refused() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let path = format!("/api/v1/posts/{}", app.post(&editor, "Versioned").await);
    let change = async |tag: &str| {
        let request = Request::patch(&path)
            .header(AUTHORIZATION, format!("Bearer {editor}"))
            .header(CONTENT_TYPE, "application/json")
            .header("if-match", tag)
            .body(Body::from(r#"{"body":"new"}"#))
            .unwrap();
        app.send(request).await.status.as_u16()
    };
    assert_eq!(change("\"1\"").await, 200);
    assert_eq!(change("\"1\"").await, 412);
    assert_eq!(change("*").await, 200);
    let stale = Some(json!({ "body": "x", "version": 1 }));
    assert_eq!(app.call(Method::PATCH, &path, Some(&editor), stale).await.status, 412);

    let request = Request::get(&path)
        .header("if-none-match", "\"3\"")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(request).await.status, 304);
}

#[tokio::test]
async fn lists_have_pages_filters_and_an_order() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    for title in ["Zebra", "Alpha"] {
        app.post(&editor, title).await;
    }
    let list = async |query: &str| app.get(&format!("/api/v1/posts{query}")).await;
    let page = list("?page=2&size=2&sort=title").await.json();
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &page["total"]),
        (2, &json!(5))
    );
    assert_eq!(list("?sort=title").await.json()["items"][0]["title"], "Alpha");
    assert_eq!(list("?sort=-title").await.json()["items"][0]["title"], "Zebra");

    let me = app
        .call(Method::GET, "/api/v1/auth/me", Some(&editor), None)
        .await
        .json();
    let own = list(&format!("?author={}", me["id"].as_str().unwrap())).await.json();
    assert_eq!(own["total"], 4);
    let nobody = list("?author=00000000-0000-7000-8000-000000000000").await.json();
    assert_eq!(nobody["total"], 0);

    for wrong in [
        "?page=0",
        "?size=0",
        "?size=101",
        "?page=x",
        "?sort=password_hash",
        "?author=1",
        "?page=99999999999999",
    ] {
        assert_eq!(list(wrong).await.status, 400, "{wrong}");
    }
}
