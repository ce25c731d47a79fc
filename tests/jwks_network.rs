//! Key servers that fail, over real sockets.

#![cfg(all(feature = "jwks", feature = "aws-lc"))]
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis::jwt::{Issuer, Jwks, JwksBuilder, JwksError, SigningKey};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const AUTHORITY: &[u8] = include_bytes!("fixtures/tls/authority.pem");

fn keys() -> String {
    let key = SigningKey::ed_pem(include_bytes!("fixtures/jwt/ed25519.pem")).id("a");
    let issuer = Issuer::builder().key(key).issuer("joe").audience("blog");
    issuer.build().unwrap().jwks().to_string()
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Says the same to everybody who has sent a head, and then nothing more, without closing. Counts them, and keeps their heads.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn saying(answer: impl Fn(&str, SocketAddr) -> String + Send + Sync + 'static) -> Self {
        Self::over("127.0.0.1:0", answer, None).await
    }

    async fn with_tls(address: &str, answer: String) -> Self {
        let chain = CertificateDer::pem_slice_iter(include_bytes!("fixtures/tls/localhost.pem"));
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/tls/localhost.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        Self::over(address, move |_, _| answer.clone(), Some(tls)).await
    }

    async fn over(
        address: &str,
        answer: impl Fn(&str, SocketAddr) -> String + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            heads: Arc::default(),
        };
        let (this, answer) = (server.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (this, answer, tls) = (this.clone(), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    let answer = |head: &str| answer(head, this.address);
                    match tls {
                        None => this.talk(stream, answer).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                this.talk(stream, answer).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    async fn talk(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: impl Fn(&str) -> String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else {
                return;
            };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = answer(&head);
        self.heads.lock().unwrap().push(head);
        let _ = stream.write_all(answer.as_bytes()).await;
        // Until the client goes.
        let _ = stream.read_u8().await;
    }

    fn url(&self) -> String {
        format!("http://{}/keys?of=joe", self.address)
    }
}

async fn load(builder: JwksBuilder) -> Result<(), JwksError> {
    builder.build().unwrap().preload().await
}

#[tokio::test]
async fn must_13_a_key_server_that_fails_is_survived() {
    async fn check(answer: impl Into<String>, expect: &str) {
        let answer = answer.into();
        let server = Server::saying(move |_, _| answer.clone()).await;
        let quick = Jwks::url(server.url())
            .timeout(Duration::from_millis(300))
            .max_bytes(5000);
        let error = load(quick).await.unwrap_err();
        assert!(error.to_string().contains(expect), "{expect}: {error:?}");
        assert_eq!(server.asked.load(Ordering::Relaxed), 1);
    }
    check(
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
        "answered 500",
    )
    .await;
    check("HTTP/1.1 304 Not Modified\r\n\r\n", "answered 304").await;
    // Never at all, a head without an end, a body without an end, one byte too few.
    check("", "within 300ms").await;
    check("HTTP/1.1 200 OK\r\n", "within 300ms").await;
    check("HTTP/1.1 200 OK\r\n\r\n{\"keys\":[]}", "within 300ms").await;
    check(
        "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"keys\":[]}",
        "within 300ms",
    )
    .await;
    check(
        "HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n",
        "longer than 5000",
    )
    .await;
    check(ok(&" ".repeat(5001)), "longer than 5000").await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
    check(endless, "longer than 5000").await;
    check(ok("<html>"), "no JSON Web Key Set").await;
    check("SSH-2.0-OpenSSH_9\r\n", "could not be fetched").await;
    // Where nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = load(Jwks::url(format!("http://{free}/"))).await.unwrap_err();
    assert!(matches!(error, JwksError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn must_13_redirects_are_not_followed() {
    let target = Server::saying(|_, _| ok(&keys())).await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.url();
        let server = Server::saying(move |_, _| {
            format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
        });
        let error = load(Jwks::url(server.await.url())).await.unwrap_err();
        assert!(
            matches!(error, JwksError::Status(found) if found == status),
            "{error:?}"
        );
    }
    assert_eq!(target.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_key_server_is_asked_plainly() {
    let server = Server::saying(|_, _| ok(&keys())).await;
    load(Jwks::url(server.url())).await.unwrap();
    let heads = server.heads.lock().unwrap();
    let head = &heads[0];
    assert!(head.starts_with("GET /keys?of=joe HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nhost: {}\r\n", server.address)), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
}

#[tokio::test]
async fn must_09_what_is_discovered_is_of_the_very_issuer() {
    async fn check(issuer: &'static str, jwks_uri: &'static str) -> Result<(), JwksError> {
        let server = Server::saying(move |head, address| {
            if head.starts_with("GET /tenant/.well-known/openid-configuration ") {
                let of = |text: &str| text.replace("{}", &address.to_string());
                ok(&json!({ "issuer": of(issuer), "jwks_uri": of(jwks_uri), "x": [1] }).to_string())
            } else if head.starts_with("GET /keys ") {
                ok(&keys())
            } else {
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
        })
        .await;
        load(Jwks::discover(format!("http://{}/tenant", server.address))).await
    }
    let keys = "http://{}/keys";
    check("http://{}/tenant", keys).await.unwrap();
    for other in [
        "http://{}/tenant/",
        "http://{}",
        "HTTP://{}/tenant",
        "https://{}/tenant",
        "",
    ] {
        let error = check(other, keys).await.unwrap_err();
        assert!(matches!(error, JwksError::OtherIssuer), "{other}: {error:?}");
    }
    for jwks_uri in [
        "http://198.51.100.7/keys",
        "file:///etc/passwd",
        "/keys",
        "",
        "http://u:p@{}/keys",
    ] {
        let error = check("http://{}/tenant", jwks_uri).await.unwrap_err();
        assert!(matches!(error, JwksError::NotDiscovered(_)), "{jwks_uri}: {error:?}");
    }
    let error = check("http://{}/tenant", "http://{}/elsewhere").await.unwrap_err();
    assert!(matches!(error, JwksError::Status(404)), "{error:?}");

    // A layer of another issuer does not take what was discovered of this one.
    let jwks = Jwks::discover("http://127.0.0.1:1/tenant").build().unwrap();
    let layer = portcullis::jwt::JwtLayer::builder()
        .jwks(jwks)
        .issuer("joe")
        .audience("blog")
        .build();
    assert!(layer.unwrap_err().to_string().contains("not of `joe`"));
}

#[tokio::test]
async fn servers_are_verified() {
    let server = Server::with_tls("127.0.0.1:0", ok(&keys())).await;
    let port = server.address.port();
    let url = |host: &str| Jwks::url(format!("https://{host}:{port}/keys"));
    load(url("localhost").trust_certificate(AUTHORITY)).await.unwrap();
    load(url("127.0.0.1").trust_certificate(AUTHORITY)).await.unwrap();
    let error = load(url("localhost")).await.unwrap_err();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    // A certificate for another name. Elsewhere the machine has one address only.
    if cfg!(target_os = "linux") {
        let other = Server::with_tls("127.0.0.2:0", ok(&keys())).await;
        let url = format!("https://{}/keys", other.address);
        let error = load(Jwks::url(url).trust_certificate(AUTHORITY)).await.unwrap_err();
        assert!(format!("{error:?}").contains("NotValidForName"), "{error:?}");
    }
    // A server that speaks no TLS.
    let plain = Server::saying(|_, _| ok(&keys())).await;
    let error = load(Jwks::url(format!("https://{}/", plain.address)).timeout(Duration::from_millis(300))).await;
    assert!(error.is_err());
    assert_eq!(plain.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn keys_come_by_https_or_from_this_machine() {
    let check = |url: &str, expect: Option<&str>| {
        let built = Jwks::url(url).build();
        match (built, expect) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{url}: {error}"),
            (built, _) => panic!("{url}: {built:?}"),
        }
    };
    for good in [
        "https://id.example/keys",
        "http://localhost:8080/",
        "http://127.0.0.1/",
        "http://127.8.8.8/",
        "http://[::1]:1/",
    ] {
        check(good, None);
    }
    check("http://id.example/", Some("not `https`"));
    check("http://localhost.id.example/", Some("not `https`"));
    check("http://10.0.0.1/", Some("not `https`"));
    check("http://[::2]/", Some("not `https`"));
    check("ftp://id.example/", Some("neither"));
    check("https://joe:secret@id.example/", Some("user information"));
    check("/keys", Some("host"));
    check("", Some("URL"));
    assert!(Jwks::url("http://10.0.0.1/").insecure_http().build().is_ok());
    assert!(Jwks::discover("http://10.0.0.1/").build().is_err());
    let bad = Jwks::url("https://id.example/")
        .trust_certificate("no PEM")
        .timeout(Duration::ZERO);
    assert_eq!(bad.build().unwrap_err().faults().len(), 2);
}
