//! How the databases answer the hot queries of 200 000 posts, and how fast the list of posts is.
//!
//! `cargo bench -p blog --bench data` on SQLite; beside it on the servers that `TEST_MYSQL_URL` and `TEST_POSTGRES_URL` name, each
//! in a database of its own. `BENCH_POSTS` and `BENCH_CLIENTS` change how many. It fails where a hot query reads a whole table.
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
use blog::cli::Seed;
use blog::config::Config;
use blog::database::watch;
use blog::state::AppState;
use http::Request;
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
        ("MariaDB", std::env::var("TEST_MYSQL_URL").ok()),
        ("PostgreSQL", std::env::var("TEST_POSTGRES_URL").ok()),
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
    let faults = plans(&router, state.db().primary(), seen).await?;
    latency(&router).await?;
    state.close().await?;
    Ok(faults)
}

/// Asks each hot route once, and then the database how it has answered.
async fn plans(router: &Router, db: &impl ConnectionTrait, seen: &Seen) -> Result<usize> {
    let list = get(router, "/api/v1/posts?size=20").await?;
    let first = &list["items"][0];
    let (post, author) = (text(&first["id"]), text(&first["author"]["id"]));
    let slug = text(&first["slug"]);
    let next = text(&list["next"]);
    let mut hot = vec![
        ("newest first", "/api/v1/posts?size=20".to_owned()),
        ("oldest first", "/api/v1/posts?sort=created_at".into()),
        ("by title", "/api/v1/posts?sort=title".into()),
        ("by author", format!("/api/v1/posts?author={author}")),
        ("by tag", "/api/v1/posts?tag=rust".into()),
        ("one post", format!("/api/v1/posts/{post}")),
        ("its comments", format!("/api/v1/posts/{post}/comments")),
        ("search", "/api/v1/posts?q=harbour".into()),
        ("search route", "/api/v1/search?q=harbour".into()),
    ];
    if !next.is_empty() {
        hot.push(("next page", format!("/api/v1/posts?page%5Bafter%5D={next}")));
    }
    if !slug.is_empty() {
        hot.push(("by slug", format!("/api/v1/posts/by-slug/{slug}")));
    }
    let mut unfiltered = Vec::new();
    let mut faults = 0;
    for (name, path) in hot {
        of(seen).clear();
        let begun = Instant::now();
        let status = status(router, &path).await?;
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        let statements = std::mem::take(&mut *of(seen));
        println!("{name:<13} {status} {millis:7.1} ms, {} statements", statements.len());
        // A route that is not there is not measured.
        if status != 200 {
            continue;
        }
        let asked: Vec<_> = statements.iter().map(|statement| statement.sql.clone()).collect();
        if asked == unfiltered {
            println!("    the list does not know this parameter");
        } else if unfiltered.is_empty() {
            unfiltered = asked;
        }
        for statement in statements {
            let explained = explain(db, &statement).await?;
            let counts = statement.sql.contains("COUNT(") && !statement.sql.contains("GROUP BY");
            for table in whole_tables(db.get_database_backend(), &explained) {
                // A number of all reads all that it counts.
                let verdict = if counts { "counts" } else { "READS ALL OF" };
                println!("    {verdict} {table}: {}", head(&statement.sql));
                faults += usize::from(!counts);
            }
        }
    }
    Ok(faults)
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
        DbBackend::MySql => &["table", "type", "key"],
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

/// The list of posts alone, and while so many clients ask for it at once.
async fn latency(router: &Router) -> Result<()> {
    const PATH: &str = "/api/v1/posts?size=20";
    let clients = number("BENCH_CLIENTS", 32);
    for (name, clients, rounds) in [("alone", 1, 200), ("under load", clients, 40)] {
        let begun = Instant::now();
        let all: Vec<_> = (0..clients)
            .map(|_| {
                let router = router.clone();
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    for _ in 0..rounds {
                        let begun = Instant::now();
                        let status = status(&router, PATH).await?;
                        if status != 200 {
                            return Result::Err(portcullis::Error::from(format!("the list answers {status}")));
                        }
                        times.push(begun.elapsed());
                    }
                    Result::Ok(times)
                })
            })
            .collect();
        let mut times = Vec::new();
        for client in all {
            times.extend(client.await??);
        }
        let seconds = begun.elapsed().as_secs_f64();
        times.sort();
        let rate = f64::from(u32::try_from(times.len())?) / seconds;
        let at = |percent: usize| millis(times[(times.len() * percent / 100).min(times.len() - 1)]);
        println!(
            "list, {name} ({clients}): p50 {:.2} ms, p99 {:.2} ms, {rate:.0} a second",
            at(50),
            at(99)
        );
    }
    Ok(())
}

async fn answer(router: &Router, path: &str) -> Result<http::Response<Body>> {
    let mut request = Request::get(path).body(Body::empty())?;
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 40_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    match router.clone().oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn status(router: &Router, path: &str) -> Result<u16> {
    let response = answer(router, path).await?;
    let status = response.status().as_u16();
    response.into_body().collect().await?;
    Ok(status)
}

async fn get(router: &Router, path: &str) -> Result<Value> {
    let body = answer(router, path).await?.into_body().collect().await?;
    Ok(serde_json::from_slice(&body.to_bytes())?)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn head(sql: &str) -> String {
    sql.chars().take(160).collect()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn number(variable: &str, default: u32) -> u32 {
    let value = std::env::var(variable).ok();
    value.and_then(|value| value.parse().ok()).unwrap_or(default)
}
