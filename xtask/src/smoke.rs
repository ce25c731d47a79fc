//! Runs the quickstarts as a reader of the README would, and asks them what the README says they answer.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::{cargo, root};

const ADDRESS: &str = "127.0.0.1:3000";
const PATIENCE: Duration = Duration::from_secs(10);

/// Requests, and what their answers must contain.
const CASES: &[(&str, &[&str])] = &[
    (
        "GET / HTTP/1.1\r\n",
        &[
            "HTTP/1.1 200",
            "x-request-id: ",
            "x-frame-options: SAMEORIGIN",
            "ratelimit: \"default\"",
            "\r\n\r\nhello",
        ],
    ),
    (
        "GET / HTTP/1.1\r\nOrigin: https://app.example.com\r\n",
        &["HTTP/1.1 200", "access-control-allow-origin: https://app.example.com"],
    ),
    (
        "OPTIONS / HTTP/1.1\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n",
        &["HTTP/1.1 204", "access-control-allow-methods: "],
    ),
    (
        "POST / HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n",
        &["HTTP/1.1 403", "application/problem+json"],
    ),
    (
        "GET /admin HTTP/1.1\r\n",
        &["HTTP/1.1 401", "www-authenticate: Bearer", "application/problem+json"],
    ),
    (
        "GET / HTTP/1.1\r\nAuthorization: Bearer forged\r\n",
        &["HTTP/1.1 401", "error=\"invalid_token\""],
    ),
    (
        "GET /nowhere HTTP/1.1\r\n",
        &["HTTP/1.1 404", "application/problem+json", "\"title\":\"Not Found\""],
    ),
];

pub(crate) fn quickstarts() -> Result<(), String> {
    for (name, features) in [("axum_quickstart", "axum,server"), ("hyper_quickstart", "server")] {
        cargo(&[
            "build",
            "--package",
            "portcullis",
            "--example",
            name,
            "--features",
            features,
        ])?;
        println!("\n== {name} on {ADDRESS}");
        if TcpStream::connect(ADDRESS).is_ok() {
            return Err(format!("{ADDRESS} is taken, and {name} needs it"));
        }
        let mut example = Command::new(format!("{}/{name}", examples()))
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let asked = CASES.iter().try_for_each(|(request, expect)| ask(request, expect));
        let ended = end(&mut example);
        asked.and(ended).map_err(|reason| format!("{name}: {reason}"))?;
    }
    Ok(())
}

/// Where cargo puts examples: beside this binary.
fn examples() -> String {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| format!("{}/target", root()));
    format!("{target}/debug/examples")
}

fn ask(request: &str, expect: &[&str]) -> Result<(), String> {
    let answer = send(&format!("{request}Host: {ADDRESS}\r\nConnection: close\r\n\r\n"))?;
    match expect.iter().find(|part| !answer.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("{request:?} was not answered with {part:?} but with\n{answer}")),
    }
}

fn send(request: &str) -> Result<String, String> {
    let deadline = Instant::now() + PATIENCE;
    let mut stream = loop {
        match TcpStream::connect(ADDRESS) {
            Ok(stream) => break stream,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused && Instant::now() < deadline => {
                sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer))
        .map_err(|error| format!("{request:?}: {error}"))?;
    Ok(answer)
}

/// SIGTERM, and a clean end.
fn end(example: &mut Child) -> Result<(), String> {
    let _ = Command::new("kill").args(["-TERM", &example.id().to_string()]).status();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match example.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) => sleep(Duration::from_millis(20)),
            Err(error) => return Err(error.to_string()),
        }
    }
    let _ = example.kill();
    let _ = example.wait();
    Err("did not end on SIGTERM".to_owned())
}
