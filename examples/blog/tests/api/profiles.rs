//! Profiles, accounts as their owners and admins change them, and what of it is stored.

use http::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn a_profile_is_made_replaced_and_changed() {
    let app = TestApp::new().await;
    let (admin, reader) = (app.login("admin").await, app.login("reader").await);
    let id = me(&app, &reader).await;
    let path = format!("/api/v1/users/{id}/profile");
    let send = async |method: Method, token: &str, body: Value| app.call(method, &path, Some(token), Some(body)).await;
    let whole = json!({ "bio": "I read.", "website": "https://reader.example/", "birthday": "1960-02-29" });
    let made = send(Method::PUT, &reader, whole).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        made.json(),
        json!({ "bio": "I read.", "website": "https://reader.example/", "birthday": "1960-02-29", "version": 1 })
    );
    let stored = async || {
        let user = app
            .call(Method::GET, &format!("/api/v1/users/{id}"), Some(&reader), None)
            .await;
        user.json()["profile"].clone()
    };
    assert_eq!(stored().await, made.json());

    // Days that a 32-bit clock, or MariaDB's timestamp, does not know.
    let patched = send(Method::PATCH, &admin, json!({ "birthday": "2040-12-31", "version": 1 })).await;
    assert_eq!(
        (
            patched.status.as_u16(),
            &patched.json()["birthday"],
            &patched.json()["bio"]
        ),
        (200, &json!("2040-12-31"), &json!("I read."))
    );
    assert_eq!(stored().await["birthday"], "2040-12-31");
    assert_eq!(
        send(Method::PATCH, &reader, json!({ "bio": "x", "version": 1 }))
            .await
            .status,
        412
    );
    send(Method::PATCH, &reader, json!({ "birthday": null })).await;
    assert_eq!(
        stored().await,
        json!({ "bio": "I read.", "website": "https://reader.example/", "birthday": null, "version": 3 })
    );
    send(Method::PUT, &reader, json!({})).await;
    assert_eq!(
        stored().await,
        json!({ "bio": "", "website": null, "birthday": null, "version": 4 })
    );

    // The birthday is for the user and for admins.
    send(Method::PATCH, &reader, json!({ "birthday": "1960-02-29" })).await;
    let shown = app.get(&format!("/api/v1/users/{id}")).await.json();
    assert_eq!(shown["profile"], json!({ "bio": "", "website": null, "version": 5 }));

    let editor = app.login("editor").await;
    assert_eq!(send(Method::PUT, &editor, json!({ "bio": "theirs" })).await.status, 403);
    for (field, wrong) in [
        ("website", "javascript:alert(1)"),
        ("website", "reader.example"),
        ("birthday", "1961-02-29"),
        ("birthday", "yesterday"),
        ("bio", "a\u{0}b"),
    ] {
        let answer = send(Method::PATCH, &reader, json!({ field: wrong })).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.json()["errors"][field].is_array(), "{answer:?}");
    }
}

#[tokio::test]
async fn two_that_make_a_profile_at_once_make_one() {
    let app = TestApp::new().await;
    let reader = app.login("reader").await;
    let path = format!("/api/v1/users/{}/profile", me(&app, &reader).await);
    let put = || app.call(Method::PUT, &path, Some(&reader), Some(json!({ "bio": "one" })));
    let answers = tokio::join!(put(), put(), put(), put());
    let statuses = [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.status.as_u16());
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    // The others changed it, or were told that it had changed since.
    assert!(
        statuses.iter().all(|status| [200, 201, 412].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM profiles").await, 1);
}

#[tokio::test]
async fn a_registration_makes_user_and_profile_or_neither() {
    let app = TestApp::new().await;
    let register = async |email: &str, profile: Value| {
        let body = json!({ "email": email, "name": "N", "password": "long enough", "profile": profile });
        app.call(Method::POST, "/api/v1/auth/register", None, Some(body)).await
    };
    let made = register("both@example.org", json!({ "bio": "Hello." })).await;
    assert_eq!(made.status, 201);
    let user = app.get(made.header("location")).await.json();
    assert_eq!(user["profile"]["bio"], "Hello.");
    let faults = register("x", json!({ "website": "ftp://x" })).await.json()["errors"].clone();
    let named: Vec<_> = faults.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(named, ["email", "profile.website"]);

    app.execute("DROP TABLE profiles").await;
    assert_eq!(register("neither@example.org", json!({})).await.status, 500);
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 4);
    let entries = app
        .number("SELECT COUNT(*) FROM audit_entries WHERE entity = 'user'")
        .await;
    assert_eq!(entries, 4);
}

#[tokio::test]
async fn a_user_changes_the_name_and_not_the_role() {
    let app = TestApp::new().await;
    let (admin, reader) = (app.login("admin").await, app.login("reader").await);
    let id = me(&app, &reader).await;
    let path = format!("/api/v1/users/{id}");
    let change = async |token: &str, body: Value| app.call(Method::PATCH, &path, Some(token), Some(body)).await;
    let renamed = change(&reader, json!({ "name": "Rita the Second", "version": 1 })).await;
    assert_eq!(
        (
            renamed.status.as_u16(),
            &renamed.json()["name"],
            &renamed.json()["version"]
        ),
        (200, &json!("Rita the Second"), &json!(2))
    );
    assert_eq!(change(&reader, json!({ "name": "x", "version": 1 })).await.status, 412);
    for body in [
        json!({ "role": "admin" }),
        json!({ "name": "Rita", "active": true }),
        json!({ "email": "other@example.com" }),
        json!({ "id": id }),
        json!({ "password": "x" }),
    ] {
        assert_eq!(change(&reader, body.clone()).await.status, 403, "{body}");
    }
    let editor = app.login("editor").await;
    assert_eq!(change(&editor, json!({ "name": "theirs" })).await.status, 403);
    assert_eq!(app.get(&path).await.json()["name"], "Rita the Second");
    let promoted = change(&admin, json!({ "role": "editor" })).await;
    assert_eq!(promoted.json()["role"], "editor");
    assert_eq!(change(&admin, json!({ "role": "owner" })).await.status, 422);
}

#[tokio::test]
async fn a_closed_account_is_shut_out_at_once() {
    let app = TestApp::new().await;
    let admin = app.login("admin").await;
    let (id, token) = app.register("closed").await;
    let body = json!({ "email": "closed@example.org", "password": "a password of theirs" });
    let login = async || {
        app.call(Method::POST, "/api/v1/auth/login", None, Some(body.clone()))
            .await
    };
    let session = login().await.json();
    let account = format!("/api/v1/admin/users/{id}");
    let set = async |token: &str, body: Value| app.call(Method::PATCH, &account, Some(token), Some(body)).await;
    assert_eq!(set(&token, json!({ "active": true })).await.status, 403);
    let closed = set(&admin, json!({ "active": false })).await;
    assert_eq!((closed.status.as_u16(), &closed.json()["active"]), (200, &json!(false)));

    assert_eq!(login().await.status, 401);
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    let refresh = app
        .call(Method::POST, "/api/v1/auth/refresh", None, Some(refresh))
        .await;
    assert_eq!(refresh.status, 401);
    assert_eq!(app.status("GET", "/api/v1/auth/me", &token).await, 401);
    assert_eq!(app.get(&format!("/api/v1/users/{id}")).await.status, 404);

    let sessions = app
        .call(Method::GET, &format!("{account}/sessions"), Some(&admin), None)
        .await
        .json();
    assert_eq!(sessions["total"], 2);
    for session in sessions["items"].as_array().unwrap() {
        assert_eq!(
            (&session["live"], session["ended_at"].is_string()),
            (&json!(false), true)
        );
    }
    set(&admin, json!({ "active": true })).await;
    assert_eq!(login().await.status, 200);
    let sessions = app
        .call(Method::GET, &format!("{account}/sessions"), Some(&admin), None)
        .await
        .json();
    assert_eq!(
        (&sessions["items"][0]["live"], &sessions["items"][0]["ended_at"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn sessions_are_noted_when_they_begin_and_end() {
    let app = TestApp::new().await;
    let admin = app.login("admin").await;
    let (first, second) = (app.login("reader").await, app.login("reader").await);
    let id = me(&app, &first).await;
    let ended = async || {
        let path = format!("/api/v1/admin/users/{id}/sessions");
        let rows = app.call(Method::GET, &path, Some(&admin), None).await.json();
        let rows = rows["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["ended_at"].is_string());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(ended().await, [false, false]);
    assert_eq!(app.status("POST", "/api/v1/auth/logout", &first).await, 204);
    assert_eq!(ended().await, [false, true]);
    app.login("reader").await;
    assert_eq!(app.status("POST", "/api/v1/auth/logout-all", &second).await, 204);
    assert_eq!(ended().await, [true, true, true]);
}

/// Each closes the other: where both only looked for another admin, none would be left.
#[tokio::test]
async fn the_last_admin_remains() {
    let app = TestApp::new().await;
    let admin = app.login("admin").await;
    let own = me(&app, &admin).await;
    assert_eq!(app.status("DELETE", &format!("/api/v1/users/{own}"), &admin).await, 409);
    let demote = |id: String, token: String| {
        let app = &app;
        async move {
            let path = format!("/api/v1/admin/users/{id}");
            let body = Some(json!({ "role": "reader" }));
            app.call(Method::PATCH, &path, Some(&token), body).await.status.as_u16()
        }
    };
    assert_eq!(demote(own.clone(), admin.clone()).await, 409);

    let (other, _) = app.register("second").await;
    let path = format!("/api/v1/admin/users/{other}");
    let promote = Some(json!({ "role": "admin" }));
    assert_eq!(app.call(Method::PATCH, &path, Some(&admin), promote).await.status, 200);
    let body = json!({ "email": "second@example.org", "password": "a password of theirs" });
    let login = app
        .call(Method::POST, "/api/v1/auth/login", None, Some(body))
        .await
        .json();
    let second = login["token"].as_str().unwrap().to_owned();
    let statuses = tokio::join!(demote(other, admin), demote(own, second));
    let mut statuses = [statuses.0, statuses.1];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE role = 'admin'").await, 1);
}

async fn me(app: &TestApp, token: &str) -> String {
    let me = app.call(Method::GET, "/api/v1/auth/me", Some(token), None).await;
    me.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_change_of_nothing_is_no_way_to_touch_the_account_of_another() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    let path = format!("/api/v1/users/{}", me(&app, &reader).await);
    let change = async |token: &str| {
        app.call(Method::PATCH, &path, Some(token), Some(json!({})))
            .await
            .status
    };
    assert_eq!(change(&editor).await, 403);
    let version = "SELECT version FROM users WHERE email = 'reader@example.com'";
    assert_eq!(app.number(version).await, 1);
    assert_eq!(change(&reader).await, 200);
}
