//! The end of the process, asked for and not: no answer is cut, and nothing that was acknowledged is lost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::process::{Process, ask};

/// A connection that is kept, as long as the server keeps it.
struct Client {
    address: SocketAddr,
    kept: Option<BufReader<TcpStream>>,
}

/// The status and the body, or why there is none.
type Asked = Result<(u16, String), Lost>;

#[derive(Debug)]
enum Lost {
    /// Nobody listens any more.
    Refused,
    /// A request was taken and not answered.
    #[expect(dead_code, reason = "a panic shows it")]
    Cut(String),
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        Self { address, kept: None }
    }

    fn ask(&mut self, request: &str) -> Asked {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(self.address).map_err(|_| Lost::Refused)?),
        };
        let answer = exchange(&mut stream, request).map_err(|error| Lost::Cut(error.to_string()))?;
        let (status, closes, body) = answer;
        if !closes {
            self.kept = Some(stream);
        }
        Ok((status, body))
    }
}

fn exchange(stream: &mut BufReader<TcpStream>, request: &str) -> std::io::Result<(u16, bool, String)> {
    stream.get_mut().write_all(request.as_bytes())?;
    let (mut status, mut closes, mut length) = (None, false, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        }
        closes |= line == "connection: close";
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status.unwrap(), closes, String::from_utf8(body).unwrap()))
}

#[test]
fn told_to_stop_under_load_it_cuts_nobody_and_logs_every_answer() {
    let mut blog = Process::start(&[("LOG_DIR", "logs")]);
    let address = blog.address;
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let answered = Arc::clone(&answered);
            thread::spawn(move || {
                let close = if number % 2 == 0 { "" } else { "Connection: close\r\n" };
                let request = format!("GET /api/v1/users HTTP/1.1\r\nHost: blog\r\n{close}\r\n");
                let mut client = Client::new(address);
                loop {
                    match client.ask(&request) {
                        Ok((200, _)) => answered.fetch_add(1, Ordering::Relaxed),
                        Err(Lost::Refused) => return,
                        other => panic!("{other:?}"),
                    };
                }
            })
        })
        .collect();
    // The load is there once all have been answered many times over.
    while answered.load(Ordering::Relaxed) < 400 && !clients.iter().any(thread::JoinHandle::is_finished) {
        thread::yield_now();
    }
    let status = blog.stop();
    for client in clients {
        client.join().unwrap();
    }
    assert!(status.success(), "{status}");
    let answered = answered.load(Ordering::Relaxed);
    assert!(answered >= 400);
    let log = std::fs::read_to_string(blog.folder.join("logs/blog.log")).unwrap();
    let records = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["target"] == "portcullis::request_log")
        .count();
    assert_eq!(records, answered, "one record an answer, to the last");
}

#[test]
fn killed_and_started_again_it_has_every_post_that_it_acknowledged() {
    // Where there are accounts that may write.
    let development = [("APP_ENV", "development")];
    let mut blog = Process::start(&development);
    let address = blog.address;
    let json = "Content-Type: application/json\r\n";
    let credentials = r#"{"email":"editor@example.com","password":"editor-password"}"#;
    let (_, body) = ask(address, "POST", "/api/v1/auth/login", json, credentials);
    let token = serde_json::from_str::<Value>(&body).unwrap()["token"]
        .as_str()
        .unwrap()
        .to_owned();

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (token, acknowledged) = (token.clone(), Arc::clone(&acknowledged));
            thread::spawn(move || {
                let mut client = Client::new(address);
                let mut ids = Vec::new();
                for number in 0.. {
                    let body = format!(r#"{{"title":"post {writer} {number}","body":"text"}}"#);
                    let length = body.len();
                    let asked = client.ask(&format!(
                        "POST /api/v1/posts HTTP/1.1\r\nHost: blog\r\nAuthorization: Bearer {token}\r\n{json}\
                         Content-Length: {length}\r\n\r\n{body}"
                    ));
                    let Ok((status, body)) = asked else {
                        break;
                    };
                    assert_eq!(status, 201, "{body}");
                    let post: Value = serde_json::from_str(&body).unwrap();
                    ids.push(post["id"].as_str().unwrap().to_owned());
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                ids
            })
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < 60 && !writers.iter().any(thread::JoinHandle::is_finished) {
        thread::yield_now();
    }
    blog.kill();
    let ids: Vec<String> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    assert!(ids.len() >= 60, "{}", ids.len());

    blog.start_again(&development);
    for id in ids {
        let (head, _) = ask(blog.address, "GET", &format!("/api/v1/posts/{id}"), "", "");
        assert!(head.starts_with("HTTP/1.1 200"), "{id}: {head}");
    }
}
