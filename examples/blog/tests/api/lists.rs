use http::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// So many posts with tags and comments, some of them deleted.
async fn filled(posts: usize) -> (TestApp, String) {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    for number in 0..posts {
        let body = json!({ "title": format!("Post {:03}", number / 2), "body": "text", "tags": ["rust", "web"] });
        let post = app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
        let path = format!("{}/comments", post.header("location"));
        for text in ["one", "two", "three", "four", "five"].into_iter().take(number % 6) {
            let body = Some(json!({ "body": text }));
            let comment = app.call(Method::POST, &path, Some(&reader), body).await;
            assert_eq!(comment.status, 201, "{comment:?}");
            if text == "four" {
                let path = comment.header("location");
                assert_eq!(app.call(Method::DELETE, path, Some(&reader), None).await.status, 204);
            }
        }
    }
    (app, editor)
}

fn titles(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_page_takes_as_many_statements_as_any_other() {
    let (app, editor) = filled(100).await;
    let check = async |query: &str, token: Option<&str>, size: usize, statements: u64| {
        let path = format!("/api/v1/posts?size={size}{query}");
        let answer = app.call(Method::GET, &path, token, None).await;
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), size, "{query}");
        assert_eq!(answer.statements, Some(statements), "{path}");
    };
    for size in [1, 100] {
        // The number of all, the page, tags, counts, comments, authors.
        check("", None, size, 6).await;
        // The reader.
        check("", Some(&editor), size, 7).await;
        check("&total=false", None, size, 5).await;
        check("&total=false&fields=id,title", None, size, 1).await;
        check("&total=false&fields=author", None, size, 2).await;
        check("&total=false&fields=comments", None, size, 3).await;
        check("&fields=tags,comment_count&tag=rust,web", None, size.min(100), 4).await;
    }
}

#[tokio::test]
async fn a_post_comes_with_its_latest_three_comments() {
    let (app, _) = filled(6).await;
    let page = app.get("/api/v1/posts?sort=-created_at").await.json();
    let newest = &page["items"][0];
    assert_eq!(
        (&newest["comment_count"], &newest["tags"]),
        (&json!(4), &json!(["rust", "web"]))
    );
    assert_eq!(newest["author"]["name"], "Edgar Editor");
    let comments = newest["comments"].as_array().unwrap();
    let texts: Vec<_> = comments
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    // The fourth is deleted.
    assert_eq!(texts, ["five", "three", "two"]);
    assert!(
        comments
            .iter()
            .all(|comment| comment["author"]["name"] == "Rita Reader")
    );
    assert_eq!(
        (&page["items"][5]["comment_count"], &page["items"][5]["comments"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test]
async fn cursors_lose_and_repeat_nothing() {
    let (app, editor) = filled(21).await;
    for sort in [
        "title",
        "-title",
        "created_at",
        "title,-created_at",
        "-updated_at,title",
    ] {
        let all = app.get(&format!("/api/v1/posts?size=100&sort={sort}")).await.json();
        let ids = |page: &Value| {
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone())
                .collect::<Vec<_>>()
        };
        let expect = ids(&all);
        let mut seen = Vec::new();
        let mut link = format!("/api/v1/posts?page[size]=4&sort={sort}&fields=id");
        let mut last = loop {
            let answer = app.get(&link).await;
            assert_eq!(
                (answer.status.as_u16(), answer.statements),
                (200, Some(1)),
                "{answer:?}"
            );
            let page = answer.json();
            seen.extend(ids(&page));
            assert!(page.get("total").is_none());
            match page["links"]["next"].as_str() {
                Some(next) => link = next.to_owned(),
                None => break page,
            }
        };
        assert_eq!(seen, expect, "{sort}");
        let mut back = ids(&last);
        while let Some(prev) = last["links"]["prev"].as_str() {
            last = app.get(prev).await.json();
            back.splice(0..0, ids(&last));
        }
        assert_eq!(back, expect, "{sort}");
    }
    // What is written meanwhile moves nothing.
    let first = app.get("/api/v1/posts?page[size]=3&sort=-created_at").await.json();
    app.post(&editor, "Meanwhile").await;
    let next = first["tokens"]["next"].as_str().unwrap();
    let second = app
        .get(&format!(
            "/api/v1/posts?sort=-created_at&page[after]={next}&page[size]=3&total=true"
        ))
        .await
        .json();
    let whole = app.get("/api/v1/posts?sort=-created_at&size=7").await.json();
    assert_eq!([titles(&first), titles(&second)].concat(), titles(&whole)[1..]);
    assert_eq!(second["total"], 25);
}

#[tokio::test]
async fn pages_by_number_are_parts_of_the_whole() {
    let (app, editor) = filled(9).await;
    let list = async |query: &str, token: Option<&str>| {
        let path = format!("/api/v1/posts?total=false&{query}");
        let answer = app.call(Method::GET, &path, token, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["items"].as_array().unwrap().clone()
    };
    let body = json!({ "title": "Post 001", "body": "a draft among equals", "published": false, "tags": ["web"] });
    app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
    for query in [
        "sort=title",
        "sort=-title",
        "sort=-title,created_at&tag=web",
        "tag=rust,web",
        "author=",
    ] {
        for (token, drafts) in [(None, 0), (Some(&*editor), 1)] {
            let whole = list(&format!("{query}&size=100"), token).await;
            let mut parts = Vec::new();
            for page in 1..=5 {
                parts.extend(list(&format!("{query}&size=3&page={page}"), token).await);
            }
            assert_eq!(parts, whole, "{query}");
            let hidden = whole.iter().filter(|item| item["published"] == false).count();
            assert_eq!(hidden, if query.contains("rust") { 0 } else { drafts }, "{query}");
        }
    }
}

#[tokio::test]
async fn filters_and_fields() {
    let (app, editor) = filled(4).await;
    let body = json!({ "title": "Draft", "body": "x", "published": false, "tags": ["web"] });
    app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
    let total = async |query: &str, token: Option<&str>| {
        let answer = app
            .call(Method::GET, &format!("/api/v1/posts?{query}"), token, None)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["total"].clone()
    };
    assert_eq!(total("tag=rust", None).await, 4);
    assert_eq!(total("tag=RUST&tag=web", None).await, 4);
    assert_eq!(total("tag=rust,nothing", None).await, 0);
    assert_eq!(total("tag=web", Some(&editor)).await, 5);
    assert_eq!(total("tag=web&published=false", Some(&editor)).await, 1);
    assert_eq!(total("published=false", None).await, 0);
    // A draft is its author's and the admins' alone, also for whoever asks for drafts.
    let (reader, admin) = (app.login("reader").await, app.login("admin").await);
    assert_eq!(total("published=false", Some(&reader)).await, 0);
    assert_eq!(total("published=false", Some(&editor)).await, 1);
    assert_eq!(total("published=false", Some(&admin)).await, 1);
    assert_eq!(total("tag=web&published=false", Some(&reader)).await, 0);
    assert_eq!(total("tag=web", Some(&reader)).await, 4);
    assert_eq!(total("published=true", Some(&editor)).await, 7);
    assert_eq!(total("published=", Some(&editor)).await, 8);
    let posts = app.get("/api/v1/posts?sort=created_at").await.json();
    let third = posts["items"][2]["created_at"].as_str().unwrap();
    assert_eq!(total(&format!("created_before={third}"), None).await, 2);
    assert_eq!(total(&format!("created_after={third}"), None).await, 5);

    let item = app.get("/api/v1/posts?fields=title,id&size=1").await.json()["items"][0].clone();
    assert_eq!(item.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "title"]);
}

#[tokio::test]
async fn what_there_is_not_is_named() {
    let app = TestApp::new().await;
    let check = async |path: &str, part: &str| {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 400, "{path} {answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{path}: {detail}");
    };
    check("/api/v1/posts?sort=password_hash", "created_at").await;
    check("/api/v1/posts?sort=title,title", "each once").await;
    check("/api/v1/posts?fields=password_hash", "comment_count").await;
    check("/api/v1/posts?published=maybe", "true or false").await;
    check("/api/v1/posts?created_after=yesterday", "2026-01-31").await;
    check("/api/v1/posts?author=1", "id of a user").await;
    check("/api/v1/posts?order=title", "sort").await;
    check("/api/v1/posts?sort=title&sort=title", "each once").await;
    check("/api/v1/posts?size=1&size=2", "once").await;
    check("/api/v1/posts?page=1&page[size]=2", "do not go").await;
    check("/api/v1/posts?page[size]=0", "1 to 100").await;
    check("/api/v1/posts?page[after]=nonsense", "token").await;
    check("/api/v1/posts?page[after]=e30&page[before]=e30", "excludes").await;
    check("/api/v1/posts?tag=1,2,3,4,5,6,7,8,9,10,11", "at most").await;
    let page = app.get("/api/v1/posts?page[size]=1&sort=title").await.json();
    let token = page["tokens"]["next"].as_str().unwrap();
    check(&format!("/api/v1/posts?page[after]={token}"), "another").await;
    check(&format!("/api/v1/posts?page[after]={token}&sort=-title"), "another").await;
}

#[tokio::test]
async fn an_account_that_is_gone_is_nobody() {
    let app = TestApp::new().await;
    app.ask("UPDATE users SET deleted_at = created_at, deleted_key = id WHERE role IN ('reader', 'editor')")
        .await;
    app.ask("UPDATE tags SET deleted_at = created_at, deleted_key = id")
        .await;
    let page = app.get("/api/v1/posts").await.json();
    assert_eq!(page["total"], 3);
    assert_eq!(page["items"][0]["author"], Value::Null);
    assert_eq!(page["items"][0]["comments"][0]["author"], Value::Null);
}

#[tokio::test]
async fn n_plus_one_and_its_repair() {
    let (app, _) = filled(7).await;
    let lazy = app.get("/api/v1/demo/n-plus-one?mode=lazy&size=10").await.json();
    let eager = app.get("/api/v1/demo/n-plus-one?mode=eager&size=10").await.json();
    assert_eq!((&lazy["statements"], &eager["statements"]), (&json!(31), &json!(4)));
    assert_eq!(lazy["items"], eager["items"]);
    assert_eq!(app.get("/api/v1/demo/n-plus-one?mode=x").await.status, 400);
}
