//! What is deleted is gone for everybody, comes back whole, and goes for good when it is told to.

use std::sync::Arc;

use http::Method;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::TestApp;

const POSTS: &str = "/api/v1/posts";

async fn trash(app: &TestApp, admin: &str, kind: &str) -> Value {
    let path = format!("/api/v1/admin/trash?kind={kind}");
    let answer = app.call(Method::GET, &path, Some(admin), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// An id as this database takes it in a statement.
fn id_of(app: &TestApp, id: &str) -> String {
    if app.database_url().starts_with("postgres") {
        return format!("'{id}'");
    }
    format!("X'{}'", id.replace('-', ""))
}

/// Lets a tag be there, as if a post had brought it.
async fn tag(app: &TestApp, id: &str, name: &str) {
    let id = id_of(app, id);
    app.execute(&format!(
        "INSERT INTO tags (public_id, name, created_at, updated_at, deleted_key)
         VALUES ({id}, '{name}', '2026-01-01 00:00:00.000001', '2026-01-01 00:00:00.000001', 0)"
    ))
    .await;
}

#[tokio::test]
async fn a_post_comes_back_with_what_went_with_it() {
    let app = TestApp::new().await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let post = app.post(&editor, "Gone for a while").await;
    let early = app.comment(&reader, &post, None, "deleted before").await;
    app.comment(&reader, &post, None, "deleted with it").await;
    let path = format!("{POSTS}/{post}");
    assert_eq!(
        app.status("DELETE", &format!("{path}/comments/{early}"), &reader).await,
        204
    );
    assert_eq!(app.status("DELETE", &path, &editor).await, 204);
    assert_eq!(app.get(&path).await.status, 404);
    let listed = trash(&app, &admin, "posts").await;
    assert_eq!(
        (
            &listed["total"],
            &listed["items"][0]["id"],
            &listed["items"][0]["label"]
        ),
        (&json!(1), &json!(post), &json!("Gone for a while"))
    );

    let restore = format!("{path}/restore");
    // It does not exist for others, whether or not they may write.
    assert_eq!(app.status("POST", &restore, &reader).await, 403);
    assert_eq!(app.status("POST", &restore, &editor).await, 204);
    assert_eq!(app.status("POST", &restore, &editor).await, 404);
    let comments = app.get(&format!("{path}/comments")).await.json();
    assert_eq!(
        (&comments["total"], &comments["items"][0]["body"]),
        (&json!(1), &json!("deleted with it"))
    );
    assert_eq!(app.get(&path).await.json()["slug"], "gone-for-a-while");
    assert_eq!(trash(&app, &admin, "comments").await["items"][0]["id"], early);

    // The author's own comment, whose post lives.
    assert_eq!(
        app.status("POST", &format!("{path}/comments/{early}/restore"), &editor)
            .await,
        404
    );
    assert_eq!(
        app.status("POST", &format!("{path}/comments/{early}/restore"), &reader)
            .await,
        204
    );
    assert_eq!(app.get(&format!("{path}/comments")).await.json()["total"], 2);
}

#[tokio::test]
async fn a_name_that_is_taken_meanwhile_is_a_conflict() {
    let app = TestApp::new().await;
    let (admin, editor) = (app.login("admin").await, app.login("editor").await);
    let post = app.post(&editor, "The one name").await;
    assert_eq!(app.status("DELETE", &format!("{POSTS}/{post}"), &editor).await, 204);
    let next = app.post(&admin, "The one name").await;
    let restore = format!("{POSTS}/{post}/restore");
    assert_eq!(app.status("POST", &restore, &editor).await, 409);
    assert_eq!(trash(&app, &admin, "posts").await["total"], 1);
    assert_eq!(app.status("DELETE", &format!("{POSTS}/{next}"), &admin).await, 204);
    assert_eq!(app.status("POST", &restore, &editor).await, 204);

    // An email can be registered again, and then belongs to the new account.
    let (old, token) = app.register("twice").await;
    assert_eq!(app.status("DELETE", &format!("/api/v1/users/{old}"), &token).await, 204);
    let (new, _) = app.register("twice").await;
    let restore = format!("/api/v1/admin/users/{old}/restore");
    assert_eq!(app.status("POST", &restore, &admin).await, 409);
    assert_eq!(app.status("DELETE", &format!("/api/v1/users/{new}"), &admin).await, 204);
    assert_eq!(app.status("POST", &restore, &admin).await, 204);
    assert_eq!(app.get(&format!("/api/v1/users/{old}")).await.status, 200);

    let (first, second) = (
        "01930000-0000-7000-8000-000000000001",
        "01930000-0000-7000-8000-000000000002",
    );
    tag(&app, first, "rust").await;
    assert_eq!(
        app.status("DELETE", &format!("/api/v1/admin/tags/{first}"), &admin)
            .await,
        204
    );
    tag(&app, second, "rust").await;
    let restore = format!("/api/v1/admin/tags/{first}/restore");
    assert_eq!(app.status("POST", &restore, &admin).await, 409);
    assert_eq!(
        app.status("DELETE", &format!("/api/v1/admin/tags/{second}"), &admin)
            .await,
        204
    );
    assert_eq!(app.status("POST", &restore, &admin).await, 204);
    assert_eq!(app.status("POST", &restore, &admin).await, 404);
}

#[tokio::test]
async fn an_account_goes_with_all_that_it_wrote_at_one_time() {
    let app = TestApp::new().await;
    let (admin, reader) = (app.login("admin").await, app.login("reader").await);
    let (id, token) = app.register("writer").await;
    let role = Some(json!({ "role": "editor" }));
    let account = format!("/api/v1/admin/users/{id}");
    assert_eq!(app.call(Method::PATCH, &account, Some(&admin), role).await.status, 200);
    let body = json!({ "email": "writer@example.org", "password": "a password of theirs" });
    let session = app
        .call(Method::POST, "/api/v1/auth/login", None, Some(body.clone()))
        .await
        .json();
    let writer = session["token"].as_str().unwrap();

    let own = app.post(writer, "By the writer").await;
    let before = app.post(writer, "Deleted before").await;
    assert_eq!(app.status("DELETE", &format!("{POSTS}/{before}"), writer).await, 204);
    app.comment(&reader, &own, None, "under the writer's post").await;
    let other = app.post(&admin, "By the admin").await;
    let word = app.comment(writer, &other, None, "the writer's word").await;
    let reply = app.comment(&reader, &other, Some(&word), "a reply to it").await;
    app.comment(writer, &other, Some(&reply), "and one to that").await;
    app.comment(&reader, &other, None, "unconcerned").await;
    app.execute("INSERT INTO attachments (public_id, post_id, file_name, media_type, bytes, storage_key, created_at, updated_at, deleted_key)
         SELECT public_id, id, 'f', 'text/plain', 1, 'k', created_at, updated_at, 0 FROM posts WHERE slug = 'by-the-writer'").await;

    let user = format!("/api/v1/users/{id}");
    assert_eq!(app.status("DELETE", &user, &reader).await, 403);
    assert_eq!(app.status("DELETE", &user, writer).await, 204);

    // One time for all of it.
    let times = "SELECT COUNT(*) FROM (SELECT deleted_at FROM users UNION SELECT deleted_at FROM profiles \
                 UNION SELECT deleted_at FROM posts WHERE slug = 'by-the-writer' \
                 UNION SELECT deleted_at FROM comments UNION SELECT deleted_at FROM attachments) t \
                 WHERE deleted_at IS NOT NULL";
    assert_eq!(app.number(times).await, 1);
    let left = app.get(&format!("{POSTS}/{other}/comments")).await.json();
    assert_eq!(
        (&left["total"], &left["items"][0]["body"]),
        (&json!(1), &json!("unconcerned"))
    );
    assert_eq!(app.get(&format!("{POSTS}/{own}")).await.status, 404);
    assert_eq!(app.get(&user).await.status, 404);
    // Neither the tokens that were given out nor the password open it.
    for token in [writer, &token] {
        assert_eq!(app.status("GET", "/api/v1/auth/me", token).await, 401);
    }
    let refresh = Some(json!({ "refresh_token": session["refresh_token"] }));
    assert_eq!(
        app.call(Method::POST, "/api/v1/auth/refresh", None, refresh)
            .await
            .status,
        401
    );
    assert_eq!(
        app.call(Method::POST, "/api/v1/auth/login", None, Some(body.clone()))
            .await
            .status,
        401
    );
    assert_eq!(
        app.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL")
            .await,
        2
    );

    // Its post alone cannot come back.
    assert_eq!(app.status("POST", &format!("{POSTS}/{own}/restore"), &admin).await, 409);
    assert_eq!(app.status("POST", &format!("{account}/restore"), &reader).await, 403);
    assert_eq!(app.status("POST", &format!("{account}/restore"), &admin).await, 204);
    assert_eq!(app.get(&format!("{POSTS}/{other}/comments")).await.json()["total"], 4);
    assert_eq!(app.get(&format!("{POSTS}/{own}/comments")).await.json()["total"], 1);
    assert_eq!(app.get(&format!("{POSTS}/{before}")).await.status, 404);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM attachments WHERE deleted_at IS NULL")
            .await,
        1
    );
    assert_eq!(
        app.number("SELECT COUNT(*) FROM profiles WHERE deleted_at IS NOT NULL")
            .await,
        0
    );
    assert_eq!(
        app.call(Method::POST, "/api/v1/auth/login", None, Some(body))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_is_purged_is_gone_for_good() {
    let app = TestApp::new().await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let post = app.post(&editor, "Purged").await;
    let comment = app.comment(&reader, &post, None, "with it").await;
    app.comment(&reader, &post, Some(&comment), "and its reply").await;
    let purge = format!("/api/v1/admin/trash/posts/{post}");
    // Only what is in the trash.
    assert_eq!(app.status("DELETE", &purge, &admin).await, 404);
    assert_eq!(app.status("DELETE", &format!("{POSTS}/{post}"), &editor).await, 204);
    assert_eq!(app.status("DELETE", &purge, &editor).await, 403);
    assert_eq!(app.status("DELETE", &purge, &admin).await, 204);
    assert_eq!(app.status("DELETE", &purge, &admin).await, 404);
    assert_eq!(
        app.status("POST", &format!("{POSTS}/{post}/restore"), &admin).await,
        404
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM posts WHERE slug = 'purged'").await, 0);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM comments WHERE body LIKE '%with it' OR body LIKE '%reply'")
            .await,
        0
    );
    // The trail remembers each of them.
    assert_eq!(
        app.number("SELECT COUNT(*) FROM audit_entries WHERE action = 'purge'")
            .await,
        3
    );

    let (id, token) = app.register("purged").await;
    let word = app
        .comment(&token, &app.post(&editor, "Stays").await, None, "a word")
        .await;
    assert_eq!(app.status("DELETE", &format!("/api/v1/users/{id}"), &token).await, 204);
    assert_eq!(trash(&app, &admin, "comments").await["items"][0]["id"], word);
    let old = async |days: &str| {
        let path = format!("/api/v1/admin/trash?older_than_days={days}");
        let answer = app.call(Method::DELETE, &path, Some(&admin), None).await;
        (answer.status.as_u16(), answer.text)
    };
    assert_eq!(old("30").await.1, r#"{"users":0,"posts":0,"comments":0,"tags":0}"#);
    assert_eq!(old("99999999999").await.0, 400);
    assert_eq!(old("-1").await.0, 400);
    assert_eq!(old("0").await.1, r#"{"users":1,"posts":0,"comments":0,"tags":0}"#);
    for kind in ["users", "posts", "comments", "tags"] {
        assert_eq!(trash(&app, &admin, kind).await["total"], 0, "{kind}");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM users").await, 3);
    assert_eq!(app.number("SELECT COUNT(*) FROM profiles").await, 0);
}

/// One that were all or nothing would hold its locks for as long as the trash is deep, and begin anew after every fault.
#[tokio::test]
async fn a_purge_keeps_what_it_has_done_when_it_comes_to_grief() {
    let app = TestApp::new().await;
    let (admin, editor) = (app.login("admin").await, app.login("editor").await);
    let posts: Vec<_> = (0..250)
        .map(|number| json!({ "title": format!("doomed {number}"), "body": "text" }))
        .collect();
    let import = format!("{POSTS}/import");
    let answer = app.call(Method::POST, &import, Some(&editor), Some(json!(posts))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    let ids: Vec<_> = made["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["id"])
        .collect();
    let gone = Some(json!({ "ids": ids }));
    let answer = app
        .call(Method::POST, &format!("{POSTS}/bulk-delete"), Some(&editor), gone)
        .await;
    assert_eq!(answer.json()["deleted"], 250, "{answer:?}");

    // The last one cannot go.
    app.execute("CREATE TABLE grief (post_id bigint, FOREIGN KEY (post_id) REFERENCES posts (id))")
        .await;
    app.execute("INSERT INTO grief (post_id) SELECT MAX(id) FROM posts")
        .await;
    let purge = "/api/v1/admin/trash?older_than_days=0";
    assert_eq!(app.status("DELETE", purge, &admin).await, 500);
    let left = trash(&app, &admin, "posts").await["total"].as_u64().unwrap();
    assert!((1..=100).contains(&left), "{left} are left of 250");
    let entries = "SELECT COUNT(*) FROM audit_entries WHERE action = 'purge'";
    assert_eq!(app.number(entries).await, 250 - i64::try_from(left).unwrap());

    app.execute("DROP TABLE grief").await;
    let answer = app.call(Method::DELETE, purge, Some(&admin), None).await;
    assert_eq!(answer.json()["posts"], left, "{answer:?}");
    assert_eq!(app.number(entries).await, 250);
}

#[tokio::test]
async fn an_author_does_not_undo_what_an_admin_did() {
    let app = TestApp::new().await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let refused = async |path: &str, token: &str| {
        let answer = app
            .call(Method::POST, &format!("{path}/restore"), Some(token), None)
            .await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            answer.json()["detail"],
            "only an admin may restore what another has deleted"
        );
    };
    let post = app.post(&editor, "Moderated").await;
    let path = format!("{POSTS}/{post}");
    let comment = app.comment(&reader, &post, None, "moderated, too").await;
    let of_comment = format!("{path}/comments/{comment}");
    for (path, author) in [(&of_comment, &reader), (&path, &editor)] {
        let restore = format!("{path}/restore");
        assert_eq!(app.status("DELETE", path, &admin).await, 204);
        refused(path, author).await;
        assert_eq!(app.get(path).await.status, 404);
        assert_eq!(app.status("POST", &restore, &admin).await, 204);
        // The last deletion counts.
        assert_eq!(app.status("DELETE", path, author).await, 204);
        assert_eq!(app.status("POST", &restore, author).await, 204);
    }
    let gone = Some(json!({ "ids": [post] }));
    let bulk = format!("{POSTS}/bulk-delete");
    assert_eq!(app.call(Method::POST, &bulk, Some(&admin), gone).await.status, 200);
    refused(&path, &editor).await;
    // An admin's own is the admin's.
    let own = format!("{POSTS}/{}", app.post(&admin, "Own").await);
    assert_eq!(app.status("DELETE", &own, &admin).await, 204);
    assert_eq!(app.status("POST", &format!("{own}/restore"), &editor).await, 404);
    assert_eq!(app.status("POST", &format!("{own}/restore"), &admin).await, 204);
}

/// Lists ask for the one half of the mark and restores for the other.
#[tokio::test]
async fn no_row_is_half_deleted() {
    let app = TestApp::new().await;
    let editor = app.login("editor").await;
    app.register("profiled").await;
    let post = app.post(&editor, "Whole").await;
    app.comment(&editor, &post, None, "whole").await;
    let (one, two) = (
        "01930000-0000-7000-8000-000000000001",
        "01930000-0000-7000-8000-000000000002",
    );
    tag(&app, one, "whole").await;
    app.execute("INSERT INTO attachments (public_id, post_id, file_name, media_type, bytes, storage_key, created_at, updated_at)
         SELECT public_id, id, 'f', 'text/plain', 1, 'k', created_at, updated_at FROM posts WHERE slug = 'whole'").await;
    let beside = Database::connect(app.database_url()).await.unwrap();
    let tell = async |sql: String| {
        let statement = Statement::from_string(beside.get_database_backend(), sql);
        beside.execute_raw(statement).await.map(|done| done.rows_affected())
    };
    for table in ["users", "profiles", "posts", "tags", "attachments", "comments"] {
        let rows = app.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert!(rows > 0, "{table}");
        for half in ["deleted_key = id", "deleted_at = '2026-01-01 00:00:00.000001'"] {
            let error = tell(format!("UPDATE {table} SET {half}")).await.unwrap_err();
            assert!(error.to_string().contains(&format!("{table}_mark")), "{error}");
        }
        let both = "deleted_at = '2026-01-01 00:00:00.000001', deleted_key = id";
        let none = "deleted_at = NULL, deleted_key = 0";
        for whole in [both, none] {
            tell(format!("UPDATE {table} SET {whole}")).await.unwrap();
        }
    }
    let copy = format!(
        "INSERT INTO tags (public_id, name, created_at, updated_at, deleted_key)
         SELECT {}, 'half', created_at, updated_at, 7 FROM tags",
        id_of(&app, two)
    );
    let error = tell(copy).await.unwrap_err();
    assert!(error.to_string().contains("tags_mark"), "{error}");
    beside.close().await.unwrap();
}

/// Whatever is added later is scanned too: the routes say what there is.
#[tokio::test]
async fn nothing_that_is_deleted_leaks_through_any_route() {
    let app = TestApp::with(&[("RATE_LIMIT", "1000000 per minute")]).await;
    let (admin, editor, reader) = (
        app.login("admin").await,
        app.login("editor").await,
        app.login("reader").await,
    );
    let (user, token) = app.register("leakyuser").await;
    let profile = Some(json!({ "bio": "leakybio", "website": "https://leakysite.example" }));
    let path = format!("/api/v1/users/{user}/profile");
    assert_eq!(app.call(Method::PUT, &path, Some(&token), profile).await.status, 200);
    let post = app.post(&editor, "Leakypost").await;
    let kept = app.post(&editor, "Kept").await;
    let theirs = app.comment(&token, &kept, None, "leakyword").await;
    let under = app.comment(&reader, &kept, Some(&theirs), "leakyreply").await;
    let alone = app.comment(&reader, &kept, None, "leakycomment").await;
    let tag_id = "01930000-0000-7000-8000-00000000001e";
    tag(&app, tag_id, "leakytag").await;
    app.execute("INSERT INTO post_tags (post_id, tag_id) SELECT p.id, t.id FROM posts p, tags t")
        .await;
    for (path, token) in [
        (format!("{POSTS}/{post}"), &editor),
        (format!("{POSTS}/{kept}/comments/{alone}"), &reader),
        (format!("/api/v1/users/{user}"), &token),
        (format!("/api/v1/admin/tags/{tag_id}"), &admin),
    ] {
        assert_eq!(app.status("DELETE", &path, token).await, 204, "{path}");
    }

    let ids = [&user, &post, &kept, &theirs, &under, &alone, &tag_id.to_owned()];
    let secret = ["leaky", &user, &post, &theirs, &under, &alone, tag_id];
    let mut asked = 0;
    for pattern in app.readable() {
        let skipped = ["/demo/", "/admin/trash", "/admin/audit"];
        if !pattern.starts_with("/api/") || skipped.iter().any(|part| pattern.contains(part)) {
            continue;
        }
        for path in paths(&pattern, &ids.map(String::as_str)) {
            for query in [
                "",
                "?size=100",
                "?include=author,tags,comments,attachments",
                "?q=leakypost",
                "?tag=leakytag",
                "?engine=raw",
            ] {
                // One record inside another takes no query.
                if !query.is_empty() && pattern.matches('{').count() > 1 {
                    continue;
                }
                for caller in [None, Some(&reader), Some(&editor), Some(&admin)] {
                    let caller = caller.map(String::as_str);
                    let answer = app.call(Method::GET, &format!("{path}{query}"), caller, None).await;
                    asked += 1;
                    assert!(
                        ![429, 500].contains(&answer.status.as_u16()),
                        "{path}{query}: {answer:?}"
                    );
                    // A path that the caller named may be named back to them, and so may what they looked for.
                    for secret in secret
                        .iter()
                        .filter(|secret| !path.contains(**secret) && !query.contains(**secret))
                    {
                        assert!(
                            !answer.text.contains(*secret),
                            "{secret} leaks at {path}{query}: {answer:?}"
                        );
                    }
                    if pattern.contains("/admin/") && caller != Some(admin.as_str()) {
                        assert!([401, 403].contains(&answer.status.as_u16()), "{path}: {answer:?}");
                    }
                }
            }
        }
    }
    assert!(asked > 300, "{asked}");
    for kind in ["posts", "comments", "users", "tags"] {
        let path = format!("/api/v1/admin/trash?kind={kind}");
        for token in [&reader, &editor] {
            assert_eq!(app.status("GET", &path, token).await, 403);
        }
        assert_eq!(app.get(&path).await.status, 401);
        assert!(
            trash(&app, &admin, kind).await["total"].as_u64().unwrap() >= 1,
            "{kind}"
        );
    }
}

/// The pattern with each of the ids in each of its places.
fn paths(pattern: &str, ids: &[&str]) -> Vec<String> {
    let (Some(open), Some(close)) = (pattern.find('{'), pattern.find('}')) else {
        return vec![pattern.to_owned()];
    };
    let filled = ids
        .iter()
        .map(|id| format!("{}{id}{}", &pattern[..open], &pattern[close + 1..]));
    filled.flat_map(|path| paths(&path, ids)).collect()
}

/// Rows that live though what they hang on does not.
const HANGING: [&str; 5] = [
    "SELECT COUNT(*) FROM profiles x JOIN users y ON y.id = x.user_id WHERE x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
    "SELECT COUNT(*) FROM posts x JOIN users y ON y.id = x.author_id WHERE x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
    "SELECT COUNT(*) FROM comments x JOIN users y ON y.id = x.author_id WHERE x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
    "SELECT COUNT(*) FROM comments x JOIN posts y ON y.id = x.post_id WHERE x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
    "SELECT COUNT(*) FROM comments x JOIN comments y ON y.id = x.parent_id WHERE x.deleted_at IS NULL AND y.deleted_at IS NOT NULL",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_order_nothing_hangs_in_the_air_and_all_comes_back() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let app = Arc::new(TestApp::with(&[("RATE_LIMIT", "1000000 per minute")]).await);
    let admin = app.login("admin").await;
    let (mut users, mut posts, mut comments) = (Vec::new(), Vec::new(), Vec::new());
    for name in ["one", "two", "three"] {
        let (id, token) = app.register(name).await;
        let path = format!("/api/v1/admin/users/{id}");
        app.call(Method::PATCH, &path, Some(&admin), Some(json!({ "role": "editor" })))
            .await;
        let body = json!({ "email": format!("{name}@example.org"), "password": "a password of theirs" });
        let login = app
            .call(Method::POST, "/api/v1/auth/login", None, Some(body))
            .await
            .json();
        drop(token);
        let token = login["token"].as_str().unwrap().to_owned();
        posts.push((app.post(&token, &format!("Post of {name}")).await, Vec::new()));
        users.push((id, token));
    }
    for _ in 0..15 {
        let (_, token) = &users[random.usize(..3)];
        let (post, under) = &mut posts[random.usize(..3)];
        let parent = under.get(random.usize(..=under.len())).cloned();
        let comment = app.comment(token, post, parent.as_deref(), "word").await;
        comments.push(format!("{POSTS}/{post}/comments/{comment}"));
        under.push(comment);
    }
    let posts: Vec<_> = posts.into_iter().map(|(post, _)| format!("{POSTS}/{post}")).collect();
    let users: Vec<_> = users.into_iter().map(|(user, _)| user).collect();
    let restore = async |path: &str| {
        let status = app.status("POST", &format!("{path}/restore"), &admin).await;
        assert!([204, 404, 409].contains(&status), "{path}: {status}");
    };
    for _ in 0..60 {
        let (kind, deletes) = (random.u8(..6), random.bool());
        let (path, back) = match kind {
            0 => {
                let user = &users[random.usize(..users.len())];
                (format!("/api/v1/users/{user}"), format!("/api/v1/admin/users/{user}"))
            }
            1 | 2 => {
                let post = &posts[random.usize(..posts.len())];
                (post.clone(), post.clone())
            }
            _ => {
                let comment = &comments[random.usize(..comments.len())];
                (comment.clone(), comment.clone())
            }
        };
        if deletes {
            let status = app.status("DELETE", &path, &admin).await;
            assert!([204, 404].contains(&status), "{path}: {status}");
        } else {
            restore(&back).await;
        }
        let hanging = HANGING.map(|sql| format!("({sql})")).join(" + ");
        assert_eq!(app.number(&format!("SELECT {hanging}")).await, 0, "{path}");
    }
    // The same all at once, and comments that are made meanwhile.
    let mut tasks = JoinSet::new();
    for turn in 0..32 {
        let (app, admin) = (Arc::clone(&app), admin.clone());
        let user = &users[random.usize(..users.len())];
        let post = &posts[random.usize(..posts.len())];
        let comment = &comments[random.usize(..comments.len())];
        let (method, path) = match turn % 8 {
            0 => (Method::DELETE, format!("/api/v1/users/{user}")),
            1 => (Method::POST, format!("/api/v1/admin/users/{user}/restore")),
            2 => (Method::DELETE, post.clone()),
            3 => (Method::POST, format!("{post}/restore")),
            4 => (Method::DELETE, comment.clone()),
            5 => (Method::POST, format!("{comment}/restore")),
            _ => (Method::POST, format!("{post}/comments")),
        };
        let body = path
            .ends_with("/comments")
            .then(|| json!({ "body": "meanwhile", "parent": comment.rsplit('/').next() }));
        tasks.spawn(async move {
            let answer = app.call(method, &path, Some(&admin), body).await;
            assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let hanging = HANGING.map(|sql| format!("({sql})")).join(" + ");
    assert_eq!(app.number(&format!("SELECT {hanging}")).await, 0);
    for user in &users {
        restore(&format!("/api/v1/admin/users/{user}")).await;
    }
    // Comments were made after what they answer.
    for path in posts.iter().chain(&comments) {
        restore(path).await;
    }
    app.execute("DELETE FROM comments WHERE body = 'meanwhile'").await;
    for table in ["users", "profiles", "posts", "comments"] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE deleted_at IS NOT NULL OR deleted_key <> 0");
        assert_eq!(app.number(&left).await, 0, "{table}");
    }
}
