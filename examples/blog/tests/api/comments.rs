use http::Method;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn comments_are_written_listed_and_deleted() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    let post = app.post(&editor, "Discuss").await;
    let path = format!("/api/v1/posts/{post}/comments");
    let text = "<script>alert(1)</script>";
    let created = app
        .call(Method::POST, &path, Some(&reader), Some(json!({ "body": text })))
        .await;
    assert_eq!(created.status, 201);
    let comment = created.header("location").to_owned();

    let listed = app.get(&path).await;
    assert_eq!(
        (&listed.json()["items"][0]["body"], &listed.json()["total"]),
        (&json!(text), &json!(1))
    );
    assert!(listed.header("content-type").starts_with("application/json"));
    assert_eq!(app.get(&comment).await.status, 200);

    assert_eq!(
        app.call(Method::DELETE, &comment, Some(&editor), None).await.status,
        403
    );
    assert_eq!(
        app.call(Method::DELETE, &comment, Some(&reader), None).await.status,
        204
    );
    assert_eq!(
        app.call(Method::DELETE, &comment, Some(&reader), None).await.status,
        404
    );

    app.call(Method::POST, &path, Some(&reader), Some(json!({ "body": "bye" })))
        .await;
    let post = format!("/api/v1/posts/{post}");
    assert_eq!(app.call(Method::DELETE, &post, Some(&editor), None).await.status, 204);
    assert_eq!(app.get(&path).await.status, 404);
}
