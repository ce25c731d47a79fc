use std::fmt::Write;

use http::Method;
use serde_json::json;

use crate::support::TestApp;

const HOSTILE: &[&str] = &[
    "'; DROP TABLE posts; --",
    "\" OR \"\"=\"",
    "' OR '1'='1",
    "1 OR 1=1",
    "') UNION SELECT id, email, password_hash FROM users --",
    "`title`; DELETE FROM users",
    "title) DESC, (SELECT password_hash FROM users LIMIT 1",
    "\\",
    "\\'",
    "%' OR 1=1 #",
    "$1",
    "?",
    ":name",
    "a\u{0}b",
    "\u{fffd}\u{202e}\u{1f980}",
    "NEAR(a b, 2) AND title : x^*",
    "+rust -axum ~x <y >z (a b) \"c",
    "rust & !axum | (x <-> y):*",
    "/*!50000 OR 1=1 */",
    "0x27204f522031",
];

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
}

#[tokio::test]
async fn no_input_reaches_the_database_as_more_than_a_value() {
    let app = TestApp::new().await;
    let admin = app.login("admin").await;
    let state = async || {
        let users = app.call(Method::GET, "/api/v1/users", Some(&admin), None).await.text;
        let posts = app.call(Method::GET, "/api/v1/posts", Some(&admin), None).await.text;
        (users, posts)
    };
    let before = state().await;
    let lists = [
        "sort",
        "fields",
        "tag",
        "author",
        "published",
        "created_after",
        "created_before",
        "page",
        "size",
        "page[size]",
        "page[after]",
        "page[before]",
        "total",
        "sort=title&page[after]",
    ];
    let users = [
        "include",
        "posts[limit]",
        "posts[sort]",
        "posts[tag]",
        "posts[fields]",
        "posts[published]",
        "comments[limit]",
        "comments[sort]",
    ];
    for text in HOSTILE {
        let value = encoded(text);
        let mut paths = vec![
            format!("/api/v1/posts/search?q={value}"),
            format!("/api/v1/posts/search?q=rust%20{value}"),
            format!("/api/v1/posts?{value}={value}"),
            format!("/api/v1/demo/n-plus-one?mode={value}"),
            format!("/api/v1/tags?page={value}"),
            format!("/api/v1/posts/{value}"),
            format!("/api/v1/users/{value}?include=posts"),
        ];
        paths.extend(lists.map(|name| format!("/api/v1/posts?{name}={value}")));
        paths.extend(users.map(|name| format!("/api/v1/users?include=posts.comments.author&{name}={value}")));
        for path in paths {
            let answer = app.get(&path).await;
            let harmless = [200, 400, 404].contains(&answer.status.as_u16());
            assert!(harmless, "{text:?} at {path}: {answer:?}");
            assert!(!answer.text.contains("@example.com"), "{text:?} at {path}: {answer:?}");
            if answer.status == 200 && path.contains("/posts?tag=") {
                assert_eq!(answer.json()["total"], 0, "{text:?}");
            }
        }
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn hostile_values_of_a_token_are_values() {
    let app = TestApp::new().await;
    let id = "00000000-0000-7000-8000-000000000000";
    for text in HOSTILE {
        for (sort, expect) in [("title", [200, 400]), ("created_at", [400, 400])] {
            let token = portable(&json!({ "s": sort, "v": [text], "i": id }).to_string());
            let answer = app.get(&format!("/api/v1/posts?sort={sort}&page[after]={token}")).await;
            assert!(expect.contains(&answer.status.as_u16()), "{text:?}: {answer:?}");
        }
    }
    let time = portable(&json!({ "s": "created_at", "v": ["+262000-01-01T00:00:00Z"], "i": id }).to_string());
    assert_eq!(
        app.get(&format!("/api/v1/posts?sort=created_at&page[after]={time}"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn hostile_tags_are_stored_as_they_are() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    let tags: Vec<&str> = HOSTILE
        .iter()
        .copied()
        .filter(|text| text.len() <= 40 && !text.contains([',', '\0']) && *text == text.trim().to_lowercase())
        .take(10)
        .collect();
    assert!(tags.len() >= 5);
    let body = json!({ "title": "T", "body": "b", "tags": tags });
    let post = app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
    assert_eq!(post.status, 201, "{post:?}");
    for tag in tags {
        let found = app.get(&format!("/api/v1/posts?tag={}", encoded(tag))).await.json();
        assert_eq!(found["total"], 1, "{tag}");
    }
}

fn portable(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
