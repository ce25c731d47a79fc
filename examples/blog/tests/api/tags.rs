use http::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn tagged(app: &TestApp, token: &str, title: &str, tags: &[&str], published: bool) -> Value {
    let body = json!({ "title": title, "body": "text", "tags": tags, "published": published });
    let answer = app.call(Method::POST, "/api/v1/posts", Some(token), Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn tags_are_given_changed_and_taken() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let post = tagged(&app, &editor, "Tagged", &[" Rust ", "rust", "Über", "web dev"], true).await;
    assert_eq!(post["tags"], json!(["rust", "web dev", "über"]));
    let path = format!("/api/v1/posts/{}", post["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.json()["tags"], post["tags"]);

    let change = async |method: Method, body: Value| {
        let answer = app.call(method, &path, Some(&editor), Some(body)).await;
        (answer.json()["version"].clone(), answer.json()["tags"].clone())
    };
    let tags = json!(["axum", "rust"]);
    assert_eq!(
        change(Method::PATCH, json!({ "tags": tags })).await,
        (json!(2), tags.clone())
    );
    assert_eq!(
        change(Method::PATCH, json!({ "body": "b" })).await,
        (json!(3), tags.clone())
    );
    let whole = json!({ "title": "T", "body": "b", "tags": ["axum"] });
    assert_eq!(change(Method::PUT, whole).await, (json!(4), json!(["axum"])));
    let whole = json!({ "title": "T", "body": "b" });
    assert_eq!(change(Method::PUT, whole).await, (json!(5), json!([])));
    assert_eq!(app.get(&path).await.json()["tags"], json!([]));
}

#[tokio::test]
async fn tags_that_cannot_be_are_named_with_the_other_faults() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let check = async |tags: Value| {
        let body = Some(json!({ "title": "", "body": "x", "tags": tags }));
        let answer = app.call(Method::POST, "/api/v1/posts", Some(&editor), body).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let errors = &answer.json()["errors"];
        assert!(errors["tags"].is_array() && errors["title"].is_array(), "{answer:?}");
    };
    check(json!([""])).await;
    check(json!(["a,b"])).await;
    check(json!(["a\u{0}b"])).await;
    check(json!(["x".repeat(41)])).await;
    check(json!((0..11).map(|n| n.to_string()).collect::<Vec<_>>())).await;
    assert_eq!(app.get("/api/v1/tags").await.json()["total"], 0);
}

#[tokio::test]
async fn a_refused_change_leaves_no_tags_behind() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let post = tagged(&app, &editor, "Tagged", &["old"], true).await;
    let path = format!("/api/v1/posts/{}", post["id"].as_str().unwrap());
    let body = Some(json!({ "tags": ["new"], "version": 9 }));
    assert_eq!(app.call(Method::PATCH, &path, Some(&editor), body).await.status, 412);
    let tags = app.get("/api/v1/tags").await.json();
    assert_eq!(tags["items"], json!([{ "name": "old", "posts": 1 }]));
}

#[tokio::test]
async fn counts_are_of_what_the_reader_may_see() {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    tagged(&app, &editor, "One", &["rust", "web"], true).await;
    tagged(&app, &editor, "Two", &["rust"], true).await;
    tagged(&app, &editor, "Draft", &["rust", "secret"], false).await;
    let gone = tagged(&app, &editor, "Gone", &["web"], true).await;
    let path = format!("/api/v1/posts/{}", gone["id"].as_str().unwrap());
    assert_eq!(app.call(Method::DELETE, &path, Some(&editor), None).await.status, 204);

    let tags = async |token: Option<&str>| {
        let answer = app.call(Method::GET, "/api/v1/tags", token, None).await.json();
        assert_eq!(answer["total"], answer["items"].as_array().unwrap().len());
        let items = answer["items"].as_array().unwrap().clone();
        let pair = |item: Value| {
            (
                item["name"].as_str().unwrap().to_owned(),
                item["posts"].as_i64().unwrap(),
            )
        };
        items.into_iter().map(pair).collect::<Vec<_>>()
    };
    let named = |pairs: &[(&str, i64)]| {
        pairs
            .iter()
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect::<Vec<_>>()
    };
    assert_eq!(tags(None).await, named(&[("rust", 2), ("web", 1)]));
    assert_eq!(tags(Some(&reader)).await, named(&[("rust", 2), ("web", 1)]));
    assert_eq!(
        tags(Some(&editor)).await,
        named(&[("rust", 3), ("secret", 1), ("web", 1)])
    );
    let page = app.get("/api/v1/tags?page=2&size=1").await.json();
    assert_eq!((&page["items"][0]["name"], &page["total"]), (&json!("web"), &json!(2)));
}

#[tokio::test]
async fn the_same_new_tags_by_many_at_once_are_made_once() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let make = async |number: usize| {
        let mut tags = ["alpha", "beta", "gamma"];
        tags.rotate_left(number % 3);
        tagged(&app, &editor, &format!("Post {number}"), &tags, true).await
    };
    let (first, second) = tokio::join!(async { tokio::join!(make(0), make(1), make(2), make(3)) }, async {
        tokio::join!(make(4), make(5), make(6), make(7))
    });
    for post in <[Value; 4]>::from(first).into_iter().chain(<[Value; 4]>::from(second)) {
        assert_eq!(post["tags"], json!(["alpha", "beta", "gamma"]));
    }
    let tags = app.get("/api/v1/tags").await.json();
    let eight = |name: &str| json!({ "name": name, "posts": 8 });
    assert_eq!(tags["items"], json!([eight("alpha"), eight("beta"), eight("gamma")]));
    assert_eq!(app.trail("tag", "create").await, 3);
}

#[tokio::test]
async fn what_everybody_sees_is_counted_once_and_anew_after_a_write() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let path = "/api/v1/tags";
    tagged(&app, &editor, "One", &["rust"], true).await;
    // Of many at once one asks.
    let (first, second, third) = tokio::join!(app.get(path), app.get(path), app.get(path));
    let asked: u64 = [&first, &second, &third]
        .into_iter()
        .filter_map(|answer| answer.statements)
        .sum();
    assert_eq!(asked, 2);
    assert_eq!((&second.json(), &third.json()), (&first.json(), &first.json()));
    assert_eq!(app.get(path).await.statements, Some(0));
    // Another page is another answer, and who has drafts asks for themselves.
    assert_eq!(app.get("/api/v1/tags?size=1").await.statements, Some(2));
    let own = app.call(Method::GET, path, Some(&editor), None).await;
    assert!(own.statements > Some(0), "{own:?}");

    let post = tagged(&app, &editor, "Two", &["rust", "web"], true).await;
    let items = app.get(path).await.json()["items"].clone();
    assert_eq!(
        items,
        json!([{ "name": "rust", "posts": 2 }, { "name": "web", "posts": 1 }])
    );
    let gone = format!("/api/v1/posts/{}", post["id"].as_str().unwrap());
    assert_eq!(app.call(Method::DELETE, &gone, Some(&editor), None).await.status, 204);
    assert_eq!(
        app.get(path).await.json()["items"],
        json!([{ "name": "rust", "posts": 1 }])
    );
}
