//! Connections: exhausted, given up by their callers, closed for their age; and what is said of slow statements.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use blog_entity::{SoftDelete, audit_entry, post, user};
use http::Method;
use sea_orm::{
    ColumnTrait, Database, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::database::TestDatabase;
use crate::faults::write;
use crate::migrations::connect;
use crate::process::{Process, ask};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn an_exhausted_pool_refuses_in_time_and_recovers() {
    let app = TestApp::with(&[("DATABASE_POOL", "1"), ("DATABASE_ACQUIRE_SECONDS", "1")]).await;
    let token = &app.login("editor").await;
    let (release, released) = oneshot::channel::<()>();
    let (held, holds) = oneshot::channel();
    let db = app.state().db().clone();
    let holder = tokio::spawn(async move {
        let once = std::sync::Mutex::new(Some((held, released)));
        let once = &once;
        db.transaction(|_db| async move {
            let (held, released) = once.lock().unwrap().take().unwrap();
            held.send(()).unwrap();
            released.await.unwrap();
            Ok(())
        })
        .await
    });
    holds.await.unwrap();
    let create = |number: usize| {
        let body = json!({ "title": format!("post {number}"), "body": "text" });
        app.call(Method::POST, "/api/v1/posts", Some(token), Some(body))
    };
    let all = tokio::join!(create(0), create(1), create(2), create(3), create(4));
    for answer in [all.0, all.1, all.2, all.3, all.4] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.text.contains("pool"), "{answer:?}");
    }
    let metrics = app.admin("GET", "/metrics", "").await.text;
    let used =
        r#"db_client_connection_count{db_client_connection_pool_name="write",db_client_connection_state="used"} 1"#;
    assert!(metrics.contains(used), "{metrics}");
    assert_eq!(app.admin("GET", "/readyz", "").await.status, 503);
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    let answer = create(5).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// The first polls of some work, and then its end, as of a request whose client has gone.
async fn cut_after<F: Future>(mut polls: usize, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(move |context| match polls.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            polls = left;
            work.as_mut().poll(context).map(Some)
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_go_away_leave_neither_transactions_nor_answers_behind() {
    // Each round with new connections, which have prepared nothing yet.
    for round in 0..4 {
        let app = &TestApp::with(&[("DATABASE_POOL", "2")]).await;
        let token = app.login("editor").await;
        let mut cut = 0;
        for polls in 0..12 {
            let body = json!({ "title": format!("{round} {polls}"), "body": "text" });
            let create = app.call(Method::POST, "/api/v1/posts", Some(&token), Some(body));
            cut += u32::from(cut_after(polls, create).await.is_none());
            cut += u32::from(cut_after(polls, app.get("/api/v1/posts")).await.is_none());
        }
        assert!(cut > 0, "nobody went away");
        let db = app.state().db();
        // Both connections, until the last of those who went away has been served.
        let mut before = 0;
        loop {
            let count = || post::Entity::live().count(db.primary());
            let (one, two) = tokio::join!(count(), count());
            let (one, two) = (one.unwrap(), two.unwrap());
            if one == two && one == before {
                break;
            }
            before = one;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let other = TestApp::with(&[("DATABASE_URL", &app.database_url())]).await;
        write(&other, "by another").await.unwrap();
        let count = || post::Entity::live().count(db.primary());
        let (one, two) = tokio::join!(count(), count());
        assert_eq!(
            (one.unwrap(), two.unwrap()),
            (before + 1, before + 1),
            "a view of the past"
        );
        #[expect(clippy::disallowed_methods, reason = "the trail is not deleted by marks")]
        let entries = audit_entry::Entity::find().all(db.primary()).await.unwrap();
        let entries = entries.iter().filter(|entry| entry.entity == "post").count();
        assert_eq!(entries as u64, before + 1);
    }
}

#[tokio::test]
async fn unused_and_old_connections_are_closed() {
    for variable in ["DATABASE_IDLE_SECONDS", "DATABASE_LIFETIME_SECONDS"] {
        let app = TestApp::with(&[(variable, "1")]).await;
        app.get("/api/v1/users").await;
        let mut closed = false;
        for _ in 0..200 {
            let metrics = app.admin("GET", "/metrics", "").await.text;
            let mut idle = metrics
                .lines()
                .filter(|line| line.contains(r#"connection_state="idle""#));
            closed = idle.all(|line| line.ends_with(" 0"));
            if closed {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(closed, "{variable}");
        assert_eq!(app.get("/api/v1/users").await.status, 200);
    }
}

#[tokio::test]
async fn lists_come_from_the_replica_and_writes_go_to_the_primary() {
    let replica = TestApp::new().await;
    write(&replica, "only in the replica").await.unwrap();
    let app = TestApp::with(&[("DATABASE_REPLICA_URL", &replica.database_url())]).await;
    write(&app, "only in the primary").await.unwrap();
    let list = app.get("/api/v1/posts?size=100").await;
    assert!(
        list.statements.is_some_and(|statements| statements > 1),
        "the replica's are counted"
    );
    let list = list.text;
    assert!(
        list.contains("only in the replica") && !list.contains("only in the primary"),
        "{list}"
    );
    let new = json!({ "email": "new@example.com", "name": "New", "password": "a long password" });
    let answer = app.call(Method::POST, "/api/v1/auth/register", None, Some(new)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let users = async |app: &TestApp| user::Entity::live().count(app.state().db().primary()).await.unwrap();
    assert_eq!((users(&app).await, users(&replica).await), (4, 3));
    let metrics = app.admin("GET", "/metrics", "").await.text;
    for pool in ["read", "write"] {
        assert!(
            metrics.contains(&format!(
                r#"connection_max{{db_client_connection_pool_name="{pool}"}} "#
            )),
            "{metrics}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_statement_is_logged_with_its_request_and_without_its_parameters() {
    let database = TestDatabase::create();
    let url = database.url();
    let mut blog = Process::start(&[
        ("DATABASE_URL", &url),
        ("APP_ENV", "development"),
        ("SLOW_STATEMENT_MS", "0"),
        ("LOG_DIR", "logs"),
    ]);
    let json = "Content-Type: application/json\r\n";
    let credentials = r#"{"email":"editor@example.com","password":"editor-password"}"#;
    let (_, body) = ask(blog.address, "POST", "/api/v1/auth/login", json, credentials);
    let token = serde_json::from_str::<Value>(&body).unwrap()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let headers = format!("{json}Authorization: Bearer {token}\r\n");
    let body = json!({ "title": "s3cret title", "body": "s3cret text" }).to_string();
    let (head, _) = ask(blog.address, "POST", "/api/v1/posts", &headers, &body);
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
    assert!(blog.stop().success());
    let log = std::fs::read_to_string(blog.folder.join("logs/blog.log")).unwrap();
    for secret in ["s3cret", "argon2", "editor@example.com", "editor-password"] {
        assert!(!log.contains(secret), "{secret}");
    }
    let slow: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("slow statement"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let insert = slow.iter().find(|record| {
        record["statement"].as_str().unwrap().starts_with("INSERT INTO") && record["route"] == "/api/v1/posts"
    });
    let insert = insert.unwrap_or_else(|| panic!("{slow:?}"));
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    assert_eq!(insert["request_id"].as_str(), id);
    assert!(id.is_some(), "{head}");
    assert!(insert["elapsed_ms"].is_u64());
    assert_eq!(insert["level"], "WARN");
    // The database's own end, before its folder goes.
    connect(&database).await.close().await.unwrap();
}

#[tokio::test]
async fn what_decides_about_a_write_is_asked_of_the_primary() {
    // A replica that is so far behind that it knows nothing of the primary.
    let replica = TestApp::new().await;
    let app = TestApp::with(&[("DATABASE_REPLICA_URL", &replica.database_url())]).await;
    let editor = app.login("editor").await;
    let post = app.post(&editor, "New").await;
    let path = format!("/api/v1/posts/{post}");
    let change = Some(json!({ "title": "Newer" }));
    assert_eq!(app.call(Method::PATCH, &path, Some(&editor), change).await.status, 200);
    let comment = app.comment(&editor, &post, None, "first").await;
    let of_comment = format!("{path}/comments/{comment}");
    let change = Some(json!({ "body": "second" }));
    assert_eq!(
        app.call(Method::PATCH, &of_comment, Some(&editor), change).await.status,
        200
    );
    assert_eq!(app.status("DELETE", &of_comment, &editor).await, 204);
    assert_eq!(app.status("POST", &format!("{of_comment}/restore"), &editor).await, 204);
    assert_eq!(app.status("DELETE", &path, &editor).await, 204);
    assert_eq!(app.status("POST", &format!("{path}/restore"), &editor).await, 204);
    let draft = Some(json!({ "published": false }));
    assert_eq!(app.call(Method::PATCH, &path, Some(&editor), draft).await.status, 200);
    let gone = Some(json!({ "ids": [post] }));
    let answer = app
        .call(Method::POST, "/api/v1/posts/bulk-delete", Some(&editor), gone)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// By default `MariaDB` waits for 50 s and `PostgreSQL` for ever, and the gate's deadline answers, of which nobody learns why.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lock_in_vain_is_told_to_come_again() {
    let app = TestApp::with(&[("DATABASE_LOCK_SECONDS", "1")]).await;
    let token = &app.login("editor").await;
    let post = app.post(token, "Locked").await;
    let path = &format!("/api/v1/posts/{post}");
    let change = || app.call(Method::PATCH, path, Some(token), Some(json!({ "title": "Changed" })));

    let beside = Database::connect(app.database_url()).await.unwrap();
    let options = TransactionOptions {
        // SQLite has one lock, for whoever writes.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let holder = beside.begin_with_options(options).await.unwrap();
    let id: uuid::Uuid = post.parse().unwrap();
    let row = post::Entity::live()
        .filter(post::Column::PublicId.eq(id))
        .lock_exclusive();
    assert!(row.one(&holder).await.unwrap().is_some());

    let answer = change().await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["detail"], "others are changing the same; try again later");
    // A list waits for nobody.
    assert_eq!(app.get("/api/v1/posts").await.status, 200);
    holder.rollback().await.unwrap();
    beside.close().await.unwrap();
    assert_eq!(change().await.status, 200);
}
