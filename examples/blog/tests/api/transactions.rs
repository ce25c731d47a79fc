//! All or nothing, seen from outside.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::TestApp;

async fn demo(app: &TestApp, path: &str) -> Value {
    let answer = app
        .call(Method::POST, &format!("/api/v1/demo/{path}"), None, None)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn rows(app: &TestApp) -> i64 {
    let tables = ["users", "profiles", "posts", "comments", "tags", "audit_entries"]
        .map(|table| format!("(SELECT COUNT(*) FROM {table})"));
    app.number(&format!("SELECT {}", tables.join(" + "))).await
}

#[tokio::test]
async fn a_failure_at_any_step_leaves_nothing() {
    let app = TestApp::new().await;
    let before = (rows(&app).await, app.number("SELECT COUNT(*) FROM audit_entries").await);
    for step in 1..=4 {
        let seen = demo(&app, &format!("transaction?fail_at={step}")).await;
        assert_eq!(seen["error"], format!("step {step} failed, as asked"));
        assert_eq!(
            seen["remained"],
            json!({ "users": 0, "profiles": 0, "posts": 0, "comments": 0 })
        );
    }
    assert_eq!(
        (rows(&app).await, app.number("SELECT COUNT(*) FROM audit_entries").await),
        before
    );
    for wrong in ["transaction", "transaction?fail_at=0", "transaction?fail_at=5"] {
        let path = format!("/api/v1/demo/{wrong}");
        assert_eq!(app.call(Method::POST, &path, None, None).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_savepoint_undoes_the_inner_part_alone() {
    let app = TestApp::new().await;
    let before = rows(&app).await;
    let seen = demo(&app, "savepoint").await;
    assert_eq!(seen["remained"], json!({ "before": 1, "inside": 0, "after": 1 }));
    assert_eq!(rows(&app).await, before);
}

#[tokio::test]
async fn what_is_seen_depends_on_the_isolation() {
    let app = TestApp::new().await;
    let before = rows(&app).await;
    let url = app.database_url();
    let check = async |level: &str, second: u64, waits: bool| {
        let seen = demo(&app, &format!("isolation?level={level}")).await;
        assert_eq!(
            (&seen["first"], &seen["second"], &seen["writer_waited"]),
            (&json!(0), &json!(second), &json!(waits)),
            "{seen}"
        );
    };
    let sqlite = url.starts_with("sqlite");
    check("read_committed", u64::from(!sqlite), false).await;
    check("repeatable_read", 0, false).await;
    // MariaDB's readers of this level lock what they read.
    check("serializable", 0, url.starts_with("mysql")).await;
    assert_eq!(rows(&app).await, before);
}

#[tokio::test]
async fn transfers_that_deadlock_both_succeed() {
    let app = TestApp::new().await;
    let before = rows(&app).await;
    for _ in 0..3 {
        let seen = demo(&app, "transfers").await;
        assert_eq!(seen["balances"], json!([120, 80]));
        let expect = if app.database_url().starts_with("sqlite") { 2 } else { 3 };
        let tries = seen["tries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count.as_u64().unwrap());
        assert_eq!(tries.sum::<u64>(), expect, "{seen}");
    }
    assert_eq!(rows(&app).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_that_write_at_once_all_succeed() {
    let app = std::sync::Arc::new(TestApp::new().await);
    let reader = app.login("reader").await;
    let editor = app.login("editor").await;
    let post = app.post(&editor, "Busy").await;
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let (app, reader, post) = (app.clone(), reader.clone(), post.clone());
            tokio::spawn(async move { app.comment(&reader, &post, None, &format!("by {number}")).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let comments = app.get(&format!("/api/v1/posts/{post}/comments")).await;
    assert_eq!(comments.json()["total"], 40);
}

#[tokio::test]
async fn an_error_that_nobody_asked_for_is_not_shown() {
    let app = TestApp::new().await;
    app.execute("DROP TABLE audit_entries").await;
    for path in [
        "transaction?fail_at=4",
        "savepoint",
        "isolation?level=serializable",
        "transfers",
    ] {
        let path = format!("/api/v1/demo/{path}");
        let answer = app.call(Method::POST, &path, None, None).await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert!(!answer.text.contains("audit_entries"), "{answer:?}");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 3);
}

#[tokio::test]
async fn demonstrations_for_everybody_are_given_to_few_at_once() {
    let app = Arc::new(TestApp::new().await);
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let app = Arc::clone(&app);
        calls.spawn(async move { app.call(Method::POST, "/api/v1/demo/transfers", None, None).await });
    }
    let answers = calls.join_all().await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert!(count(200) > 0 && count(503) > 0, "{answers:?}");
    assert_eq!(count(200) + count(503), 30, "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status == 503).unwrap();
    assert_eq!(refused.header("retry-after"), "1");
}
