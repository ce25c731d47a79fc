use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

async fn login(app: &TestApp) -> Value {
    let body = json!({ "email": "editor@example.com", "password": "editor-password" });
    let answer = app.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn refresh(app: &TestApp, tokens: &Value) -> Answer {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    app.call(Method::POST, "/api/v1/auth/refresh", None, Some(body)).await
}

async fn me(app: &TestApp, tokens: &Value) -> u16 {
    let answer = app
        .call(Method::GET, "/api/v1/auth/me", tokens["token"].as_str(), None)
        .await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_refresh_token_is_good_for_the_next_pair() {
    let app = TestApp::new().await;
    let first = login(&app).await;
    let second = refresh(&app, &first).await;
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!((me(&app, &first).await, me(&app, &second).await), (200, 200));
    // The double click: the loser is led to the token that the winner got.
    let again = refresh(&app, &first).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);

    let nonsense = refresh(&app, &json!({ "refresh_token": "nonsense" })).await;
    assert_eq!(nonsense.status, 401);
    assert!(nonsense.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(refresh(&app, &json!({})).await.status, 400);
}

#[tokio::test]
async fn a_browser_sends_its_refresh_token_as_a_cookie() {
    let app = TestApp::new().await;
    let body = json!({ "email": "editor@example.com", "password": "editor-password" });
    let answer = app.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");

    let request = http::Request::post("/api/v1/auth/refresh")
        .header("cookie", cookie.split(';').next().unwrap())
        .header("content-type", "application/json")
        .body(axum::body::Body::from("{}"));
    assert_eq!(app.send(request.unwrap()).await.status, 200);
}

#[tokio::test]
async fn after_a_logout_its_tokens_are_refused_at_once() {
    let app = TestApp::new().await;
    let (here, there) = (login(&app).await, login(&app).await);
    let token = here["token"].as_str();
    let answer = app.call(Method::POST, "/api/v1/auth/logout", token, None).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{answer:?}");
    assert_eq!((me(&app, &here).await, me(&app, &there).await), (401, 200));
    assert_eq!(refresh(&app, &here).await.status, 401);

    let token = there["token"].as_str();
    let third = login(&app).await;
    app.call(Method::POST, "/api/v1/auth/logout-all", token, None).await;
    assert_eq!((me(&app, &there).await, me(&app, &third).await), (401, 401));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    let app = TestApp::new().await;
    let (here, there) = (login(&app).await, login(&app).await);
    let token = here["token"].as_str();
    let list = async || {
        let answer = app.call(Method::GET, "/api/v1/auth/sessions", token, None).await;
        answer.json().as_array().cloned().unwrap()
    };
    let sessions = list().await;
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/auth/sessions/{}", other["id"].as_str().unwrap());

    let stranger = app.login("reader").await;
    assert_eq!(app.call(Method::DELETE, &path, Some(&stranger), None).await.status, 404);
    assert_eq!(me(&app, &there).await, 200);
    assert_eq!(app.call(Method::DELETE, &path, token, None).await.status, 204);
    assert_eq!((me(&app, &here).await, me(&app, &there).await), (200, 401));
    assert_eq!(list().await.len(), 1);
}

#[tokio::test]
async fn two_processes_on_one_redis_see_each_others_logout() {
    let Ok(redis) = std::env::var("TEST_REDIS_URL") else {
        println!("SKIPPED: TEST_REDIS_URL is not set");
        return;
    };
    let one = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let other = TestApp::with(&[("REDIS_URL", &redis), ("DATABASE_URL", &one.database_url())]).await;
    let tokens = login(&one).await;
    assert_eq!((me(&one, &tokens).await, me(&other, &tokens).await), (200, 200));
    let token = tokens["token"].as_str();
    one.call(Method::POST, "/api/v1/auth/logout", token, None).await;
    assert_eq!((me(&one, &tokens).await, me(&other, &tokens).await), (401, 401));
}
