use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::json;

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
