use std::sync::Arc;
use std::time::Duration;

use http::Method;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement, TransactionTrait};
use serde_json::json;

use crate::support::TestApp;

async fn write(app: &TestApp, token: &str, title: &str, text: &str, published: bool) -> String {
    let body = json!({ "title": title, "body": text, "published": published });
    let answer = app.call(Method::POST, "/api/v1/posts", Some(token), Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.header("location").to_owned()
}

#[tokio::test]
async fn every_word_must_occur() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    write(
        &app,
        &editor,
        "Rust and axum",
        "It's what the web of foo_bar needs: Go",
        true,
    )
    .await;
    write(&app, &editor, "ÜBER uns", "See example.com/rust-lang or C++", true).await;
    write(&app, &editor, "A draft", "about rust", false).await;
    let gone = write(&app, &editor, "Deleted", "about rust", true).await;
    assert_eq!(app.call(Method::DELETE, &gone, Some(&editor), None).await.status, 204);

    let check = async |query: &str, token: Option<&str>, expect: &[&str]| {
        let path = format!("/api/v1/posts/search?q={query}&fields=title");
        let answer = app.call(Method::GET, &path, token, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.json()["items"].as_array().unwrap().clone();
        let mut titles: Vec<_> = items.iter().map(|item| item["title"].as_str().unwrap()).collect();
        titles.sort_unstable();
        assert_eq!(titles, expect, "{query}");
        assert_eq!(answer.json()["total"], expect.len());
    };
    check("rust", None, &["Rust and axum", "ÜBER uns"]).await;
    check("RUST+Axum", None, &["Rust and axum"]).await;
    check("axum+needs", None, &["Rust and axum"]).await;
    check("rust", Some(&editor), &["A draft", "Rust and axum", "ÜBER uns"]).await;
    check("%C3%BCber", None, &["ÜBER uns"]).await;
    check("uber", None, &[]).await;
    check("example", None, &["ÜBER uns"]).await;
    check("lang", None, &["ÜBER uns"]).await;
    check("bar", None, &["Rust and axum"]).await;
    check("rust+zebra", None, &[]).await;
    check("axu", None, &[]).await;
    // Words that an index of MariaDB leaves out, or cannot have.
    check("the+what+needs", None, &["Rust and axum"]).await;
    check("rust+go", None, &["Rust and axum"]).await;
    check("rust+c", None, &["ÜBER uns"]).await;
    check("rust+ru", None, &[]).await;
    // Nothing of this is an operator.
    check("rust+-axum", None, &["Rust and axum"]).await;
    check("%22rust%22+%2Baxum*", None, &["Rust and axum"]).await;
    check("title:rust", None, &[]).await;
    check("rust+OR+zebra", None, &[]).await;
    check("rust')+--+%3B", None, &["Rust and axum", "ÜBER uns"]).await;

    for nothing in ["", "q=", "q=a", "q=%22", "q=*+-+%2B", "q=%00rust"] {
        assert_eq!(
            app.get(&format!("/api/v1/posts/search?{nothing}")).await.status,
            400,
            "{nothing}"
        );
    }
    let words = "w".repeat(201);
    assert_eq!(app.get(&format!("/api/v1/posts/search?q={words}")).await.status, 400);
}

#[tokio::test]
async fn what_changes_is_found_anew_and_in_pages() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let first = write(&app, &editor, "Heron", "bird", true).await;
    write(&app, &editor, "Heron heron", "heron and heron", true).await;
    write(&app, &editor, "Other", "a heron", true).await;
    let search = async |query: &str| app.get(&format!("/api/v1/posts/search?{query}")).await;
    let page = search("q=heron&size=2").await;
    // The number, the page, tags, counts, comments, authors.
    assert_eq!((&page.json()["total"], page.statements), (&json!(3), Some(6)));
    assert_eq!(page.json()["items"][0]["title"], "Heron heron");
    let next = page.json()["links"]["next"].as_str().unwrap().to_owned();
    let rest = app.get(&next).await.json();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["links"]["next"]),
        (1, &json!(null))
    );

    let change = Some(json!({ "title": "Stork" }));
    assert_eq!(app.call(Method::PATCH, &first, Some(&editor), change).await.status, 200);
    assert_eq!(search("q=heron").await.json()["total"], 2);
    assert_eq!(search("q=stork").await.json()["total"], 1);
}

/// Words that are in half of all posts keep a server busy for seconds, and once kept every connection.
#[tokio::test(flavor = "multi_thread")]
async fn searches_that_take_long_leave_connections_to_others() {
    let app = Arc::new(TestApp::with(&[("DATABASE_ACQUIRE_SECONDS", "1"), ("DATABASE_LOCK_SECONDS", "60")]).await);
    let beside = Database::connect(app.database_url()).await.unwrap();
    let backend = beside.get_database_backend();
    let (lock, unlock) = match backend {
        DbBackend::MySql => ("LOCK TABLES posts WRITE", "UNLOCK TABLES"),
        DbBackend::Postgres => ("LOCK TABLE posts", "SELECT 1"),
        // Its readers wait for nobody.
        _ => return,
    };
    let tell = |sql: &'static str| Statement::from_string(backend, sql);
    let holder = beside.begin().await.unwrap();
    holder.execute_raw(tell(lock)).await.unwrap();
    let searches: Vec<_> = (0..12)
        .map(|_| {
            let app = Arc::clone(&app);
            tokio::spawn(async move { app.get("/api/v1/posts/search?q=rust").await.status })
        })
        .collect();
    let used =
        r#"db_client_connection_count{db_client_connection_pool_name="write",db_client_connection_state="used"} "#;
    loop {
        let metrics = app.admin("GET", "/metrics", "").await.text;
        let used = metrics.lines().find_map(|line| line.strip_prefix(used)).unwrap();
        if used.parse::<u32>().unwrap() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..5 {
        assert_eq!(app.get("/api/v1/users").await.status, 200);
    }
    holder.execute_raw(tell(unlock)).await.unwrap();
    holder.rollback().await.unwrap();
    for search in searches {
        assert_eq!(search.await.unwrap(), 200);
    }
    beside.close().await.unwrap();
}
