//! Many posts by one request: all or nothing.

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const IMPORT: &str = "/api/v1/posts/import";

async fn import(app: &TestApp, token: &str, kind: &str, body: String) -> Answer {
    let request = Request::post(IMPORT)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, kind);
    app.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_thousand_posts_take_a_few_statements_and_run_the_hooks() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let posts: Vec<_> = (0..1000)
        .map(|i| json!({ "title": format!("Post {}", i % 999), "body": "text" }))
        .collect();
    let answer = app.call(Method::POST, IMPORT, Some(&editor), Some(json!(posts))).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["imported"]),
        (201, &json!(1000))
    );
    // The author twice, the slugs, the posts, the trail.
    assert_eq!(answer.statements, Some(5));
    let items = answer.json()["items"].clone();
    assert_eq!(items[0]["slug"], "post-0");
    assert!(
        items[999]["slug"].as_str().unwrap().starts_with("post-0-"),
        "{}",
        items[999]
    );
    let path = format!("/api/v1/posts/{}", items[7]["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.json()["title"], "Post 7");
    assert_eq!(app.number("SELECT COUNT(*) FROM posts").await, 1003);
    let entries = app
        .number("SELECT COUNT(*) FROM audit_entries WHERE entity = 'post' AND actor LIKE 'user:%'")
        .await;
    assert_eq!(entries, 1000);

    let again = app
        .call(
            Method::POST,
            IMPORT,
            Some(&editor),
            Some(json!([{ "title": "Post 7", "body": "b" }])),
        )
        .await;
    assert!(
        again.json()["items"][0]["slug"]
            .as_str()
            .unwrap()
            .starts_with("post-7-")
    );
}

#[tokio::test]
async fn every_fault_is_named_by_its_index_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    let posts = json!([
        { "title": "Good", "body": "text" },
        { "title": "", "body": "text" },
        { "title": "No body" },
        7,
        { "title": "Also good", "body": "text", "published": "yes" },
    ]);
    let answer = app.call(Method::POST, IMPORT, Some(&editor), Some(posts)).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let faults = answer.json()["errors"].clone();
    let named: Vec<_> = faults.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(named, ["1.title", "2.body", "3", "4"]);
    assert_eq!(app.number("SELECT COUNT(*) FROM posts").await, 3);

    let lines = "{\"title\":\"A\",\"body\":\"x\"}\n\n{\"title\":\"B\",\"body\":\"x\",\"published\":false}\n";
    let made = import(&app, &editor, "application/x-ndjson; charset=utf-8", lines.into()).await;
    assert_eq!((made.status.as_u16(), &made.json()["imported"]), (201, &json!(2)));
    let broken = import(&app, &editor, "application/x-ndjson", format!("{lines}{{\"title\":")).await;
    assert_eq!(
        (broken.status.as_u16(), broken.json()["errors"]["2"].is_array()),
        (422, true)
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM posts").await, 5);

    let check = async |body: &str, status: u16| {
        let answer = import(&app, &editor, "application/json", body.into()).await;
        assert_eq!(answer.status, status, "{answer:?}");
    };
    check("[]", 400).await;
    check("{}", 422).await;
    check("[", 400).await;
    check(&format!("[{}]", vec!["7"; 1001].join(",")), 413).await;
    check(&format!("[\"{}\"]", "x".repeat(1024 * 1024)), 413).await;
    assert_eq!(import(&app, &editor, "text/csv", "a,b".into()).await.status, 415);
    let bytes = Request::post(IMPORT)
        .header(AUTHORIZATION, format!("Bearer {editor}"))
        .header(CONTENT_TYPE, "application/x-ndjson")
        .body(Body::from(vec![0xff, 0xfe]))
        .unwrap();
    assert_eq!(app.send(bytes).await.status, 400);
    assert_eq!(import(&app, &reader, "application/json", "[]".into()).await.status, 403);
}

#[tokio::test]
async fn each_row_of_a_bulk_deletion_is_judged() {
    let app = TestApp::new().await;
    let (admin, editor) = (app.login("admin").await, app.login("editor").await);
    let (own, other, third) = (
        app.post(&editor, "Own").await,
        app.post(&admin, "Other's").await,
        app.post(&admin, "Third").await,
    );
    app.comment(&editor, &own, None, "with it").await;
    let delete = async |token: &str, ids: Value| {
        let path = "/api/v1/posts/bulk-delete";
        app.call(Method::POST, path, Some(token), Some(json!({ "ids": ids })))
            .await
    };
    let refused = delete(&editor, json!([own, other])).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["refused"]),
        (403, &json!([other]))
    );
    let unknown = "00000000-0000-7000-8000-000000000000";
    let missing = delete(&editor, json!([own, unknown])).await;
    assert_eq!(
        (missing.status.as_u16(), &missing.json()["missing"]),
        (404, &json!([unknown]))
    );
    assert_eq!(app.get(&format!("/api/v1/posts/{own}")).await.status, 200);

    let own_alone = delete(&editor, json!([own, own])).await;
    assert_eq!(
        (own_alone.status.as_u16(), own_alone.text.as_str()),
        (200, r#"{"deleted":1}"#)
    );
    assert_eq!(
        app.number("SELECT COUNT(*) FROM comments WHERE deleted_at IS NOT NULL")
            .await,
        1
    );
    assert_eq!(delete(&admin, json!([other, third])).await.json()["deleted"], 2);
    assert_eq!(delete(&admin, json!([])).await.status, 400);
    assert_eq!(delete(&admin, json!(["x"])).await.status, 422);
    assert_eq!(delete(&admin, json!(vec![unknown; 1001])).await.status, 413);
    assert_eq!(
        app.status("POST", &format!("/api/v1/posts/{own}/restore"), &editor)
            .await,
        204
    );
}

#[tokio::test]
async fn posts_are_imported_with_their_tags() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    app.call(
        Method::POST,
        "/api/v1/posts",
        Some(&editor),
        Some(json!({ "title": "Before", "body": "b", "tags": ["old"] })),
    )
    .await;
    let posts: Vec<_> = (0..200)
        .map(|i| match i % 3 {
            0 => json!({ "title": format!("Tagged {i}"), "body": "text", "tags": ["old", "new"] }),
            1 => json!({ "title": format!("Tagged {i}"), "body": "text", "tags": [format!("own {i}")] }),
            _ => json!({ "title": format!("Tagged {i}"), "body": "text" }),
        })
        .collect();
    let answer = app.call(Method::POST, IMPORT, Some(&editor), Some(json!(posts))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    // Five as without tags; those of these names before and after, the missing ones, which of them were made, the trail, the
    // posts' keys, and the pairs.
    assert_eq!(answer.statements, Some(12));
    let items = answer.json()["items"].clone();
    for (index, expect) in [(0, json!(["new", "old"])), (1, json!(["own 1"])), (2, json!([]))] {
        let path = format!("/api/v1/posts/{}", items[index]["id"].as_str().unwrap());
        assert_eq!(app.get(&path).await.json()["tags"], expect);
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM tags WHERE name = 'old'").await, 1);
}
