//! The same rows however often, wherever it was interrupted.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use blog_entity::{SoftDelete, attachment, audit_entry, comment, post, post_tag, profile, tag, user};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::json;

use crate::database::TestDatabase;
use crate::migrations::connect;
use crate::process::command;
use crate::support::TestApp;

fn seed(database: &TestDatabase, users: u32, posts: u32) -> Child {
    let (users, posts, url) = (users.to_string(), posts.to_string(), database.url());
    command(&database.folder().to_owned(), &[("DATABASE_URL", url.as_str())])
        .args(["seed", "--users", &users, "--posts", &posts])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it says in the end.
fn seeded(database: &TestDatabase, users: u32, posts: u32) -> String {
    let output = seed(database, users, posts).wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.split(';').next().unwrap().to_owned()
}

/// Everything but keys, and when the trail was written.
#[expect(clippy::disallowed_methods, reason = "pairs and the trail are not deleted by marks")]
async fn rows(database: &TestDatabase) -> Vec<String> {
    let db = &connect(database).await;
    let users = user::Entity::with_deleted()
        .order_by_asc(user::Column::PublicId)
        .all(db)
        .await
        .unwrap();
    let name = |id: i64| {
        users
            .iter()
            .find(|user| user.id == id)
            .map(|user| user.public_id)
            .unwrap()
    };
    let mut rows: Vec<String> = users
        .iter()
        .map(|row| {
            format!(
                "{:?} {} {} {} {}",
                row.public_id, row.email, row.name, row.created_at, row.role
            )
        })
        .collect();
    for row in profile::Entity::with_deleted().all(db).await.unwrap() {
        rows.push(format!(
            "{} {} {} {:?} {:?}",
            row.public_id,
            name(row.user_id),
            row.bio,
            row.website,
            row.birthday
        ));
    }
    let posts = post::Entity::with_deleted().all(db).await.unwrap();
    let of = |id: i64| {
        posts
            .iter()
            .find(|post| post.id == id)
            .map(|post| post.public_id)
            .unwrap()
    };
    for row in &posts {
        let (author, at) = (name(row.author_id), row.created_at);
        rows.push(format!(
            "{} {author} {} {} {} {at}",
            row.public_id, row.title, row.slug, row.body
        ));
    }
    let comments = comment::Entity::with_deleted().all(db).await.unwrap();
    for row in &comments {
        let parent = row
            .parent_id
            .map(|parent| comments.iter().find(|row| row.id == parent).unwrap());
        // A reply is to a comment under the same post.
        assert!(parent.is_none_or(|parent| parent.post_id == row.post_id && parent.parent_id.is_none()));
        let parent = parent.map(|parent| parent.public_id);
        rows.push(format!(
            "{} {} {} {} {parent:?}",
            row.public_id,
            of(row.post_id),
            name(row.author_id),
            row.body
        ));
    }
    for row in attachment::Entity::with_deleted().all(db).await.unwrap() {
        rows.push(format!(
            "{} {} {} {}",
            row.public_id,
            of(row.post_id),
            row.file_name,
            row.bytes
        ));
    }
    let tags = tag::Entity::with_deleted().all(db).await.unwrap();
    for row in post_tag::Entity::find().all(db).await.unwrap() {
        let tag = &tags.iter().find(|tag| tag.id == row.tag_id).unwrap().name;
        rows.push(format!("{} {tag}", of(row.post_id)));
    }
    rows.push(format!(
        "{} entries",
        audit_entry::Entity::find().count(db).await.unwrap()
    ));
    rows.sort();
    rows
}

#[tokio::test]
async fn the_same_rows_at_once_in_steps_and_after_an_interruption() {
    let at_once = TestDatabase::create();
    let said = seeded(&at_once, 60, 2500);
    assert!(said.starts_with("60 users, 2500 posts, "), "{said}");
    let expect = rows(&at_once).await;
    assert_eq!(seeded(&at_once, 60, 2500), said, "twice");
    assert_eq!(rows(&at_once).await, expect, "twice");

    let interrupted = TestDatabase::create();
    let mut child = seed(&interrupted, 60, 2500);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("posts: ")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seeded(&interrupted, 60, 2500), said);
    assert_eq!(rows(&interrupted).await, expect, "after an interruption");

    let in_steps = TestDatabase::create();
    seeded(&in_steps, 60, 700);
    seeded(&in_steps, 60, 2500);
    assert_eq!(rows(&in_steps).await, expect, "in steps");
}

#[tokio::test]
async fn nobody_signs_in_as_a_seeded_user() {
    let app = TestApp::new().await;
    let size = blog::cli::Seed { users: 3, posts: 0 };
    let said = blog::seed::fill(app.state(), size).await.unwrap();
    assert!(said.starts_with("6 users, 3 posts"), "{said}");
    for password in ["!", "password", "reader-password"] {
        let body = json!({ "email": "user1@seed.example", "password": password });
        let answer = app
            .call(http::Method::POST, "/api/v1/auth/login", None, Some(body))
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let nobody = blog::cli::Seed { users: 0, posts: 1 };
    let refused = blog::seed::fill(app.state(), nobody).await.unwrap_err();
    assert_eq!(refused.to_string(), "posts need users to write them");
}
