//! What attackers send.

use super::*;
use std::fmt::Write;
use std::sync::Mutex;

#[derive(Clone, Default)]
struct Paths(Arc<Mutex<Vec<String>>>);

async fn recording() -> (SocketAddr, Paths) {
    let paths = Paths::default();
    let seen = paths.clone();
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        seen.0.lock().unwrap().push(request.uri().path().to_owned());
        async move {
            let body = request.into_body().collect().await;
            let text = body.map_or(Bytes::from_static(b"broken"), http_body_util::Collected::to_bytes);
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
        }
    });
    let server = bind("127.0.0.1:0")
        .await
        .unwrap()
        .header_timeout(SHORT)
        .body_timeout(SHORT)
        .keep_alive(SHORT);
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(service));
    (address, paths)
}

/// What follows a request that a proxy before this server might read differently.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn nothing_is_smuggled() {
    async fn check(head: &str, body: &str, expect: &str) {
        let (address, paths) = recording().await;
        let shape = format!("POST / HTTP/1.1\r\nhost: a\r\n{head}\r\n\r\n{body}{SMUGGLED}");
        let answer = exchange(address, shape.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expect}")),
            "{shape:?}: {answer:?}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{shape:?}: {answer:?}");
        assert!(
            !paths.0.lock().unwrap().iter().any(|path| path == "/smuggled"),
            "{shape:?}"
        );
    }
    // Both: the chunks count, and the connection ends (RFC 9112 section 6.3).
    check("content-length: 6\r\ntransfer-encoding: chunked", "0\r\n\r\n", "200").await;
    check("transfer-encoding: chunked\r\ncontent-length: 6", "0\r\n\r\n", "200").await;
    for length in [
        "3\r\ncontent-length: 4",
        "3, 3",
        "3,4",
        "+3",
        "-3",
        "0x3",
        "3a",
        "",
        "18446744073709551616",
        "99999999999999999999",
    ] {
        check(&format!("content-length: {length}"), "abc", "400").await;
    }
    for coding in [
        "xchunked",
        "chunked, identity",
        "identity\r\ncontent-length: 3",
        "chunked\r\ntransfer-encoding: x",
        "\x0bchunked",
        "",
    ] {
        check(&format!("transfer-encoding: {coding}"), "0\r\n\r\n", "400").await;
    }
    for head in [
        "content-length : 3",
        " content-length: 3",
        "transfer-encoding : chunked",
        "transfer-encoding:\r\n chunked",
        "x: y\r\n content-length: 3",
        "x: y\r\n\tcontent-length: 3",
        "x: y\rcontent-length: 3",
        "x\0: y",
        "host: b",
    ] {
        check(head, "abc", "400").await;
    }
    // Here the service has begun: it is told that the body broke, and the connection ends.
    for chunk in [
        "fffffffffffffffff\r\nabc",
        "0x3\r\nabc",
        "-3\r\nabc",
        "+3\r\nabc",
        "3\nabc",
        "3\r\nabcd",
        "3;a\nb\r\nabc",
        ";\r\nabc",
        "\r\nabc",
    ] {
        check("transfer-encoding: chunked", &format!("{chunk}\r\n0\r\n\r\n"), "200").await;
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    async fn check(head: &str, expect: &str) {
        let (address, _) = recording().await;
        let answer = exchange(address, head.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expect}")) || answer.starts_with(&format!("HTTP/1.0 {expect}")),
            "{head:?}: {answer:?}"
        );
    }
    check("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "200").await;
    check("GET / HTTP/1.1\r\n\r\n", "400").await;
    check("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", "400").await;
    check("GET / HTTP/1.0\r\n\r\n", "200").await;
    check("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", "400").await;
    check("GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n", "200").await;
    check("GET / HTTP/1.1\r\nhost: a, b\r\n\r\n", "400").await;
    check("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", "400").await;
    check("GET / HTTP/1.1\r\nhost: a@b\r\n\r\n", "400").await;
    check("GET http://a/ HTTP/1.1\r\nhost: A\r\n\r\n", "200").await;
    check("GET http://a/ HTTP/1.1\r\nhost: b\r\n\r\n", "400").await;
    check("GET http://a/ HTTP/1.1\r\n\r\n", "400").await;
    check("GET http://a@b/ HTTP/1.1\r\nhost: a@b\r\n\r\n", "400").await;
    check("CONNECT b:443 HTTP/1.1\r\nhost: a\r\n\r\n", "200").await;
    check("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", "200").await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_once() {
    let (address, paths) = recording().await;
    let mut all = String::new();
    for number in 0..50 {
        write!(
            all,
            "POST /{number} HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n{number:03}"
        )
        .unwrap();
    }
    let answer = exchange(address, all.as_bytes()).await;
    let bodies: Vec<_> = answer
        .split("HTTP/1.1 200 OK")
        .skip(1)
        .map(|one| one.rsplit("\r\n").next().unwrap())
        .collect();
    let expect: Vec<_> = (0..50).map(|number| format!("{number:03}")).collect();
    assert_eq!(bodies, expect);
    assert_eq!(paths.0.lock().unwrap().len(), 50);
}

#[tokio::test]
async fn more_fields_than_allowed_are_a_431() {
    async fn check(fields: usize, settings: impl FnOnce(Server) -> Server, expect: &str) {
        let address = start(|server| settings(server.keep_alive(SHORT))).await;
        let filler = "x: y\r\n".repeat(fields);
        let answer = exchange(address, format!("GET / HTTP/1.1\r\nhost: a\r\n{filler}\r\n").as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expect}")),
            "{fields}: {answer:?}"
        );
    }
    check(99, |server| server, "200").await;
    check(100, |server| server, "431").await;
    check(5000, |server| server, "431").await;
    check(199, |server| server.max_headers(200), "200").await;
    check(200, |server| server.max_headers(200), "431").await;
    check(1, |server| server.max_headers(1), "431").await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_body_frees_its_place() {
    for reset in [false, true] {
        let address = start_with(tower::service_fn(collect), |server| server.max_connections(1)).await;
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket
            .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf")
            .await
            .unwrap();
        if reset {
            // A RST in place of a FIN.
            #[expect(deprecated, reason = "with zero it does not block")]
            socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(socket);
        assert!(exchange(address, LAST).await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_client_that_shuts_its_side_is_taken_for_gone() {
    let address = start_with(tower::service_fn(forever), |server| server.max_connections(1)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(GET).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}
