//! Reports: the same numbers from the query builder, from plain SQL, and by hand.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::TestApp;

async fn both(app: &TestApp, path: &str) -> Value {
    let mark = if path.contains('?') { '&' } else { '?' };
    let orm = app.get(&format!("/api/v1/reports/{path}{mark}engine=orm")).await;
    let raw = app.get(&format!("/api/v1/reports/{path}{mark}engine=raw")).await;
    assert_eq!((orm.status.as_u16(), orm.statements), (200, Some(1)), "{orm:?}");
    assert_eq!(orm.text, raw.text);
    orm.json()["items"].clone()
}

#[tokio::test]
async fn authors_are_counted_the_same_by_both_engines() {
    let app = TestApp::new().await;
    let (admin, reader) = (app.login("admin").await, app.login("reader").await);
    // Characters, not bytes; and an average that has no end.
    for (title, body) in [("One", "ü".repeat(10)), ("Two", "y".repeat(9))] {
        let body = json!({ "title": title, "body": body });
        let post = app
            .call(Method::POST, "/api/v1/posts", Some(&admin), Some(body))
            .await
            .json();
        let post = post["id"].as_str().unwrap().to_owned();
        app.comment(&reader, &post, None, "counted").await;
        let gone = app.comment(&reader, &post, None, "not counted").await;
        let path = format!("/api/v1/posts/{post}/comments/{gone}");
        assert_eq!(app.status("DELETE", &path, &reader).await, 204);
    }
    let gone = app.post(&admin, "Not counted").await;
    assert_eq!(
        app.status("DELETE", &format!("/api/v1/posts/{gone}"), &admin).await,
        204
    );
    let draft = json!({ "title": "Draft", "body": "not counted", "published": false });
    app.call(Method::POST, "/api/v1/posts", Some(&admin), Some(draft)).await;

    let rows = both(&app, "authors").await;
    let seeded = "Every request to this blog has passed the same layers, in the same order."
        .chars()
        .count();
    let row = &rows[0];
    assert_eq!(
        (&row["name"], &row["posts"], &row["comments"], &row["characters"]),
        (&json!("Ada Admin"), &json!(3), &json!(3), &json!(seeded + 19))
    );
    let average = row["average"].as_f64().unwrap();
    assert!(
        (average - f64::from(u32::try_from(seeded + 19).unwrap()) / 3.0).abs() < 1e-9,
        "{average}"
    );
    assert_eq!((rows.as_array().unwrap().len(), &rows[1]["posts"]), (2, &json!(2)));

    assert_eq!(both(&app, "authors?min_posts=3").await.as_array().unwrap().len(), 1);
    assert_eq!(both(&app, "authors?min_posts=4").await, json!([]));
    for hostile in [
        "min_posts=1%3BDROP%20TABLE%20posts",
        "min_posts=1%20OR%201",
        "engine=python",
    ] {
        let path = format!("/api/v1/reports/authors?{hostile}");
        assert_eq!(app.get(&path).await.status, 400, "{hostile}");
    }
}

#[tokio::test]
async fn posts_are_counted_by_month() {
    let app = TestApp::new().await;
    let last = "UPDATE posts SET created_at = '2025-01-31 23:59:59.999999' WHERE slug = 'welcome-to-the-gate'";
    app.execute(last).await;
    app.execute("UPDATE posts SET created_at = '2025-02-01 00:00:00' WHERE slug <> 'welcome-to-the-gate'")
        .await;
    let rows = both(&app, "posts-per-month").await;
    assert_eq!(
        rows,
        json!([{ "month": "2025-02", "posts": 2 }, { "month": "2025-01", "posts": 1 }])
    );
}

/// Each reads all posts: a few callers without an account would take the connections of everybody.
#[tokio::test]
async fn reports_are_given_to_few_at_once() {
    let app = Arc::new(TestApp::new().await);
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let app = Arc::clone(&app);
        calls.spawn(async move { app.get("/api/v1/reports/authors").await });
    }
    let answers = calls.join_all().await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert!(count(200) > 0 && count(503) > 0, "{answers:?}");
    assert_eq!(count(200) + count(503), 30, "{answers:?}");
}
