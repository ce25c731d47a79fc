//! Rules for members at work: a user on axum, shown and changed by others.

#![cfg(feature = "axum")]

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, patch};
use http::Request;
use http_body_util::BodyExt;
use portcullis::axum::Json;
use portcullis::catch_error::CatchErrorLayer;
use portcullis::fields::{Fields, View, Views};
use portcullis::request_id::RequestIdLayer;
use portcullis::{Identity, Problem};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

#[derive(Clone, Serialize)]
struct User {
    id: &'static str,
    name: String,
    email: &'static str,
    role: String,
    #[serde(skip)]
    password_hash: &'static str,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    role: Option<String>,
}

fn user(id: &'static str) -> User {
    User {
        id,
        name: "A".into(),
        email: "a@example.com",
        role: "reader".into(),
        password_hash: "$argon2id$",
    }
}

fn fields() -> Fields<User> {
    fn own(caller: &Identity, user: &User) -> bool {
        caller.has_role("admin") || caller.subject() == Some(user.id)
    }
    Fields::deny_unlisted()
        .readable(["id", "name", "role"])
        .readable_if(["email"], own)
        .writable_if(["name"], own)
        .writable_if(["role"], |caller, user| {
            caller.has_role("admin") && !user.password_hash.is_empty()
        })
        .build()
        .unwrap()
}

async fn list(caller: Identity) -> Json<Views<User>> {
    Json(fields().views(vec![user("1"), user("2")], &caller))
}

async fn change(caller: Identity, body: Bytes) -> portcullis::Result<Json<View<User>>> {
    let mut user = user("1");
    fields().check_json(&body, &caller, &user)?;
    let Json(change) = Json::<Change>::from_bytes(&body)?;
    user.name = change.name.unwrap_or(user.name);
    user.role = change.role.unwrap_or(user.role);
    Ok(Json(fields().view(user, &caller)))
}

async fn send(method: &str, body: &'static str, caller: &Identity) -> (u16, String) {
    let app = Router::new()
        .route("/", get(list))
        .route("/", patch(change))
        .layer(CatchErrorLayer::new())
        .layer(RequestIdLayer::new());
    let mut request = Request::builder().method(method).body(Body::from(body)).unwrap();
    request.extensions_mut().insert(caller.clone());
    let response = app.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    if status != 200 {
        let problem = response.extensions().get::<Problem>().unwrap();
        assert!(problem.request_id().is_some());
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_caller_sees_its_own() {
    async fn check(caller: Identity, expect: [bool; 2]) {
        let (status, body) = send("GET", "", &caller).await;
        assert_eq!(status, 200);
        let shown = |id: &str, email: bool| {
            let email = if email { r#""email":"a@example.com","# } else { "" };
            format!(r#"{{"id":"{id}","name":"A",{email}"role":"reader"}}"#)
        };
        assert_eq!(body, format!("[{},{}]", shown("1", expect[0]), shown("2", expect[1])));
    }
    check(Identity::anonymous(), [false, false]).await;
    check(Identity::user("1"), [true, false]).await;
    check(Identity::user("2"), [false, true]).await;
    check(Identity::user("3").with_roles(["admin"]), [true, true]).await;
}

#[tokio::test]
async fn each_caller_changes_what_is_its_own() {
    async fn check(caller: Identity, body: &'static str, expect: (u16, &str)) {
        let (status, answer) = send("PATCH", body, &caller).await;
        assert_eq!(status, expect.0, "{body}: {answer}");
        assert!(answer.contains(expect.1), "{body}: {answer}");
    }
    let own = || Identity::user("1");
    let admin = || Identity::user("3").with_roles(["admin"]);
    check(own(), r#"{"name": "B"}"#, (200, r#""name":"B""#)).await;
    check(
        admin(),
        r#"{"name": "B", "role": "editor"}"#,
        (200, r#""role":"editor""#),
    )
    .await;
    check(
        own(),
        r#"{"name": "B", "role": "admin", "id": "2"}"#,
        (403, r#""members":["role","id"]"#),
    )
    .await;
    check(Identity::user("2"), r#"{"name": "B"}"#, (403, "you may not set name")).await;
    check(own(), r#"["B", "admin"]"#, (403, "the body as a whole")).await;
    check(
        own(),
        r#"{"name": 7}"#,
        (422, "name: invalid type: integer, expected a string"),
    )
    .await;
    check(own(), r#"{"name": "#, (400, "the body is not JSON")).await;
}
