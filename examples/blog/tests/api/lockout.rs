//! Guessing passwords: five failures of an account from an address, whether or not there is such an account.

use std::sync::Arc;

use axum::body::Body;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, TestApp};

async fn login(app: &TestApp, address: [u8; 4], email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password }).to_string();
    let request = Request::post("/api/v1/auth/login").header(CONTENT_TYPE, "application/json");
    app.send_from(address, request.body(Body::from(body)).unwrap()).await
}

/// What a client can tell answers apart by.
fn visible(answer: &Answer) -> String {
    let mut headers = answer.headers.clone();
    for varies in ["x-request-id", "ratelimit"] {
        headers.remove(varies);
    }
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    body.as_object_mut().unwrap().remove("instance");
    format!("{} {headers:?} {body}", answer.status)
}

#[tokio::test]
async fn the_sixth_guess_is_refused_though_it_is_right_and_unknown_accounts_look_the_same() {
    let app = TestApp::new().await;
    let stranger = [198, 51, 100, 1];
    let mut told = Vec::new();
    for email in ["reader@example.com", "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(visible(&login(&app, stranger, email, "a wrong guess").await));
        }
        assert!(answers[0].starts_with("401"), "{}", answers[0]);
        let sixth = login(&app, stranger, email, "reader-password").await;
        assert_eq!(sixth.status, 429, "{sixth:?}");
        let wait: u32 = sixth.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        answers.push(sixth.json()["message"].to_string());
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    // Spelt otherwise it is the same account.
    let upper = login(&app, stranger, " READER@example.com", "reader-password").await;
    assert_eq!(upper.status, 429, "{upper:?}");
    // The owner elsewhere has lost nothing, and other accounts of the stranger's neither.
    let owner = login(&app, [192, 0, 2, 9], "reader@example.com", "reader-password").await;
    assert_eq!(owner.status, 200, "{owner:?}");
    let other = login(&app, stranger, "editor@example.com", "editor-password").await;
    assert_eq!(other.status, 200, "{other:?}");
}

#[tokio::test]
async fn a_success_forgives_the_failures_before_it() {
    let app = TestApp::new().await;
    let home = [192, 0, 2, 9];
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(login(&app, home, "reader@example.com", "wrong").await.status, 401);
        }
        let right = login(&app, home, "reader@example.com", "reader-password").await;
        assert_eq!(right.status, 200, "{right:?}");
    }
}

#[tokio::test]
async fn guesses_at_once_count_one_by_one() {
    let app = Arc::new(TestApp::new().await);
    let mut answers = Vec::new();
    let mut running = JoinSet::new();
    for _ in 0..20 {
        let app = Arc::clone(&app);
        running.spawn(async move {
            login(&app, [198, 51, 100, 1], "reader@example.com", "wrong")
                .await
                .status
        });
    }
    while let Some(status) = running.join_next().await {
        answers.push(status.unwrap().as_u16());
    }
    answers.sort_unstable();
    assert_eq!(
        answers.iter().filter(|status| **status == 401).count(),
        5,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 429).count(),
        15,
        "{answers:?}"
    );
}
