//! How the databases answer the hot queries of 200 000 posts, and how fast they are answered.
//!
//! `cargo bench -p blog --bench data` on SQLite; beside it on the servers that `TEST_MYSQL_URL` and `TEST_POSTGRES_URL` name, each
//! in a database of its own. `BENCH_POSTS` and `BENCH_CLIENTS` change how many. It fails where a hot query reads a
//! whole table, or sorts what an index has in order.
//!
//! What is asked is what the routes ask: the statements are taken on their way to the database, and each is given back to it after
//! the word EXPLAIN.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blog::cli::Seed;
use blog::config::Config;
use blog::database::watch;
use blog::state::AppState;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt;
use portcullis::Result;
use portcullis::shutdown::Shutdown;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::Value;
use tower::ServiceExt;

/// Of these a hot query may read no more than it needs; the others have few rows.
const LARGE: [&str; 3] = ["posts", "comments", "post_tags"];

type Seen = Arc<Mutex<Vec<Statement>>>;

#[tokio::main]
async fn main() -> ExitCode {
    let seen = Seen::default();
    watch::tap({
        let seen = Arc::clone(&seen);
        move |statement| {
            of(&seen).push(statement.clone());
        }
    });
    let folder = std::env::temp_dir().join(format!("blog-bench-{}", std::process::id()));
    let file = format!("sqlite://{}/blog.sqlite", folder.display());
    let mut faults = 0;
    for (name, server) in [
        ("SQLite", Some(file)),
        ("MariaDB", server("TEST_MYSQL_URL")),
        ("PostgreSQL", server("TEST_POSTGRES_URL")),
    ] {
        println!("\n# {name}");
        let Some(server) = server else {
            println!("SKIPPED: its variable is not set");
            continue;
        };
        match measured(&server, &seen).await {
            Ok(found) => faults += found,
            Err(error) => {
                println!("FAILED: {error}");
                faults += 1;
            }
        }
    }
    let _ = std::fs::remove_dir_all(folder);
    if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn of(seen: &Seen) -> MutexGuard<'_, Vec<Statement>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In a database of its own, which is gone afterwards.
async fn measured(server: &str, seen: &Seen) -> Result<usize> {
    if server.starts_with("sqlite") {
        return bench(server, seen).await;
    }
    let name = format!("blog_bench_{}", std::process::id());
    let administrator = Database::connect(server).await?;
    let (server, _) = server.rsplit_once('/').ok_or("the address names no database")?;
    tell(&administrator, &format!("CREATE DATABASE {name}")).await?;
    let found = bench(&format!("{server}/{name}"), seen).await;
    tell(&administrator, &format!("DROP DATABASE {name}")).await?;
    found
}

async fn tell(db: &impl ConnectionTrait, statement: &str) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the statements are ours")]
    db.execute_unprepared(statement).await?;
    Ok(())
}

async fn bench(url: &str, seen: &Seen) -> Result<usize> {
    let config = Config::from_lookup(|name| match name {
        "DATABASE_URL" => Some(url.to_owned()),
        "JWT_SECRET" => Some("a secret of the benchmark, 32 bytes or more".into()),
        "RATE_LIMIT" => Some("1000000000 per minute".into()),
        "APP_ENV" => Some("production".into()),
        _ => None,
    })?;
    let (state, _) = AppState::open(config).await?;
    let posts = number("BENCH_POSTS", 200_000);
    println!(
        "seeded: {}",
        blog::seed::fill(&state, Seed { users: 1000, posts }).await?
    );
    let shutdown = Shutdown::builder().build()?;
    let router = blog::app::app(state.clone(), &shutdown.handle())?;
    let backend = state.db().backend();
    let fresh: &[&str] = match backend {
        DbBackend::MySql => &["ANALYZE TABLE posts, comments, post_tags, tags, users"],
        DbBackend::Postgres => &["VACUUM ANALYZE"],
        _ => &["ANALYZE"],
    };
    for statement in fresh {
        tell(state.db().primary(), statement).await?;
    }
    let (questions, token) = (questions(&router).await?, signed_in(&router).await?);
    let faults = plans(&router, &questions, &token, state.db().primary(), seen).await?;
    let unanswered = latency(&router, questions, &token).await?;
    state.close().await?;
    Ok(faults + unanswered)
}

/// A question that readers ask often.
struct Hot {
    name: &'static str,
    path: String,
    /// As somebody who is signed in, and so sees drafts of their own.
    signed_in: bool,
    /// Whether the page must come from an index in its order. Further pages are found in order, and then sorted as shown.
    ordered: bool,
}

fn hot(name: &'static str, path: impl Into<String>) -> Hot {
    Hot {
        name,
        path: path.into(),
        signed_in: false,
        ordered: false,
    }
}

impl Hot {
    fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    fn signed_in(mut self) -> Self {
        self.signed_in = true;
        self
    }
}

/// What is asked, of the posts that there are.
async fn questions(router: &Router) -> Result<Vec<Hot>> {
    let first = get(router, "/api/v1/posts?size=1").await?["items"][0].clone();
    let (post, author) = (text(&first["id"])?, text(&first["author"]["id"])?);
    let page = number("BENCH_POSTS", 200_000) / 40;
    // A page of cursors from there on: the token is what a client would have by then.
    let middle = get(router, &format!("/api/v1/posts?size=20&page={page}&total=false")).await?["items"][0].clone();
    let token = serde_json::json!({ "s": "-created_at", "v": [middle["created_at"]], "i": middle["id"] });
    let token = URL_SAFE_NO_PAD.encode(token.to_string());
    let list = |query: &str| format!("/api/v1/posts?total=false{query}");
    let deep = format!("/api/v1/posts?page%5Bafter%5D={token}");
    Ok(vec![
        hot("list", list("")).ordered(),
        hot("list", list("")).ordered().signed_in(),
        hot("with its total", "/api/v1/posts"),
        hot("with its total", "/api/v1/posts").signed_in(),
        hot("oldest first", list("&sort=created_at")).ordered().signed_in(),
        hot("by change", list("&sort=-updated_at")).ordered().signed_in(),
        hot("by title", list("&sort=title")).ordered(),
        hot("by title", list("&sort=title")).ordered().signed_in(),
        hot("cursor, deep", deep.clone()),
        hot("cursor, deep", deep).signed_in(),
        hot("number, deep", list(&format!("&page={page}"))),
        hot("by author", list(&format!("&author={author}"))).signed_in(),
        hot("own drafts", list("&published=false")).signed_in(),
        hot("by tag", list("&tag=rust")),
        hot("by two tags", list("&tag=rust,web")).signed_in(),
        hot("one post", format!("/api/v1/posts/{post}")),
        hot("its comments", format!("/api/v1/posts/{post}/comments")),
        hot(
            "search",
            "/api/v1/posts/search?q=harbour+castle+ladder+quiet+window+river&total=false",
        ),
        hot(
            "search",
            "/api/v1/posts/search?q=harbour+castle+ladder+quiet+window+river&total=false",
        )
        .signed_in(),
        hot("tags", "/api/v1/tags"),
        hot("users' posts", "/api/v1/users?include=posts.comments.author,posts.tags").signed_in(),
    ])
}

/// Asks each question once, and then the database how it has answered.
async fn plans(
    router: &Router,
    questions: &[Hot],
    token: &str,
    db: &impl ConnectionTrait,
    seen: &Seen,
) -> Result<usize> {
    let mut faults = 0;
    for question in questions {
        of(seen).clear();
        let status = status(router, question, token).await?;
        let statements = std::mem::take(&mut *of(seen));
        if status != 200 {
            println!("{} answers {status}", question.path);
            faults += 1;
            continue;
        }
        for statement in statements {
            let explained = explain(db, &statement).await?;
            let backend = db.get_database_backend();
            // A number of all reads all that it counts.
            let counts = statement.sql.contains("COUNT(");
            for table in whole_tables(backend, &explained) {
                let verdict = if counts { "counts" } else { "READS ALL OF" };
                println!("{}: {verdict} {table}: {}", question.name, head(&statement.sql));
                faults += usize::from(!counts);
            }
            // The comments beside the posts are few, and sorted.
            let is_page = statement.sql.contains("slug") && statement.sql.contains("LIMIT");
            if question.ordered && is_page && is_sorted(backend, &explained) {
                println!("{}: SORTS {}", question.name, head(&statement.sql));
                faults += 1;
            }
        }
    }
    Ok(faults)
}

/// Whether rows are put in order after they were read.
fn is_sorted(backend: DbBackend, plan: &[BTreeMap<String, String>]) -> bool {
    plan.iter().any(|row| match backend {
        DbBackend::MySql => row["Extra"].contains("Using filesort"),
        DbBackend::Postgres => row["QUERY PLAN"].contains("Sort  (cost"),
        _ => row["detail"].contains("USE TEMP B-TREE FOR"),
    })
}

async fn explain(db: &impl ConnectionTrait, statement: &Statement) -> Result<Vec<BTreeMap<String, String>>> {
    let backend = db.get_database_backend();
    let word = if backend == DbBackend::Sqlite {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    let mut explained = statement.clone();
    explained.sql = format!("{word} {}", statement.sql);
    let rows = db.query_all_raw(explained).await?;
    let columns: &[&str] = match backend {
        DbBackend::MySql => &["table", "type", "Extra"],
        DbBackend::Postgres => &["QUERY PLAN"],
        _ => &["detail"],
    };
    let plan = rows.iter().map(|row| {
        let read = |column: &&str| {
            let value: Option<String> = row.try_get("", column).unwrap_or_default();
            ((*column).to_owned(), value.unwrap_or_default())
        };
        columns.iter().map(read).collect()
    });
    Ok(plan.collect())
}

/// The large tables that this plan reads from end to end, without an index.
fn whole_tables(backend: DbBackend, plan: &[BTreeMap<String, String>]) -> Vec<String> {
    let mut tables = Vec::new();
    for row in plan {
        let found = match backend {
            DbBackend::MySql => Some(row["table"].as_str()).filter(|_| row["type"] == "ALL"),
            DbBackend::Postgres => row["QUERY PLAN"]
                .split("Seq Scan on ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next()),
            _ => row["detail"]
                .strip_prefix("SCAN ")
                .filter(|rest| !rest.contains("INDEX"))
                .and_then(|rest| rest.split(' ').next()),
        };
        tables.extend(found.filter(|table| LARGE.contains(table)).map(str::to_owned));
    }
    tables
}

/// How long each question takes, asked alone, and while so many clients ask it at once; says how many were not answered.
async fn latency(router: &Router, questions: Vec<Hot>, token: &str) -> Result<usize> {
    let mut faults = 0;
    let clients = number("BENCH_CLIENTS", 16);
    println!("|                             | alone: p50, p99 ms | {clients} at once: p50, p99 ms | a second |");
    println!("|---|--:|--:|--:|");
    for question in questions {
        let (name, question) = (question.name, Arc::new(question));
        let who = if question.signed_in { ", signed in" } else { "" };
        let alone = times(router, &question, token, 1, 50).await;
        let begun = Instant::now();
        let many = times(router, &question, token, clients, 10).await;
        let (alone, many) = match (alone, many) {
            (Ok(alone), Ok(many)) => (alone, many),
            // What the database does not get done before the gate's deadline; the others are asked all the same.
            (Err(error), _) | (_, Err(error)) => {
                println!("| {:<27} | {error} | | |", format!("{name}{who}"));
                faults += 1;
                continue;
            }
        };
        let rate = f64::from(u32::try_from(many.len())?) / begun.elapsed().as_secs_f64();
        let at = |times: &[Duration], percent: usize| millis(times[times.len() * percent / 100]);
        println!(
            "| {:<27} | {:.1}, {:.1} | {:.1}, {:.1} | {rate:.0} |",
            format!("{name}{who}"),
            at(&alone, 50),
            at(&alone, 99),
            at(&many, 50),
            at(&many, 99),
        );
    }
    Ok(faults)
}

/// In rising order.
async fn times(
    router: &Router,
    question: &Arc<Hot>,
    token: &str,
    clients: u32,
    rounds: usize,
) -> Result<Vec<Duration>> {
    let mut all = Vec::new();
    for _ in 0..clients {
        let (router, question, token) = (router.clone(), Arc::clone(question), token.to_owned());
        all.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for _ in 0..rounds {
                let begun = Instant::now();
                let status = status(&router, &question, &token).await?;
                if status != 200 {
                    return Err(portcullis::Error::from(format!("{} answers {status}", question.path)));
                }
                times.push(begun.elapsed());
            }
            Result::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for client in all {
        times.extend(client.await??);
    }
    times.sort();
    Ok(times)
}

async fn answer(router: &Router, mut request: Request<Body>) -> Result<http::Response<Body>> {
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 40_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    match router.clone().oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn status(router: &Router, question: &Hot, token: &str) -> Result<u16> {
    let mut request = Request::get(&question.path);
    if question.signed_in {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = answer(router, request.body(Body::empty())?).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    Ok(status)
}

/// The token of an account that has written nothing.
async fn signed_in(router: &Router) -> Result<String> {
    const ACCOUNT: &str = r#"{"email":"bench@example.com","name":"Bench","password":"a long password of 2026"}"#;
    for step in ["register", "login"] {
        let request = Request::post(format!("/api/v1/auth/{step}")).header(CONTENT_TYPE, "application/json");
        let body = answer(router, request.body(Body::from(ACCOUNT))?).await?.into_body();
        let answer: Value = serde_json::from_slice(&body.collect().await?.to_bytes())?;
        if let Some(token) = answer["token"].as_str() {
            return Ok(token.to_owned());
        }
    }
    Err("nobody can sign in".into())
}

async fn get(router: &Router, path: &str) -> Result<Value> {
    let request = Request::get(path).body(Body::empty())?;
    let body = answer(router, request).await?.into_body().collect().await?;
    Ok(serde_json::from_slice(&body.to_bytes())?)
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("the list shows no post")?.to_owned())
}

fn head(sql: &str) -> String {
    sql.chars().take(160).collect()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn server(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}

fn number(variable: &str, default: u32) -> u32 {
    let value = std::env::var(variable).ok();
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}
