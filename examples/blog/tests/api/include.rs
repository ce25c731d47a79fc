use http::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn filled() -> (TestApp, String) {
    let app = TestApp::new().await;
    let (editor, reader) = (app.login("editor").await, app.login("reader").await);
    for number in 0..4 {
        let tags: &[&str] = if number == 3 { &["web"] } else { &["rust", "web"] };
        let body = json!({ "title": format!("Post {number}"), "body": "text", "tags": tags, "published": number != 1 });
        let post = app.call(Method::POST, "/api/v1/posts", Some(&editor), Some(body)).await;
        for text in ["one", "two", "three", "four"].into_iter().filter(|_| number != 1) {
            let path = format!("{}/comments", post.header("location"));
            let comment = app
                .call(Method::POST, &path, Some(&reader), Some(json!({ "body": text })))
                .await;
            if text == "four" {
                app.call(Method::DELETE, comment.header("location"), Some(&reader), None)
                    .await;
            }
        }
    }
    (app, editor)
}

fn texts<'a>(items: &'a Value, member: &str) -> Vec<&'a str> {
    items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item[member].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn three_levels_in_one_statement_each() {
    let (app, editor) = filled().await;
    let path = "/api/v1/users?include=posts.comments.author&posts[limit]=2&posts[sort]=-created_at&posts[tag]=rust&comments[limit]=2";
    let answer = app.get(path).await;
    // Users and their number, posts, comments, authors.
    assert_eq!(answer.statements, Some(5), "{answer:?}");
    let users = answer.json()["items"].clone();
    assert_eq!(users.as_array().unwrap().len(), 3);
    assert_eq!((&users[0]["posts"], &users[2]["posts"]), (&json!([]), &json!([])));
    let posts = &users[1]["posts"];
    assert_eq!(texts(posts, "title"), ["Post 2", "Post 0"]);
    assert_eq!(texts(&posts[0]["comments"], "body"), ["three", "two"]);
    assert_eq!(posts[1]["comments"][0]["author"]["name"], "Rita Reader");
    assert!(posts[0].get("body").is_none() && users[1].get("email").is_none());

    let own = app.call(Method::GET, path, Some(&editor), None).await;
    assert_eq!(
        (own.statements, texts(&own.json()["items"][1]["posts"], "title")),
        (Some(6), vec!["Post 2", "Post 1"])
    );

    let id = users[1]["id"].as_str().unwrap();
    let one = app
        .get(&format!(
            "/api/v1/users/{id}?include=posts.tags,posts.comments&posts[sort]=title&comments[sort]=created_at"
        ))
        .await;
    // One of them for the profile.
    assert_eq!(one.statements, Some(5));
    let posts = &one.json()["posts"];
    assert_eq!(
        (texts(posts, "title").len(), &posts[0]["tags"]),
        (5, &json!(["rust", "web"]))
    );
    assert_eq!(texts(&posts[0]["comments"], "body"), ["one", "two", "three"]);
    assert!(posts[0]["comments"][0].get("author").is_none());
    assert!(app.get("/api/v1/users").await.json()["items"][0].get("posts").is_none());
}

#[tokio::test]
async fn what_may_not_be_included_is_named() {
    let app = TestApp::new().await;
    let check = async |query: &str, part: &str| {
        let answer = app.get(&format!("/api/v1/users?{query}")).await;
        assert_eq!(answer.status, 400, "{query} {answer:?}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{query}: {detail}");
    };
    check("include=sessions", "posts.comments.author").await;
    check("include=posts.comments.author.posts", "posts.comments.author").await;
    check("include=posts&posts[limit]=11", "1 to 10").await;
    check("include=posts&posts[limit]=0", "1 to 10").await;
    check("include=posts&posts[limit]=-1", "1 to 10").await;
    check("include=posts&posts[sort]=body", "created_at").await;
    check("include=posts&posts[fields]=body", "title").await;
    check("include=posts&comments[limit]=1", "include=posts.comments").await;
    check("posts[limit]=1", "include=posts").await;
    check("include=posts.comments&comments[sort]=body", "created_at").await;
    check("include=posts&posts[where]=1", "posts[tag]").await;
}
