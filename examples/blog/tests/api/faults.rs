//! A database that is down, goes down, and comes back; a blog that dies in the middle.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use blog_entity::{Actor, Context, SoftDelete, audit_entry, post, user};
use portcullis::password::Passwords;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, DatabaseTransaction, DbErr, EntityTrait, QueryOrder, Statement,
};
use serde_json::Value;

use crate::database::TestDatabase;
use crate::mariadb::MariaDb;
use crate::process::{Process, ask, command, folder};
use crate::servers::server;
use crate::support::TestApp;

/// Writers at a running blog, each of which goes on whatever it is answered.
pub(crate) struct Load {
    ends: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    refused: Arc<AtomicUsize>,
    writers: Vec<thread::JoinHandle<()>>,
}

impl Load {
    pub(crate) fn on(address: SocketAddr) -> Self {
        let json = "Content-Type: application/json\r\n";
        let credentials = r#"{"email":"editor@example.com","password":"editor-password"}"#;
        let (_, body) = ask(address, "POST", "/api/v1/auth/login", json, credentials);
        let token = serde_json::from_str::<Value>(&body).unwrap()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        let (ends, acknowledged, refused) = (Arc::<AtomicBool>::default(), Arc::<Mutex<_>>::default(), Arc::default());
        let writers = (0..6)
            .map(|writer| {
                let headers = format!("{json}Authorization: Bearer {token}\r\n");
                let (ends, acknowledged, refused) = (
                    Arc::clone(&ends),
                    Arc::<Mutex<Vec<String>>>::clone(&acknowledged),
                    Arc::<AtomicUsize>::clone(&refused),
                );
                thread::spawn(move || {
                    for number in 0.. {
                        if ends.load(Ordering::Relaxed) {
                            return;
                        }
                        let body = format!(r#"{{"title":"post {writer} {number}","body":"text"}}"#);
                        let (head, body) = ask(address, "POST", "/api/v1/posts", &headers, &body);
                        if head.starts_with("HTTP/1.1 201") {
                            let post: Value = serde_json::from_str(&body).unwrap();
                            acknowledged
                                .lock()
                                .unwrap()
                                .push(post["id"].as_str().unwrap().to_owned());
                        } else {
                            assert!(head.starts_with("HTTP/1.1 503"), "{head}\n{body}");
                            assert!(head.to_ascii_lowercase().contains("retry-after: "), "{head}");
                            assert!(head.contains("application/problem+json"), "{head}");
                            refused.fetch_add(1, Ordering::Relaxed);
                            thread::sleep(Duration::from_millis(20));
                        }
                    }
                })
            })
            .collect();
        Self {
            ends,
            acknowledged,
            refused,
            writers,
        }
    }

    pub(crate) fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Until so many more have been stored.
    pub(crate) fn wait_for_posts(&self, more: usize) {
        let before = self.acknowledged().len();
        self.wait(|| self.acknowledged().len() >= before + more);
    }

    fn wait_for_refusals(&self, more: usize) {
        let before = self.refused.load(Ordering::Relaxed);
        self.wait(|| self.refused.load(Ordering::Relaxed) >= before + more);
    }

    /// A writer that has ended has met what it must not.
    fn wait(&self, done: impl Fn() -> bool) {
        while !done() {
            assert!(
                !self.writers.iter().any(thread::JoinHandle::is_finished),
                "a writer has failed"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn end(self) -> Vec<String> {
        self.ends.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.join().unwrap();
        }
        Arc::into_inner(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

/// Every acknowledged post is there, and each post that is there has its entry in the trail, as each entry its post.
async fn nothing_lost_and_nothing_half(url: &str, acknowledged: &[String]) {
    let db = Database::connect(url).await.unwrap();
    let posts = post::Entity::with_deleted().all(&db).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the trail is not deleted by marks")]
    let entries = audit_entry::Entity::find().all(&db).await.unwrap();
    let mut posts: Vec<_> = posts.iter().map(|post| post.public_id).collect();
    let mut entries: Vec<_> = entries
        .iter()
        .filter(|entry| entry.entity == "post" && entry.action == "create")
        .map(|entry| entry.entity_id)
        .collect();
    posts.sort();
    entries.sort();
    assert_eq!(posts, entries);
    for id in acknowledged {
        assert!(posts.binary_search(&id.parse().unwrap()).is_ok(), "{id} is lost");
    }
    db.close().await.unwrap();
}

fn until_readiness_is(blog: &Process, status: &str) {
    for _ in 0..600 {
        let (head, _) = ask(blog.admin, "GET", "/readyz", "", "");
        if head.starts_with(&format!("HTTP/1.1 {status}")) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("readiness never was {status}");
}

#[test]
fn a_database_that_stays_down_is_asked_again_and_then_given_up() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let check = |scheme: &str, name: &str, arguments: &[&str]| {
        let (folder, url) = (folder(), format!("{scheme}://somebody:hunter2@127.0.0.1:{port}/blog"));
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("DATABASE_WAIT_SECONDS", "2"),
            ("DATABASE_ACQUIRE_SECONDS", "1"),
        ];
        let output = command(&folder, &variables).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains(&format!("{name} does not answer yet; asking again in 250ms")),
            "{said}"
        );
        assert!(said.contains(&format!("blog: {name} did not answer in ")), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        std::fs::remove_dir_all(folder).unwrap();
    };
    check("mysql", "MariaDB", &[]);
    check("postgres", "PostgreSQL", &[]);
    check("mysql", "MariaDB", &["migrate", "up"]);
    check("postgres", "PostgreSQL", &["migrate", "status"]);
    check("postgres", "PostgreSQL", &["seed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_is_killed_and_stopped_under_load_and_comes_back() {
    let Some(mut server) = MariaDb::start().await else {
        return;
    };
    let url = server.url("blog");
    let blog = Process::start(&[("DATABASE_URL", &url), ("APP_ENV", "development"), ("LOG", "off")]);
    let load = Load::on(blog.address);
    for end in [MariaDb::kill, MariaDb::stop] {
        load.wait_for_posts(40);
        end(&mut server);
        load.wait_for_refusals(12);
        until_readiness_is(&blog, "503");
        let (live, _) = ask(blog.admin, "GET", "/livez", "", "");
        assert!(live.starts_with("HTTP/1.1 200"), "{live}");
        server.start_again().await;
        until_readiness_is(&blog, "200");
        load.wait_for_posts(40);
    }
    nothing_lost_and_nothing_half(&url, &load.end()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_postgres_ends_under_load_lose_nothing() {
    let Some(server) = server("TEST_POSTGRES_URL", "no PostgreSQL ends its connections") else {
        return;
    };
    let database = TestDatabase::at(Some(server));
    let url = database.url();
    {
        let blog = Process::start(&[("DATABASE_URL", &url), ("APP_ENV", "development"), ("LOG", "off")]);
        let load = Load::on(blog.address);
        let administrator = Database::connect(&url).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for _ in 0..10 {
            load.wait_for_posts(20);
            let end = Statement::from_string(sea_orm::DbBackend::Postgres, end);
            assert!(!administrator.query_all_raw(end).await.unwrap().is_empty());
        }
        load.wait_for_posts(40);
        administrator.close().await.unwrap();
        nothing_lost_and_nothing_half(&url, &load.end()).await;
    }
}

pub(crate) async fn create(db: &DatabaseTransaction, title: &str) -> Result<post::Model, DbErr> {
    let author = user::Entity::live()
        .order_by_asc(user::Column::Id)
        .one(db)
        .await?
        .unwrap();
    let row = post::ActiveModel {
        author_id: Set(author.id),
        title: Set(title.to_owned()),
        body: Set("text".into()),
        published: Set(true),
        version: Set(1),
        ..Default::default()
    };
    row.insert(db).await
}

/// Writes a post as the blog would.
pub(crate) async fn write(app: &TestApp, title: &str) -> portcullis::Result<post::Model> {
    let work = app
        .state()
        .db()
        .transaction(|db| async move { Ok(create(&db, title).await?) });
    in_context(work).await
}

/// In whose name a test saves rows.
pub(crate) async fn in_context<F: Future>(work: F) -> F::Output {
    let passwords = Passwords::builder().build().unwrap();
    Context::new(Actor::System("test"), None, passwords).scope(work).await
}

const VICTIM: &str = "BLOG_TEST_VICTIM";

/// Not a test: the process that the next one kills.
#[tokio::test]
async fn the_victim() {
    let Ok(url) = std::env::var(VICTIM) else {
        return;
    };
    let app = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let work = app.state().db().transaction(|db| async move {
        create(&db, "outer").await?;
        blog::database::savepoint(&db, |db| async move {
            create(&db, "released").await?;
            Ok(())
        })
        .await?;
        blog::database::savepoint(&db, |db| async move {
            create(&db, "inner").await?;
            println!("\nin the middle");
            std::future::pending::<portcullis::Result<()>>().await
        })
        .await
    });
    in_context(work).await.unwrap();
}

#[tokio::test]
async fn killed_in_the_middle_of_nested_transactions_it_leaves_neither() {
    let app = TestApp::new().await;
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::the_victim", "--nocapture"])
        .env(VICTIM, app.database_url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "in the middle"));
    let before = app.get("/api/v1/posts").await.json();
    assert_eq!(before["total"], 3, "nobody sees what has not been committed");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let after = app.get("/api/v1/posts").await.json();
    assert_eq!(after["total"], 3, "{after}");
    nothing_lost_and_nothing_half(&app.database_url(), &[]).await;
    // Its lock went with it.
    write(&app, "next").await.unwrap();
}

#[tokio::test]
async fn an_outer_transaction_survives_an_inner_one_that_fails() {
    let app = TestApp::new().await;
    let work = app.state().db().transaction(|db| async move {
        create(&db, "outer").await?;
        let inner = blog::database::savepoint(&db, |db| async move {
            create(&db, "inner").await?;
            Err::<(), _>("on purpose".into())
        });
        assert_eq!(inner.await.unwrap_err().to_string(), "on purpose");
        create(&db, "later").await?;
        Ok(())
    });
    in_context(work).await.unwrap();
    let titles = app.get("/api/v1/posts?size=100").await.text;
    for (title, there) in [("\"outer\"", true), ("\"inner\"", false), ("\"later\"", true)] {
        assert_eq!(titles.contains(title), there, "{title}: {titles}");
    }
    nothing_lost_and_nothing_half(&app.database_url(), &[]).await;
}
