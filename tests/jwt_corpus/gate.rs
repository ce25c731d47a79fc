//! The gate on a port of its own, asked over one connection for each case.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::server;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{Layer, service_fn};

use super::jwt_gate;
use super::signer::Signer;

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "shop";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// `200`, with the claims of the token.
    Claims,
    /// `401` without an error: nobody has tried to be anybody.
    NoCredentials,
    /// `400`: it is not by the grammar.
    Malformed,
    /// `400`: there are several.
    Several,
    /// `401`: no word on what is wrong.
    Invalid,
    /// `401`: it was ours.
    Expired,
    /// `401`: it will be ours.
    NotYet,
    /// What is no HTTP the server refuses by itself, before any gate.
    NoHttp(u16),
}

impl Expect {
    fn status(self) -> u16 {
        match self {
            Self::Claims => 200,
            Self::NoCredentials | Self::Invalid | Self::Expired | Self::NotYet => 401,
            Self::Malformed | Self::Several => 400,
            Self::NoHttp(status) => status,
        }
    }

    fn challenge(self) -> Option<&'static str> {
        Some(match self {
            Self::Claims | Self::NoHttp(_) => return None,
            Self::NoCredentials => "Bearer",
            Self::Malformed => r#"Bearer error="invalid_request", error_description="the credentials are malformed""#,
            Self::Several => r#"Bearer error="invalid_request", error_description="more than one token was sent""#,
            Self::Invalid => r#"Bearer error="invalid_token", error_description="the token is not valid here""#,
            Self::Expired => r#"Bearer error="invalid_token", error_description="the token has expired""#,
            Self::NotYet => r#"Bearer error="invalid_token", error_description="the token is not valid yet""#,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// All of the request but the blank line that ends its head.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) expect: Expect,
}

impl Case {
    /// A request whose head has these lines, beside those that HTTP asks for.
    pub(crate) fn with_lines(name: impl Into<String>, lines: &[&[u8]], expect: Expect) -> Self {
        let mut head = b"GET / HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n".to_vec();
        for line in lines {
            head.extend_from_slice(line);
            head.extend_from_slice(b"\r\n");
        }
        Self {
            name: name.into(),
            head,
            body: Vec::new(),
            expect,
        }
    }

    pub(crate) fn with_token(name: impl Into<String>, token: &str, expect: Expect) -> Self {
        Self::with_lines(name, &[format!("authorization: Bearer {token}").as_bytes()], expect)
    }
}

pub(crate) struct Gate {
    address: SocketAddr,
    of: &'static str,
    /// Read again whenever a key is looked for.
    file: PathBuf,
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Gate {
    pub(crate) async fn of(signer: &Signer, typ: Option<&str>) -> Self {
        let mut settings = HashMap::from([("--issuer", ISSUER), ("--audience", AUDIENCE)]);
        settings.extend(typ.map(|typ| ("--typ", typ)));
        let secret = signer.secret();
        // Each has a set of its own, so that one test may end before another.
        let file = tempfile(&signer.published());
        match &secret {
            Some(secret) => settings.insert("--hs256-secret", secret),
            None => settings.insert("--jwks", file.to_str().unwrap()),
        };
        let layer = jwt_gate::gate(&settings).unwrap();
        layer.preload().await.unwrap();
        let server = server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        tokio::spawn(server.serve(layer.layer(service_fn(jwt_gate::claims))));
        Self {
            address,
            of: signer.name,
            file,
        }
    }

    pub(crate) async fn check(&self, case: &Case) {
        let name = format!("{}: {}", self.of, case.name);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut request = case.head.clone();
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(&case.body);
        // Where the server has answered before all was written, the rest has nobody to go to.
        let _ = stream.write_all(&request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap();
        let expected = format!("HTTP/1.1 {}", case.expect.status());
        assert!(status.starts_with(&expected), "{name}: {answer}, not {expected}");
        let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
        let all = |name: &str| -> Vec<&str> {
            let found = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map(|(_, value)| *value).collect()
        };
        let challenges: Vec<&str> = case.expect.challenge().into_iter().collect();
        assert_eq!(all("www-authenticate"), challenges, "{name}");
        match case.expect {
            Expect::NoHttp(_) => {}
            Expect::Claims => {
                assert_eq!(all("content-type"), ["application/json"], "{name}");
                let claims: Value = serde_json::from_str(body).unwrap();
                assert_eq!(claims["iss"], ISSUER, "{name}");
            }
            _ => {
                assert_eq!(all("content-type"), ["application/problem+json"], "{name}");
                let problem: Value = serde_json::from_str(body).unwrap();
                assert_eq!(problem["status"], case.expect.status(), "{name}");
                let members = problem.as_object().unwrap();
                let known = |name: &String| matches!(name.as_str(), "type" | "title" | "status" | "detail");
                assert!(members.keys().all(known), "{name}: {body}");
            }
        }
    }
}

fn tempfile(text: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("portcullis-corpus-{}-{number}.json", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}
