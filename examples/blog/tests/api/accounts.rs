use std::sync::Arc;
use std::time::Duration;

use blog::housekeeping::forget_sessions;
use blog_entity::{SoftDelete, clock, session, user};
use chrono::TimeDelta;
use http::Method;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestApp;

#[tokio::test]
async fn register_login_and_me() {
    let app = TestApp::new().await;
    let new = json!({ "email": " New@Example.com ", "name": "New", "password": "long enough", "role": "admin" });
    let answer = app
        .call(Method::POST, "/api/v1/auth/register", None, Some(new.clone()))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let user = answer.json();
    assert_eq!(
        (&user["email"], &user["role"]),
        (&json!("new@example.com"), &json!("reader"))
    );
    assert_eq!(
        answer.header("location"),
        format!("/api/v1/users/{}", user["id"].as_str().unwrap())
    );

    let again = app.call(Method::POST, "/api/v1/auth/register", None, Some(new)).await;
    assert_eq!(again.status, 409);

    let body = json!({ "email": "NEW@example.com", "password": "long enough" });
    let login = app.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
    let token = login.json();
    assert_eq!(
        (&token["token_type"], &token["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(login.header("cache-control"), "no-store");

    let me = app
        .call(Method::GET, "/api/v1/auth/me", token["token"].as_str(), None)
        .await;
    assert_eq!(me.json()["email"], "new@example.com");
    assert_eq!(app.get("/api/v1/auth/me").await.status, 401);
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let app = TestApp::new().await;
    let check = async |body, fields: &[&str]| {
        let answer = app.call(Method::POST, "/api/v1/auth/register", None, Some(body)).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let problem = answer.json();
        let named: Vec<_> = problem["errors"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(named, fields);
    };
    check(json!({}), &["email", "name", "password"]).await;
    check(
        json!({ "email": "x", "name": "", "password": "short" }),
        &["email", "name", "password"],
    )
    .await;
    check(
        json!({ "email": "a@b.example", "name": "a\u{0}b", "password": "with\u{0}a nul" }),
        &["name", "password"],
    )
    .await;
    check(
        json!({ "email": "a@b.example", "name": "n".repeat(81), "password": "p".repeat(129) }),
        &["name", "password"],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told_the_same() {
    let app = TestApp::new().await;
    let refusal = async |email: &str| {
        let body = json!({ "email": email, "password": "not the password" });
        let answer = app.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
        assert_eq!(answer.status, 401);
        let mut problem = answer.json();
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    assert_eq!(refusal("admin@example.com").await, refusal("nobody@example.com").await);
}

#[tokio::test]
async fn emails_are_for_admins() {
    let app = TestApp::new().await;
    let emails = async |token: Option<&str>| {
        let answer = app.call(Method::GET, "/api/v1/users", token, None).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["total"], 3);
        answer.text.matches("@example.com").count()
    };
    let admin = app.login("admin").await;
    let reader = app.login("reader").await;
    assert_eq!(emails(Some(&admin)).await, 3);
    assert_eq!(emails(Some(&reader)).await, 1);
    assert_eq!(emails(None).await, 0);
}

#[tokio::test]
async fn statistics_are_for_admins() {
    let app = TestApp::new().await;
    let status = async |role: Option<&str>| {
        let token = match role {
            Some(role) => Some(app.login(role).await),
            None => None,
        };
        app.call(Method::GET, "/api/v1/admin/stats", token.as_deref(), None)
            .await
            .status
    };
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some("editor")).await, 403);
    assert_eq!(status(Some("admin")).await, 200);
}

/// On SQLite there is one connection that writes: whoever hashed within its transaction would hold up everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_hashed_before_the_transaction_begins() {
    let app = &Arc::new(TestApp::new().await);
    let registered = app
        .state()
        .db()
        .transaction(|_| async move {
            let registering = Arc::clone(app);
            let call = tokio::spawn(async move { registering.register("patient").await });
            let hashing = async {
                while app.state().passwords().running() == 0 {
                    tokio::task::yield_now().await;
                }
            };
            let seen = tokio::time::timeout(Duration::from_secs(5), hashing).await;
            Ok((call, seen.is_ok()))
        })
        .await;
    let (call, seen) = registered.unwrap();
    call.await.unwrap();
    assert!(seen, "it waits for the writer before it hashes");
}

/// The rows of a user's sign-ins would otherwise be as many as there ever were.
#[tokio::test]
async fn old_sessions_are_forgotten_a_batch_at_a_time_and_no_others() {
    let mut app = TestApp::with(&[("SESSION_HISTORY_DAYS", "40")]).await;
    let token = app.login("reader").await;
    let db = app.state().db();
    let reader = user::Entity::live()
        .filter(user::Column::Email.eq("reader@example.com"))
        .one(db.primary())
        .await
        .unwrap()
        .unwrap();
    let row = |days: i64, ended: bool| {
        let at = clock::now() - TimeDelta::days(days);
        session::ActiveModel {
            public_id: Set(Uuid::now_v7()),
            user_id: Set(reader.id),
            store_id: Set(Uuid::now_v7().to_string()),
            label: Set("browser".into()),
            started_at: Set(at),
            ended_at: Set(ended.then_some(at)),
            ..Default::default()
        }
    };
    let old = (0..2_400).map(|number| row(41 + number % 10, number % 2 == 0));
    let recent = (0..50).map(|number| row(39 - number % 30, number % 2 == 0));
    let rows: Vec<_> = old.chain(recent).collect();
    #[expect(clippy::disallowed_methods, reason = "sessions have no hooks")]
    session::Entity::insert_many(rows)
        .exec_without_returning(db.primary())
        .await
        .unwrap();
    let all = "SELECT COUNT(*) FROM sessions";
    assert_eq!(app.number(all).await, 2_451);

    // One of the last batch cannot go.
    app.execute("CREATE TABLE grief (session_id bigint, FOREIGN KEY (session_id) REFERENCES sessions (id))")
        .await;
    let late = "INSERT INTO grief (session_id) SELECT id FROM sessions ORDER BY started_at DESC LIMIT 1 OFFSET 51";
    app.execute(late).await;
    let shutdown = app.shutdown.take().unwrap();
    let handle = shutdown.handle();
    let forget = || forget_sessions(app.state(), &handle);
    assert!(forget().await.is_err());
    assert_eq!(app.number(all).await, 451);
    app.execute("DROP TABLE grief").await;
    assert_eq!(forget().await.unwrap(), 400);
    assert_eq!(forget().await.unwrap(), 0);
    assert_eq!(app.number(all).await, 51);
    assert_eq!(app.status("GET", "/api/v1/auth/me", &token).await, 200);

    // A process that is to end begins nothing new.
    app.execute("UPDATE sessions SET started_at = '2020-01-01 00:00:00.000001'")
        .await;
    handle.trigger();
    shutdown.drained().await;
    assert_eq!(forget_sessions(app.state(), &handle).await.unwrap(), 0);
}
