use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::browser::Browser;
use crate::redis::Redis;
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

async fn sign_in(browser: &mut Browser<'_>) -> Value {
    let body = json!({ "email": "editor@example.com", "password": "editor-password" });
    let answer = browser
        .fetch(Method::POST, "/api/v1/auth/login", None, Some(body))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn renew(browser: &mut Browser<'_>) -> Answer {
    browser
        .fetch(Method::POST, "/api/v1/auth/refresh", None, Some(json!({})))
        .await
}

/// Signs in, goes on by its cookie alone, and signs out.
async fn lives_by_its_cookie(app: &TestApp, https: bool, cookie: &str) {
    let mut browser = Browser::new(app, https);
    assert_eq!(renew(&mut browser).await.status, 400, "nobody has signed in");
    let first = sign_in(&mut browser).await;
    let held = browser.cookie(cookie).unwrap().to_owned();
    assert_eq!(first["refresh_token"], *held);
    assert_eq!(browser.document_cookie(), "", "no script may read it");

    let second = renew(&mut browser).await.json();
    assert_eq!(second["refresh_token"], browser.cookie(cookie).unwrap());
    assert_ne!(second["refresh_token"], *held);
    assert_eq!((me(app, &first).await, me(app, &second).await), (200, 200));

    // The other tab still has the old one, and is led to the new one.
    let mut tab = browser.another_tab();
    tab.set(
        &format!(
            "{cookie}={held}; Path=/; HttpOnly{}",
            if https { "; Secure" } else { "" }
        ),
        "/",
    );
    assert_eq!(renew(&mut tab).await.status, 200);
    assert_eq!(tab.cookie(cookie), browser.cookie(cookie));

    let token = second["token"].as_str();
    let answer = browser.fetch(Method::POST, "/api/v1/auth/logout", token, None).await;
    assert_eq!(answer.status, 204);
    assert_eq!(browser.cookie(cookie), None, "{answer:?}");
    assert_eq!(renew(&mut browser).await.status, 400);
    // The tab has it still, and it is good for nothing.
    assert_eq!(renew(&mut tab).await.status, 401);
    assert_eq!((me(app, &first).await, me(app, &second).await), (401, 401));
}

#[tokio::test]
async fn a_browser_lives_by_its_cookie() {
    lives_by_its_cookie(&TestApp::new().await, false, "refresh").await;
}

#[tokio::test]
async fn in_production_the_cookie_is_of_this_host_alone() {
    let app = TestApp::with(&[("APP_ENV", "production")]).await;
    // Nobody is seeded there.
    let new = json!({ "email": "editor@example.com", "name": "Editor", "password": "editor-password" });
    let answer = app.call(Method::POST, "/api/v1/auth/register", None, Some(new)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    lives_by_its_cookie(&app, true, "__Host-refresh").await;
    let mut plain = Browser::new(&app, false);
    sign_in(&mut plain).await;
    assert_eq!(plain.cookie("__Host-refresh"), None, "it does not go over plain HTTP");
}

#[tokio::test]
async fn of_two_cookies_neither_is_taken() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app, false);
    sign_in(&mut browser).await;
    // As a page of another port of this host could set it.
    browser.set("refresh=planted; Path=/api", "/");
    assert_eq!(renew(&mut browser).await.status, 400);
}

/// One request over a connection of its own.
async fn over_a_socket(address: SocketAddr, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST /api/v1/auth/refresh HTTP/1.1\r\nhost: blog\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// Fifty clients present the same token at once: it is one session with one current token, which all of them got.
async fn fifty_at_once(apps: &[&TestApp]) {
    let mut addresses = Vec::new();
    let mut servers = JoinSet::new();
    for app in apps {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let service = app.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        servers.spawn(async move { axum::serve(listener, service).await });
    }
    let first = login(apps[0]).await;
    let body = json!({ "refresh_token": first["refresh_token"] });
    let mut clients = JoinSet::new();
    for number in 0..50 {
        let (address, body) = (addresses[number % addresses.len()], body.clone());
        clients.spawn(async move { over_a_socket(address, &body).await });
    }
    let answers = clients.join_all().await;
    let tokens: HashSet<_> = answers
        .iter()
        .map(|(status, answer)| {
            assert_eq!(*status, 200, "{answer}");
            answer["refresh_token"].as_str().unwrap()
        })
        .collect();
    assert_eq!(tokens.len(), 1, "one successor for all");
    assert!(!tokens.contains(first["refresh_token"].as_str().unwrap()));
    for (_, answer) in &answers {
        for app in apps {
            assert_eq!(me(app, answer).await, 200);
        }
    }
    let sessions = apps[0]
        .call(
            Method::GET,
            "/api/v1/auth/sessions",
            answers[0].1["token"].as_str(),
            None,
        )
        .await;
    assert_eq!(sessions.json().as_array().unwrap().len(), 1, "one family");
    let next = refresh(apps[0], &answers[49].1).await;
    assert_eq!(next.status, 200, "and it goes on: {next:?}");
    servers.abort_all();
}

#[tokio::test]
async fn of_fifty_clients_at_once_all_get_the_same_token() {
    fifty_at_once(&[&TestApp::new().await]).await;
}

#[tokio::test]
async fn of_fifty_clients_of_two_processes_all_get_the_same_token() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let url = redis.url();
    let one = TestApp::with(&[("REDIS_URL", &url)]).await;
    let other = TestApp::with(&[("REDIS_URL", &url), ("DATABASE_URL", &one.database_url())]).await;
    fifty_at_once(&[&one, &other]).await;
}

#[tokio::test]
async fn while_redis_is_down_nobody_is_let_in_and_nobody_forgets_who_they_are() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let app = TestApp::with(&[("REDIS_URL", &redis.url())]).await;
    let mut browser = Browser::new(&app, false);
    let tokens = sign_in(&mut browser).await;
    assert_eq!(me(&app, &tokens).await, 200);

    redis.kill();
    let answer = app
        .call(Method::GET, "/api/v1/auth/me", tokens["token"].as_str(), None)
        .await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_ne!(answer.header("retry-after"), "");
    let held = browser.cookie("refresh").unwrap().to_owned();
    assert_eq!(renew(&mut browser).await.status, 503);
    assert_eq!(
        browser.cookie("refresh"),
        Some(&*held),
        "what may be good again is kept"
    );
    // Who asks for nothing of their own is served.
    assert_eq!(app.get("/api/v1/posts").await.status, 200);

    // It kept nothing: all are signed out, and may sign in.
    redis.revive();
    let answer = loop {
        let answer = renew(&mut browser).await;
        if answer.status != 503 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(answer.status, 401, "{answer:?}");
    let tokens = sign_in(&mut browser).await;
    assert_eq!(me(&app, &tokens).await, 200);
    assert_eq!(renew(&mut browser).await.status, 200);
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
    let Some(redis) = Redis::start() else {
        return;
    };
    let url = redis.url();
    let one = TestApp::with(&[("REDIS_URL", &url)]).await;
    let other = TestApp::with(&[("REDIS_URL", &url), ("DATABASE_URL", &one.database_url())]).await;
    for path in ["/api/v1/auth/logout", "/api/v1/auth/logout-all"] {
        let tokens = login(&one).await;
        assert_eq!((me(&one, &tokens).await, me(&other, &tokens).await), (200, 200));
        one.call(Method::POST, path, tokens["token"].as_str(), None).await;
        assert_eq!((me(&one, &tokens).await, me(&other, &tokens).await), (401, 401));
    }
}
