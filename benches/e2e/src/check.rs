//! What every server must answer before its time is taken.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e_contract::{ORIGIN, Post, ROLE, token};
use serde_json::Value;

use crate::client::{Answer, Connection};
use crate::process::Running;
use crate::servers::Server;

/// A quota that is soon used up.
const TINY: u32 = 3;
/// Requests on one connection, each of which must be answered and logged.
const MANY: usize = 300;
/// A log may be written a little after the answer.
const PATIENCE: Duration = Duration::from_secs(5);
pub(crate) const PATH: &str = "/posts/7";
/// An answer that takes some work.
pub(crate) const LIST: &str = "/posts";

const PROBLEM: &str = "application/problem+json";

/// On every answer, also on refusals.
const HEADERS: &[&str] = &[
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "origin-agent-cluster",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-xss-protection",
    "x-request-id",
];

type Header<'a> = (&'a str, &'a str);

pub(crate) fn check(server: &Server) -> Result<(), String> {
    let bearer = format!("Bearer {}", token(ROLE)?);
    if !server.gated {
        let running = Running::start(server, None, None)?;
        let connection = &mut open(&running)?;
        for path in [PATH, LIST] {
            posts(&ask(connection, "GET", path, &[("authorization", &bearer)])?, path)?;
        }
        return Ok(());
    }
    let log = Log::new(server.name)?;
    {
        let running = Running::start(server, Some(&log.0), None)?;
        let asked = answers(&running, &bearer)?;
        log.lines(asked)?;
    }
    limit(&Running::start(server, None, Some(TINY))?, &bearer)
}

/// The number of requests that were made.
fn answers(running: &Running, bearer: &str) -> Result<usize, String> {
    let connection = &mut open(running)?;
    let reader = format!("Bearer {}", token("reader")?);
    let forged = format!("{}AAAA", &bearer[..bearer.len() - 4]);
    let origin = ("origin", ORIGIN);
    let cases: [(&str, u16, &[Header<'_>]); 6] = [
        (PATH, 200, &[origin, ("authorization", bearer)]),
        (LIST, 200, &[origin, ("authorization", bearer)]),
        (PATH, 401, &[origin]),
        (PATH, 401, &[origin, ("authorization", &forged)]),
        (PATH, 403, &[origin, ("authorization", &reader)]),
        ("/nowhere", 404, &[origin, ("authorization", bearer)]),
    ];
    for (path, status, headers) in cases {
        let answer = ask(connection, "GET", path, headers)?;
        expect(&answer, path, status)?;
        if status == 200 {
            posts(&answer, path)?;
        } else if !answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with(PROBLEM))
        {
            return Err(format!("{status} is a {:?}", answer.header("content-type")));
        }
    }
    let preflight = [
        origin,
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization"),
    ];
    let answer = ask(connection, "OPTIONS", PATH, &preflight)?;
    let status = if answer.status == 200 { 200 } else { 204 };
    expect(&answer, "a preflight", status)?;
    for (name, word) in [
        ("access-control-allow-methods", "put"),
        ("access-control-allow-headers", "authorization"),
        ("access-control-max-age", "3600"),
    ] {
        let list = answer.header(name).unwrap_or_default().to_ascii_lowercase();
        if !list.split(',').any(|item| item.trim() == word) {
            return Err(format!("a preflight is answered with {name}: {list:?}"));
        }
    }
    let elsewhere = [("origin", "https://evil.example.com"), ("authorization", bearer)];
    let answer = ask(connection, "GET", PATH, &elsewhere)?;
    if answer.header("access-control-allow-origin") == Some("https://evil.example.com") {
        return Err("every origin may read".to_owned());
    }
    for _ in 0..MANY {
        expect(&ask(connection, "GET", PATH, cases[0].2)?, PATH, 200)?;
    }
    Ok(cases.len() + 2 + MANY)
}

/// The quota is for an hour: it lets so many through and then no more.
fn limit(running: &Running, bearer: &str) -> Result<(), String> {
    let connection = &mut open(running)?;
    let headers = [("origin", ORIGIN), ("authorization", bearer)];
    for _ in 0..TINY {
        expect(&ask(connection, "GET", PATH, &headers)?, PATH, 200)?;
    }
    let answer = ask(connection, "GET", PATH, &headers)?;
    expect(&answer, "beyond the quota", 429)?;
    match answer.header("retry-after") {
        Some(_) => Ok(()),
        None => Err("429 has no retry-after".to_owned()),
    }
}

fn expect(answer: &Answer, what: &str, status: u16) -> Result<(), String> {
    if answer.status != status {
        return Err(format!("{what} is answered with {} instead of {status}", answer.status));
    }
    if let Some(name) = HEADERS.iter().find(|name| answer.header(name).is_none()) {
        return Err(format!("{status} has no {name}"));
    }
    for (name, value) in [
        ("access-control-allow-origin", ORIGIN),
        ("access-control-allow-credentials", "true"),
        ("x-content-type-options", "nosniff"),
    ] {
        if answer.header(name) != Some(value) {
            return Err(format!("{status} has {name}: {:?}", answer.header(name)));
        }
    }
    Ok(())
}

fn posts(answer: &Answer, path: &str) -> Result<(), String> {
    let told = |error: serde_json::Error| error.to_string();
    let served: Value = serde_json::from_slice(&answer.body).map_err(told)?;
    let expected = match path {
        LIST => serde_json::to_value(Post::list()),
        _ => serde_json::to_value(Post::sample(7)),
    };
    let expected = expected.map_err(told)?;
    if answer.status == 200 && served == expected {
        Ok(())
    } else {
        Err(format!("{path} is answered with {} {served}", answer.status))
    }
}

fn open(running: &Running) -> Result<Connection, String> {
    Connection::open(running.address).map_err(|error| error.to_string())
}

fn ask(connection: &mut Connection, method: &str, path: &str, headers: &[Header<'_>]) -> Result<Answer, String> {
    let answer = connection.ask(method, path, headers);
    answer.map_err(|error| format!("{method} {path}: {error}"))
}

/// A file that is gone when this is.
struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Result<Self, String> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = std::env::temp_dir().join(format!("e2e-{}-{name}.log", std::process::id()));
        fs::write(&path, "").map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// One for each request, beside what a server says when it starts.
    fn lines(&self, requests: usize) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(&self.0).map_err(|error| error.to_string())?;
            // A record may have more than one line, as in Fastify, which logs the request and the answer.
            let lines = log.lines().filter(|line| is_record(line)).count();
            if lines == requests {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{lines} lines in the log of {requests} requests"));
            }
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The end of a request.
fn is_record(line: &str) -> bool {
    [
        "HTTP/1.1\"",
        "request complete",
        "request completed",
        "finished processing",
    ]
    .iter()
    .any(|words| line.contains(words))
}
