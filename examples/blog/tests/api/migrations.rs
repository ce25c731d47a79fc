//! The schema's history, run by processes as an operator runs them.

use std::process::{Command, Output};
use std::thread;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use crate::database::TestDatabase;
use crate::process::{Process, ask, command, folder};

fn blog(database: &TestDatabase, stage: &str, arguments: &[&str]) -> Command {
    let url = database.url();
    let mut command = command(
        &database.folder().to_owned(),
        &[("DATABASE_URL", url.as_str()), ("APP_ENV", stage)],
    );
    command.args(arguments);
    command
}

fn run(database: &TestDatabase, stage: &str, arguments: &[&str]) -> Output {
    blog(database, stage, arguments).output().unwrap()
}

fn good(database: &TestDatabase, arguments: &[&str]) -> String {
    let output = run(database, "development", arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it says on standard error, and that it failed.
fn bad(database: &TestDatabase, stage: &str, arguments: &[&str]) -> String {
    let output = run(database, stage, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) async fn connect(database: &TestDatabase) -> DatabaseConnection {
    let url = database.url();
    Database::connect(match url.strip_prefix("sqlite:") {
        Some(_) => format!("{url}?mode=rwc"),
        None => url,
    })
    .await
    .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the statements are ours")]
async fn tell(database: &TestDatabase, statement: &str) {
    let db = connect(database).await;
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

/// Every table, column and index, as the database itself describes them.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let db = connect(database).await;
    let sql: &[&str] = match db.get_database_backend() {
        DbBackend::MySql => &[
            "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, collation_name) \
             FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1",
            "SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1",
            "SELECT CONCAT_WS(' ', table_name, constraint_name, delete_rule) \
             FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() ORDER BY 1",
            "SELECT CONCAT_WS(' ', table_name, constraint_name, check_clause) \
             FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() ORDER BY 1",
        ],
        DbBackend::Postgres => &[
            "SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, \
             column_default, collation_name) \
             FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1",
        ],
        _ => &[
            "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name <> 'sqlite_sequence' ORDER BY 1",
        ],
    };
    let mut lines = Vec::new();
    for sql in sql {
        let rows = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), *sql))
            .await;
        lines.extend(rows.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()));
    }
    db.close().await.unwrap();
    lines
}

#[tokio::test]
async fn up_and_down_to_nothing_and_up_again_leaves_the_same_schema() {
    let database = TestDatabase::create();
    assert!(
        good(&database, &["migrate", "up"])
            .lines()
            .all(|line| line.starts_with("applied "))
    );
    let first = schema(&database).await;
    assert!(first.len() > 20, "{first:?}");
    let status = good(&database, &["migrate", "down"]);
    assert!(status.ends_with("pending  m0009_marks_agree\n"), "{status}");
    assert_eq!(status.matches("pending").count(), 1, "{status}");
    let status = good(&database, &["migrate", "down", "--steps", "99"]);
    assert!(status.lines().all(|line| line.starts_with("pending ")), "{status}");
    let nothing = schema(&database).await;
    assert!(
        nothing
            .iter()
            .all(|line| line.contains("seaql_migrations") || line.contains("PRIMARY KEY (version)")),
        "{nothing:?}"
    );
    good(&database, &["migrate", "up"]);
    assert_eq!(schema(&database).await, first);
    good(&database, &["migrate", "fresh"]);
    assert_eq!(schema(&database).await, first);
}

#[tokio::test]
async fn outside_development_rows_are_dropped_only_for_those_who_say_yes() {
    let database = TestDatabase::create();
    good(&database, &["migrate", "up"]);
    let first = schema(&database).await;
    for step in ["down", "fresh"] {
        for stage in ["staging", "production"] {
            let said = bad(&database, stage, &["migrate", step]);
            assert!(said.contains("`--yes`"), "{said}");
        }
    }
    assert_eq!(schema(&database).await, first);
    for step in ["down", "fresh"] {
        let output = run(&database, "production", &["migrate", step, "--yes"]);
        assert!(output.status.success(), "{output:?}");
    }
}

#[tokio::test]
async fn a_look_changes_nothing() {
    let database = TestDatabase::create();
    let status = good(&database, &["migrate", "status"]);
    assert_eq!(status.matches("pending").count(), 9, "{status}");
    assert!(!database.folder().join("blog.sqlite").exists());
    assert!(schema(&database).await.is_empty());
}

#[tokio::test]
async fn a_database_of_others_is_left_alone() {
    let database = TestDatabase::create();
    tell(&database, "CREATE TABLE users (id integer)").await;
    let before = schema(&database).await;
    let said = bad(&database, "production", &["migrate", "up"]);
    assert!(said.contains("the table `users` exists"), "{said}");
    let left: Vec<_> = schema(&database).await;
    assert!(before.iter().all(|line| left.contains(line)), "{left:?}");

    let database = TestDatabase::create();
    good(&database, &["migrate", "up"]);
    tell(
        &database,
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)",
    )
    .await;
    for step in ["up", "status"] {
        let said = bad(&database, "production", &["migrate", step]);
        assert!(said.contains("another version of the blog"), "{said}");
    }
}

#[test]
fn a_file_of_something_else_is_named_as_such() {
    let folder = folder();
    let file = folder.join("blog.sqlite");
    std::fs::write(&file, "a text of some length, which is no database at all".repeat(100)).unwrap();
    let output = command(&folder, &[]).args(["migrate", "up"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no SQLite database"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn one_that_fails_half_way_leaves_what_the_database_can_undo_and_no_lock() {
    let database = TestDatabase::create();
    // In the way of the sixth.
    tell(&database, "CREATE TABLE audit_entries (id integer)").await;
    let before = schema(&database).await;
    let said = bad(&database, "production", &["migrate", "up"]);
    assert!(said.contains("audit_entries"), "{said}");
    let status = good(&database, &["migrate", "status"]);
    if database.url().starts_with("sqlite") {
        assert_eq!(schema(&database).await, before, "nothing has happened");
        assert_eq!(status.matches("pending").count(), 9, "{status}");
    } else {
        assert_eq!(status.matches("applied").count(), 5, "{status}");
    }
    tell(&database, "DROP TABLE audit_entries").await;
    let status = good(&database, &["migrate", "up"]);
    assert_eq!(status.matches("applied").count(), 9, "{status}");
}

#[test]
fn four_processes_that_begin_at_once_find_one_schema() {
    let database = TestDatabase::create();
    let children: Vec<_> = (0..4)
        .map(|_| blog(&database, "production", &["migrate", "up"]).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn four_blogs_that_begin_at_once_serve_the_same_three_accounts() {
    let database = TestDatabase::create();
    let url = database.url();
    let blogs: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            thread::spawn(move || Process::start(&[("DATABASE_URL", &url), ("APP_ENV", "development")]))
        })
        .collect();
    for blog in blogs {
        let mut blog = blog.join().unwrap();
        let (_, body) = ask(blog.address, "GET", "/api/v1/users", "", "");
        assert!(body.contains(r#""total":3"#), "{body}");
        assert!(blog.stop().success());
    }
}

#[tokio::test]
async fn a_row_that_is_half_deleted_is_named_before_anything_has_changed() {
    let database = TestDatabase::create();
    let seed = ["seed", "--users", "1", "--posts", "2"];
    let output = run(&database, "development", &seed);
    assert!(output.status.success(), "{output:?}");
    let whole = schema(&database).await;
    good(&database, &["migrate", "down"]);
    tell(&database, "UPDATE posts SET deleted_key = id").await;
    let before = schema(&database).await;
    let said = bad(&database, "production", &["migrate", "up"]);
    assert!(said.contains("rows of `posts` are half deleted"), "{said}");
    assert_eq!(schema(&database).await, before);
    tell(&database, "UPDATE posts SET deleted_key = 0").await;
    good(&database, &["migrate", "up"]);
    assert_eq!(schema(&database).await, whole);
}
