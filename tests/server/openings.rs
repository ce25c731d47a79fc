//! What comes before HTTP: PROXY headers, TLS, and sockets that are no ports.

use portcullis::client_ip::PeerAddr;
use portcullis::server::ProxyProtocol;

use super::*;

async fn peer(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let https = request
        .extensions()
        .get::<portcullis::security_headers::Https>()
        .is_some();
    let PeerAddr(peer) = PeerAddr::of(request.extensions()).unwrap();
    Ok(Response::new(Full::from(format!(
        "peer {peer} {}",
        if https { "https" } else { "http" }
    ))))
}

#[tokio::test]
async fn a_trusted_proxy_says_whose_a_connection_is() {
    const V1: &str = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n";
    const V2: &str = "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x01\x02\x03\x04\x0a\0\0\x01\x12\x34\x01\x02";
    const NONE: &str = "";
    async fn check(protocol: ProxyProtocol, header: &str, expect: Option<&str>) {
        let address = start_with(tower::service_fn(peer), |server| {
            server.proxy_protocol(protocol).header_timeout(SHORT)
        })
        .await;
        let bytes = [header.as_bytes(), LAST].concat();
        let answer = exchange(address, &bytes).await;
        match expect {
            Some(expect) => assert!(answer.contains(expect), "{header:?}: {answer:?}"),
            None => assert_eq!(answer, "", "{header:?}"),
        }
        // In pieces, the last with the beginning of the request.
        let mut socket = TcpStream::connect(address).await.unwrap();
        for byte in &bytes {
            let _ = socket.write_all(&[*byte]).await;
            tokio::task::yield_now().await;
        }
        let mut pieces = String::new();
        let _ = socket.read_to_string(&mut pieces).await;
        assert_eq!(
            expect.is_some_and(|expect| pieces.contains(expect)),
            expect.is_some(),
            "{header:?}: {pieces:?}"
        );
    }
    let us = ["127.0.0.0/8"];
    let them = ["192.0.2.0/24"];
    check(ProxyProtocol::required(us).unwrap(), V1, Some("peer 203.0.113.7:4711")).await;
    check(ProxyProtocol::required(us).unwrap(), V2, Some("peer 1.2.3.4:4660")).await;
    check(
        ProxyProtocol::required(us).unwrap(),
        "PROXY UNKNOWN\r\n",
        Some("peer 127.0.0.1:"),
    )
    .await;
    check(ProxyProtocol::required(us).unwrap(), NONE, None).await;
    check(ProxyProtocol::required(us).unwrap(), "PROXY TCP4 x\r\n", None).await;
    check(ProxyProtocol::required(them).unwrap(), V1, None).await;
    check(ProxyProtocol::required(them).unwrap(), NONE, None).await;
    check(ProxyProtocol::optional(us).unwrap(), V1, Some("peer 203.0.113.7:4711")).await;
    check(ProxyProtocol::optional(us).unwrap(), NONE, Some("peer 127.0.0.1:")).await;
    check(ProxyProtocol::optional(them).unwrap(), NONE, Some("peer 127.0.0.1:")).await;
    check(ProxyProtocol::optional(them).unwrap(), V1, Some("HTTP/1.1 400")).await;
    // Half a header is nobody's time but the header timeout's.
    let protocol = ProxyProtocol::required(us).unwrap();
    let address = start_with(tower::service_fn(peer), |server| {
        server.proxy_protocol(protocol).header_timeout(SHORT)
    })
    .await;
    for half in [
        "",
        "PRO",
        "PROXY TCP4 203.0.113.7 ",
        "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x01",
    ] {
        assert_eq!(exchange(address, half.as_bytes()).await, "");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_replaces_a_dead_one_and_spares_a_live_one() {
    use std::os::unix::fs::PermissionsExt;

    use portcullis::server::bind_unix;
    use tokio::net::UnixStream;

    let folder = std::env::temp_dir().join(format!("portcullis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.sock");
    let _ = std::fs::remove_file(&path);
    // Left behind: std does not remove it.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = bind_unix(&path, 0o600).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(server.local_addr().is_err());
    let server = bind("127.0.0.1:0").await.unwrap().and(server);
    let address = server.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = server.with_graceful_shutdown(async { stopped.await.unwrap() });
    let running = tokio::spawn(server.serve(tower::service_fn(peer)));

    assert_eq!(
        bind_unix(&path, 0o600).unwrap_err().kind(),
        std::io::ErrorKind::AddrInUse
    );
    let mut socket = UnixStream::connect(&path).await.unwrap();
    socket.write_all(LAST).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("peer 127.0.0.1:0 http"), "{answer}");
    // And the port beside it.
    assert!(exchange(address, LAST).await.contains("peer 127.0.0.1:"));
    stop.send(()).unwrap();
    running.await.unwrap();
    assert!(!path.exists());

    // Of another kind, and in use: a connection to it fails too.
    let datagrams = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    assert!(bind_unix(&path, 0o600).is_err());
    std::os::unix::net::UnixDatagram::unbound()
        .unwrap()
        .send_to(b"a", &path)
        .unwrap();
    drop(datagrams);
    std::fs::remove_file(&path).unwrap();

    std::fs::write(&path, "precious").unwrap();
    assert!(bind_unix(&path, 0o600).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[cfg(all(feature = "tls", feature = "aws-lc"))]
mod tls {
    use std::path::{Path, PathBuf};

    use portcullis::server::{TlsConfig, TlsError};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/tls")
            .join(name)
    }

    async fn connect(address: SocketAddr, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(fixture("authority.pem")).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }

    fn config() -> TlsConfig {
        TlsConfig::pem_files(fixture("localhost.pem"), fixture("localhost.key")).unwrap()
    }

    #[tokio::test]
    async fn both_versions_are_spoken_and_requests_know_it() {
        let address = start_with(tower::service_fn(peer), |server| server.tls(config())).await;
        for protocols in [&[][..], &["http/1.1"]] {
            let mut stream = connect(address, protocols).await.unwrap();
            stream.write_all(LAST).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.ends_with("https") && answer.contains("peer 127.0.0.1:"),
                "{answer}"
            );
        }
        let stream = connect(address, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://localhost/").body(()).unwrap();
        let answer = sender
            .ready()
            .await
            .unwrap()
            .send_request(request, true)
            .unwrap()
            .0
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        // In plain text, there is nothing to be had.
        assert!(!exchange(address, LAST).await.contains("HTTP/1.1 200"));
        assert!(connect(address, &["spdy/3"]).await.is_err());
    }

    #[tokio::test]
    async fn what_was_agreed_upon_is_spoken_and_nothing_else() {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let address = start_with(tower::service_fn(peer), |server| server.tls(config())).await;
        let check = async |protocols: &[&str], bytes: &[u8], expect: &[u8]| {
            let mut stream = connect(address, protocols).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            let mut begun = vec![0; expect.len()];
            if expect.is_empty() {
                // The server closes; this side keeps the connection open.
                let _ = stream.read_to_end(&mut begun).await;
            } else {
                stream.read_exact(&mut begun).await.unwrap();
            }
            assert_eq!(begun, expect, "{protocols:?}: {}", bytes.escape_ascii());
        };
        for http1 in [&[][..], &["http/1.1"]] {
            check(http1, GET, b"HTTP/1.1 200").await;
            check(http1, PREFACE, b"").await;
        }
        check(&["h2"], GET, b"").await;
        check(&["h2"], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", b"").await;
        check(&["h2", "http/1.1"], b"GET / HTTP/1.1\r\n", b"").await;
    }

    #[tokio::test]
    async fn a_handshake_that_stalls_is_cut_and_holds_up_nobody() {
        let address = start_with(tower::service_fn(peer), |server| {
            server.tls(config()).header_timeout(SHORT)
        })
        .await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"\x16\x03\x01\x02\0\x01").await.unwrap();
        assert!(connect(address, &[]).await.is_ok());
        for socket in [&mut silent, &mut half] {
            let mut rest = Vec::new();
            let _ = socket.read_to_end(&mut rest).await;
        }
    }

    #[tokio::test]
    async fn certificates_are_reloaded_under_open_connections_and_bad_ones_are_not() {
        let folder = std::env::temp_dir().join(format!("portcullis-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        std::fs::copy(fixture("localhost.pem"), &chain).unwrap();
        std::fs::copy(fixture("localhost.key"), &key).unwrap();
        let config = TlsConfig::pem_files(&chain, &key).unwrap();
        let reloader = config.reloader().unwrap();
        let address = start_with(tower::service_fn(peer), |server| server.tls(config)).await;
        let mut open = connect(address, &[]).await.unwrap();

        // A key of another certificate, none at all, a certificate that is none.
        std::fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jwt/ed25519.pem"),
            &key,
        )
        .unwrap();
        assert!(matches!(reloader.reload(), Err(TlsError::Pair(_))));
        std::fs::write(&key, "").unwrap();
        assert!(matches!(reloader.reload(), Err(TlsError::File(file, _)) if file == key));
        std::fs::write(&chain, "").unwrap();
        assert!(matches!(reloader.reload(), Err(TlsError::File(file, _)) if file == chain));
        assert!(connect(address, &[]).await.is_ok());

        // The authority's own in the place of the chain: the server's certificate and one more.
        let both = [
            std::fs::read(fixture("localhost.pem")).unwrap(),
            std::fs::read(fixture("authority.pem")).unwrap(),
        ]
        .concat();
        std::fs::write(&chain, both).unwrap();
        std::fs::copy(fixture("localhost.key"), &key).unwrap();
        reloader.reload().unwrap();
        let renewed = connect(address, &[]).await.unwrap();
        assert_eq!(renewed.get_ref().1.peer_certificates().unwrap().len(), 2);
        assert_eq!(open.get_ref().1.peer_certificates().unwrap().len(), 1);
        open.write_all(LAST).await.unwrap();
        let mut answer = String::new();
        open.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("https"));

        // Watched, the same without a call.
        let watching = tokio::spawn(reloader.watch(Duration::from_millis(1)));
        std::fs::copy(fixture("localhost.pem"), &chain).unwrap();
        while connect(address, &[])
            .await
            .unwrap()
            .get_ref()
            .1
            .peer_certificates()
            .unwrap()
            .len()
            != 1
        {}
        watching.abort();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
