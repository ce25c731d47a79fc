//! Replies: where they may be, how they are shown, and what goes with them.

use http::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// `body(replies)` of each, for one line to compare.
fn outline(branches: &Value) -> String {
    let branches = branches.as_array().unwrap().iter().map(|branch| {
        let replies = outline(&branch["replies"]);
        format!("{}({replies})", branch["body"].as_str().unwrap())
    });
    branches.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_thread_is_a_tree_in_a_constant_number_of_statements() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    let post = app.post(&editor, "Discussed").await;
    let thread = format!("/api/v1/posts/{post}/thread");
    let a = app.comment(&reader, &post, None, "a").await;
    let first = app.get(&thread).await;
    let a1 = app.comment(&editor, &post, Some(&a), "a1").await;
    let b = app.comment(&reader, &post, None, "b").await;
    let a2 = app.comment(&reader, &post, Some(&a), "a2").await;
    let a11 = app.comment(&reader, &post, Some(&a1), "a11").await;
    app.comment(&editor, &post, Some(&a11), "a111").await;
    app.comment(&editor, &post, Some(&b), "b1").await;
    let whole = app.get(&thread).await;
    assert_eq!(outline(&whole.json()["items"]), "a(a1(a11(a111())) a2()) b(b1())");
    assert_eq!(
        (&whole.json()["total"], &whole.json()["cut"]),
        (&json!(2), &json!(false))
    );
    assert_eq!((first.statements, whole.statements), (Some(6), Some(6)));
    let page = app.get(&format!("{thread}?page=2&size=1")).await.json();
    assert_eq!((outline(&page["items"]), &page["total"]), ("b(b1())".into(), &json!(2)));

    // What answers a deleted comment goes with it, however deep.
    let path = format!("/api/v1/posts/{post}/comments");
    assert_eq!(app.status("DELETE", &format!("{path}/{a11}"), &reader).await, 204);
    assert_eq!(app.status("DELETE", &format!("{path}/{a1}"), &editor).await, 204);
    assert_eq!(outline(&app.get(&thread).await.json()["items"]), "a(a2()) b(b1())");
    assert_eq!(app.get(&path).await.json()["total"], 4);
    // Not the reply that was deleted before, nor one whose parent is deleted.
    assert_eq!(app.status("POST", &format!("{path}/{a11}/restore"), &reader).await, 409);
    assert_eq!(app.status("POST", &format!("{path}/{a1}/restore"), &editor).await, 204);
    assert_eq!(outline(&app.get(&thread).await.json()["items"]), "a(a1() a2()) b(b1())");
    assert_eq!(app.status("POST", &format!("{path}/{a11}/restore"), &reader).await, 204);
    assert_eq!(
        outline(&app.get(&thread).await.json()["items"]),
        "a(a1(a11(a111())) a2()) b(b1())"
    );

    // A row that a fault left behind below a deleted one is hidden all the same.
    app.execute("UPDATE comments SET deleted_at = created_at, deleted_key = id WHERE body = 'a1'")
        .await;
    assert_eq!(outline(&app.get(&thread).await.json()["items"]), "a(a2()) b(b1())");
    let _ = a2;
}

#[tokio::test]
async fn replies_are_under_the_same_post_and_not_too_deep() {
    let app = TestApp::new().await;
    let reader = app.login("reader").await;
    let editor = app.login("editor").await;
    let (post, other) = (app.post(&editor, "One").await, app.post(&editor, "Two").await);
    let path = format!("/api/v1/posts/{post}/comments");
    let refused = async |parent: Value| {
        let body = json!({ "body": "x", "parent": parent });
        let answer = app.call(Method::POST, &path, Some(&reader), Some(body)).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        answer.text
    };
    let elsewhere = app.comment(&reader, &other, None, "elsewhere").await;
    assert!(refused(json!(elsewhere)).await.contains("under the same post"));
    assert!(
        refused(json!("00000000-0000-7000-8000-000000000000"))
            .await
            .contains("under the same post")
    );
    refused(json!("x")).await;
    refused(json!(7)).await;
    let deleted = app.comment(&reader, &post, None, "deleted").await;
    assert_eq!(app.status("DELETE", &format!("{path}/{deleted}"), &reader).await, 204);
    assert!(refused(json!(deleted)).await.contains("under the same post"));

    let mut parent = app.comment(&reader, &post, None, "1").await;
    for depth in 2..=8 {
        parent = app.comment(&reader, &post, Some(&parent), &depth.to_string()).await;
    }
    assert!(refused(json!(parent)).await.contains("8 levels deep"));
    let thread = app.get(&format!("/api/v1/posts/{post}/thread")).await.json();
    assert_eq!(outline(&thread["items"]), "1(2(3(4(5(6(7(8())))))))");
}

#[tokio::test]
async fn a_comment_is_changed_by_its_author_alone() {
    let app = TestApp::new().await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let post = app.post(&editor, "One").await;
    let comment = app.comment(&reader, &post, None, "first").await;
    let path = format!("/api/v1/posts/{post}/comments/{comment}");
    let change = async |token: &str, body: Value| app.call(Method::PATCH, &path, Some(token), Some(body)).await;
    for token in [&admin, &editor] {
        assert_eq!(change(token, json!({ "body": "theirs" })).await.status, 403);
    }
    let changed = change(&reader, json!({ "body": "second", "version": 1 })).await;
    assert_eq!(
        (&changed.json()["body"], &changed.json()["version"]),
        (&json!("second"), &json!(2))
    );
    assert_eq!(
        change(&reader, json!({ "body": "third", "version": 1 })).await.status,
        412
    );
    assert_eq!(change(&reader, json!({ "body": "" })).await.status, 422);
    assert_eq!(app.get(&path).await.json()["body"], "second");
}
