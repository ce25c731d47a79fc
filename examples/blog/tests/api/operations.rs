use std::net::TcpListener;
use std::process::Output;

use serde_json::Value;

use crate::process::{Process, ask, command, folder};
use crate::servers::server;
use crate::support::TestApp;

#[tokio::test]
async fn metrics_know_routes_and_no_paths() {
    let app = TestApp::new().await;
    let token = app.login("editor").await;
    let id = app.post(&token, "Counted").await;
    for path in [
        &format!("/api/v1/posts/{id}")[..],
        "/api/v1/posts/nothing",
        "/nowhere/at/all?x=1",
        "/api/v1/demo/error",
    ] {
        app.get(path).await;
    }
    app.call(http::Method::GET, "/api/v1/admin/stats", None, None).await;

    let answer = app.admin("GET", "/metrics", "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = answer.text;
    for series in [
        r#"http_route="/api/v1/posts/{id}",http_response_status_code="200""#,
        r#"http_route="/api/v1/demo/error",http_response_status_code="500",error_type="500""#,
        // What the gate refuses is counted, too.
        r#"http_route="/api/v1/admin/stats",http_response_status_code="401""#,
        r#"http_response_status_code="404""#,
    ] {
        assert!(
            text.lines()
                .any(|line| line.starts_with("http_server_request_duration_seconds_bucket{") && line.contains(series)),
            "{series}: {text}"
        );
    }
    for line in [
        "http_server_active_requests{",
        "http_server_response_body_size_bytes_bucket{",
        r#"db_client_connection_count{db_client_connection_pool_name="read",db_client_connection_state="idle"}"#,
        r#"db_client_connection_max{db_client_connection_pool_name="read"} 10"#,
        r#"blog_passwords_jobs{state="running"} 0"#,
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}: {text}");
    }
    for boundary in ["0.005", "0.075", "0.75", "7.5", "10"] {
        assert!(text.contains(&format!("le=\"{boundary}\"")), "{boundary}");
    }
    for leak in [&id[..], "nowhere", "x=1"] {
        assert!(!text.contains(leak), "{leak}: {text}");
    }
}

#[tokio::test]
async fn readiness_asks_the_database_and_says_who_failed() {
    let app = TestApp::new().await;
    for ready in [app.get("/readyz").await, app.admin("GET", "/readyz", "").await] {
        assert_eq!(ready.status, 200, "{ready:?}");
        assert_eq!(ready.json()["checks"], serde_json::json!({ "database": "ok" }));
    }

    let app = TestApp::new().await;
    app.close_database().await;
    for answer in [app.get("/readyz").await, app.admin("GET", "/readyz", "").await] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["detail"], "no answer from: database");
        assert_eq!(answer.json()["checks"], serde_json::json!({ "database": "failed" }));
        assert!(
            !answer.text.contains("sqlite") && !answer.text.contains("pool"),
            "{answer:?}"
        );
    }
    // A process that waits for its database is not to be killed for it.
    assert_eq!(app.admin("GET", "/livez", "").await.status, 200);
}

#[tokio::test]
async fn an_answer_holds_for_a_second() {
    loop {
        let app = TestApp::new().await;
        let begun = std::time::Instant::now();
        let first = app.admin("GET", "/readyz", "").await;
        app.close_database().await;
        let second = app.admin("GET", "/readyz", "").await;
        // A machine that was busy for a second has shown nothing.
        if begun.elapsed() < std::time::Duration::from_secs(1) {
            assert_eq!(
                (first.status.as_u16(), second.status.as_u16()),
                (200, 200),
                "{second:?}"
            );
            return;
        }
    }
}

#[tokio::test]
async fn readiness_turns_false_at_the_shutdown() {
    let mut app = TestApp::new().await;
    let shutdown = app.shutdown.take().unwrap();
    shutdown.handle().trigger();
    shutdown.drained().await;
    let answer = app.admin("GET", "/readyz", "").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["detail"]),
        (503, &Value::from("shutting down"))
    );
    assert_eq!(app.admin("GET", "/livez", "").await.status, 200);
}

#[tokio::test]
async fn redis_is_asked_where_there_is_one() {
    let Some(url) = server("TEST_REDIS_URL", "no Redis is asked") else {
        return;
    };
    let app = TestApp::with(&[("REDIS_URL", &url)]).await;
    let answer = app.admin("GET", "/readyz", "").await;
    assert_eq!(
        answer.json()["checks"],
        serde_json::json!({ "database": "ok", "redis": "ok" })
    );
}

#[test]
fn what_is_logged_changes_at_run_time() {
    let blog = Process::start(&[("LOG", "info")]);
    let set = |directives| ask(blog.admin, "PUT", "/log", "", directives);
    assert_eq!(ask(blog.admin, "GET", "/log", "", "").1, "info\n");

    // With `off` the record of a request is not written; the line of the next change is, since it comes after.
    assert_eq!(set("off").1, "off\n");
    ask(blog.address, "GET", "/healthz?unseen", "user-agent: unseen\r\n", "");
    assert_eq!(set("info,portcullis=debug").1, "portcullis=debug,info\n");
    loop {
        let line = blog.line("{");
        assert!(!line.contains("unseen"), "{line}");
        if line.contains("what is logged was changed") && line.contains("portcullis=debug") {
            break;
        }
    }
    ask(blog.address, "GET", "/healthz", "user-agent: seen\r\n", "");
    while !blog.line("{").contains("\"user_agent.original\":\"seen\"") {}

    for bad in ["inof", "", "blog=loud"] {
        let (head, body) = set(bad);
        assert!(
            head.starts_with("HTTP/1.1 400 ") && head.contains("application/problem+json"),
            "{bad}: {head}"
        );
        assert!(body.contains("\"status\":400"), "{bad}: {body}");
    }
    assert_eq!(ask(blog.admin, "GET", "/log", "", "").1, "portcullis=debug,info\n");
    assert!(ask(blog.admin, "DELETE", "/log", "", "").0.starts_with("HTTP/1.1 405 "));
    assert!(
        ask(blog.admin, "GET", "/nowhere", "", "")
            .0
            .starts_with("HTTP/1.1 404 ")
    );
}

#[test]
fn every_request_has_its_record_in_the_files_after_sigterm() {
    const CLIENTS: usize = 8;
    const EACH: usize = 100;

    let mut blog = Process::start(&[("LOG_DIR", "logs"), ("LOG_FILE_BYTES", "50000"), ("LOG_FILES", "100")]);
    let (address, admin) = (blog.address, blog.admin);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            std::thread::spawn(move || {
                for number in 0..EACH {
                    let path = if number % 10 == 0 {
                        "/api/v1/demo/error"
                    } else {
                        "/healthz"
                    };
                    let agent = format!("user-agent: client-{client}-{number}\r\n");
                    ask(address, "GET", path, &agent, "");
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    ask(admin, "GET", "/metrics", "", "");
    assert!(blog.stop().success());

    let folder = blog.folder.join("logs");
    let read = |prefix: &str| {
        let mut records = Vec::new();
        let mut files = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with(prefix) {
                assert!(path.metadata().unwrap().len() <= 50_000, "{}", path.display());
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                records.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
            }
        }
        (files, records)
    };
    let (files, records) = read("blog.log");
    assert!(files > 1, "nothing was rotated");
    let mut agents: Vec<_> = records
        .iter()
        .filter(|record| record["target"] == "portcullis::request_log")
        .map(|record| record["user_agent.original"].as_str().unwrap())
        .collect();
    assert_eq!(agents.len(), CLIENTS * EACH, "one record a request");
    agents.sort_unstable();
    agents.dedup();
    assert_eq!(agents.len(), CLIENTS * EACH, "each its own");
    // The last word is the shutdown's report, after the database was closed.
    let newest = std::fs::read_to_string(folder.join("blog.log")).unwrap();
    assert!(newest.lines().last().unwrap().contains("shut down"), "{newest}");

    let (_, errors) = read("blog.error.log");
    assert!(errors.iter().all(|record| record["level"] == "ERROR"));
    let failed = errors
        .iter()
        .filter(|record| record["target"] == "portcullis::request_log")
        .count();
    assert_eq!(failed, CLIENTS * EACH / 10);
    // An error says of which request it is.
    assert!(
        errors
            .iter()
            .filter(|record| record["target"] != "portcullis::request_log")
            .all(|record| record["spans"][0]["request_id"].is_string())
    );
}

fn run(variables: &[(&str, &str)], command_line: &[&str]) -> Output {
    let folder = folder();
    let output = command(&folder, variables).args(command_line).output().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    output
}

#[test]
fn the_healthcheck_exits_with_the_state_of_the_blog() {
    let blog = Process::start(&[]);
    let port = blog.admin.port().to_string();
    let healthy = run(&[("ADMIN_PORT", &port)], &["healthcheck"]);
    assert!(healthy.status.success(), "{healthy:?}");
    assert!(
        String::from_utf8_lossy(&healthy.stdout).contains("\"database\":\"ok\""),
        "{healthy:?}"
    );
    // Where there is no admin port, the blog's own answers.
    let own = blog.address.port().to_string();
    let healthy = run(&[("ADMIN_PORT", "off"), ("PORT", &own)], &["healthcheck"]);
    assert!(healthy.status.success(), "{healthy:?}");

    drop(blog);
    let dead = run(&[("ADMIN_PORT", &port)], &["healthcheck"]);
    assert_eq!(dead.status.code(), Some(1), "{dead:?}");
    assert!(String::from_utf8_lossy(&dead.stderr).contains(&port), "{dead:?}");
}

#[test]
fn an_admin_port_that_was_asked_for_must_be_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&[("ADMIN_PORT", &port)], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("ADMIN_PORT"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_dead_redis_is_named() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let started = std::process::Command::new("redis-server")
        .args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .stdout(std::process::Stdio::null())
        .spawn();
    let Ok(mut redis) = started else {
        eprintln!("SKIPPED: there is no redis-server here");
        return;
    };
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        tokio::task::yield_now().await;
    }
    let app = TestApp::with(&[("REDIS_URL", &format!("redis://127.0.0.1:{port}/"))]).await;
    redis.kill().unwrap();
    redis.wait().unwrap();
    let answer = app.admin("GET", "/readyz", "").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(
        answer.json()["checks"],
        serde_json::json!({ "database": "ok", "redis": "failed" })
    );
    assert!(!answer.text.contains(&port), "{answer:?}");
}
