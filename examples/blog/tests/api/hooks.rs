//! What happens at every save, whoever saves.

use axum::body::Body;
use blog_entity::{Actor, Context, Password, SoftDelete, bulk, post, tag, user, versioned};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use portcullis::password::Passwords;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database, DbErr, IntoActiveModel, QueryOrder, QuerySelect};
use serde_json::{Value, json};

use crate::faults::in_context;
use crate::support::TestApp;

async fn trail(app: &TestApp, query: &str) -> Value {
    let admin = app.login("admin").await;
    let path = format!("/api/v1/admin/audit{query}");
    let answer = app.call(Method::GET, &path, Some(&admin), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_password_is_hashed_before_it_is_stored() {
    let app = TestApp::new().await;
    app.register("hashed").await;
    let hashed = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(app.number(hashed).await, 4);
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 4);
    let plain = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '%a password of theirs%'";
    assert_eq!(app.number(plain).await, 0);
}

#[tokio::test]
async fn the_trail_tells_who_did_what_and_for_which_request() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let post = app.post(&editor, "Followed").await;
    let id = "01a210a5-511d-711c-b2de-b1fc2195342d";
    let change = Request::patch(format!("/api/v1/posts/{post}"))
        .header(AUTHORIZATION, format!("Bearer {editor}"))
        .header(CONTENT_TYPE, "application/json")
        .header("x-request-id", id)
        .body(Body::from(r#"{"body":"secret of the post"}"#));
    assert_eq!(app.send(change.unwrap()).await.status, 200);
    assert_eq!(
        app.status("DELETE", &format!("/api/v1/posts/{post}"), &editor).await,
        204
    );

    let entries = trail(&app, &format!("?entity_id={post}")).await;
    let actions: Vec<_> = entries["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].clone())
        .collect();
    assert_eq!(actions, ["delete", "update", "create"]);
    let update = &entries["items"][1];
    assert_eq!(
        (&update["changed"], &update["entity"]),
        (&json!(["body", "version"]), &json!("post"))
    );
    let me = app
        .call(Method::GET, "/api/v1/auth/me", Some(&editor), None)
        .await
        .json()["id"]
        .clone();
    let me = me.as_str().unwrap();
    assert_eq!(update["actor"], format!("user:{me}"));
    assert!(update["request_id"].is_string(), "{update}");
    // Values are not told: they may be anybody's secrets.
    assert!(!entries.to_string().contains("secret of the post"));

    let own = trail(&app, &format!("?actor={me}")).await;
    assert_eq!(own["total"], 3);
    let page = trail(&app, &format!("?actor=user:{me}&entity_id={post}&page=2&size=2")).await;
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &page["total"]),
        (1, &json!(3))
    );
    assert_eq!(trail(&app, "?actor=system:seed").await["total"], 9);
    assert_eq!(trail(&app, "?actor='%20OR%201=1--").await["total"], 0);
    let reader = app.login("reader").await;
    assert_eq!(app.status("GET", "/api/v1/admin/audit", &reader).await, 403);
}

#[tokio::test]
async fn what_is_rolled_back_leaves_no_entry() {
    let app = TestApp::new().await;
    let before = app.number("SELECT COUNT(*) FROM audit_entries").await;
    app.execute("DROP TABLE profiles").await;
    let body = json!({ "email": "none@example.org", "name": "N", "password": "long enough" });
    let answer = app.call(Method::POST, "/api/v1/auth/register", None, Some(body)).await;
    assert_eq!(answer.status, 500);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_entries").await, before);
}

fn tag() -> tag::ActiveModel {
    tag::ActiveModel {
        name: Set("nobody's".into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_row_that_nobody_saves_is_refused() {
    let app = TestApp::new().await;
    let db = Database::connect(app.database_url()).await.unwrap();
    let refused = |error: DbErr| assert!(error.to_string().contains("outside of a context"), "{error}");
    refused(tag().insert(&db).await.unwrap_err());
    refused(bulk::insert(vec![tag()], &db).await.unwrap_err());
    assert_eq!(app.number("SELECT COUNT(*) FROM tags").await, 0);
    db.close().await.unwrap();
}

#[tokio::test]
async fn many_rows_at_once_pass_the_same_hooks() {
    let app = TestApp::new().await;
    let db = Database::connect(app.database_url()).await.unwrap();
    let passwords = Passwords::builder().build().unwrap();
    let context = Context::new(Actor::System("test"), Some("request-7".into()), passwords);
    let users = (0..3).map(|number| user::ActiveModel {
        email: Set(format!("{number}@example.org")),
        name: Set("N".into()),
        role: Set("reader".into()),
        password_hash: Set(Password::Plain("plain text".into())),
        version: Set(1),
        ..Default::default()
    });
    context.scope(bulk::insert(users.collect(), &db)).await.unwrap();
    db.close().await.unwrap();
    let hashed = "SELECT COUNT(*) FROM users WHERE email LIKE '%@example.org' AND password_hash LIKE '$argon2id$%'";
    assert_eq!(app.number(hashed).await, 3);
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE actor = 'system:test' AND request_id = 'request-7' \
                   AND action = 'create' AND entity = 'user' AND entity_id IN (SELECT public_id FROM users)";
    assert_eq!(app.number(entries).await, 3);
}

/// Two posts as they are stored.
async fn two_posts(app: &TestApp) -> Vec<post::Model> {
    let db = app.state().db().primary();
    let posts = post::Entity::live().order_by_asc(post::Column::Id).limit(2);
    posts.all(db).await.unwrap()
}

#[tokio::test]
async fn saves_at_once_in_one_task_are_told_apart() {
    let app = TestApp::new().await;
    let posts = two_posts(&app).await;
    // On connections of their own, or one would wait for the other to be done.
    let (left, right) = (
        Database::connect(app.database_url()).await.unwrap(),
        Database::connect(app.database_url()).await.unwrap(),
    );
    let mut title = posts[0].clone().into_active_model();
    title.title = Set("Another title".into());
    let mut body = posts[1].clone().into_active_model();
    body.body = Set("Another text".into());
    let (title, body) = in_context(async { tokio::join!(title.update(&left), body.update(&right)) }).await;
    title.unwrap();
    body.unwrap();
    left.close().await.unwrap();
    right.close().await.unwrap();
    for (post, changed) in [(&posts[0], "title"), (&posts[1], "body")] {
        let entries = trail(&app, &format!("?entity_id={}", post.public_id)).await;
        assert_eq!(entries["items"][0]["changed"], json!([changed]), "{entries}");
    }
}

#[tokio::test]
async fn a_row_that_is_deleted_meanwhile_is_not_changed() {
    let app = TestApp::new().await;
    let admin = app.login("admin").await;
    let loaded = two_posts(&app).await.remove(0);
    let body = json!({ "ids": [loaded.public_id] });
    let answer = app
        .call(Method::POST, "/api/v1/posts/bulk-delete", Some(&admin), Some(body))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut row = loaded.clone().into_active_model();
    row.title = Set("Too late".into());
    let db = app.state().db().primary();
    let changed = Box::pin(in_context(versioned::update(row, db))).await;
    assert_eq!(changed.unwrap(), None);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM posts WHERE title = 'Too late'").await,
        0
    );
}
