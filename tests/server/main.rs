//! The server on real sockets: what it answers, what it refuses, what it cuts.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::server::{RequestBody, RequestBodyError, Server, bind};
use portcullis::shutdown::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt};

mod abuse;
mod cluster;
mod drain;
mod http2;
mod openings;
mod stalls;
mod workers;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const SHORT: Duration = Duration::from_millis(150);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const LAST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

async fn hello(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_ne!(request.uri().path(), "/panic");
    Ok(Response::new(Full::from("hello")))
}

/// Answers when the whole body is there, and with its problem when it is not.
async fn collect(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, RequestBodyError> {
    let body = request.into_body().collect().await?;
    Ok(Response::new(Full::from(body.to_bytes())))
}

async fn forever(_: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    pending().await
}

/// Serves `hello` with settings of the test's own, for as long as the test runs.
async fn start(settings: impl FnOnce(Server) -> Server) -> SocketAddr {
    start_with(tower::service_fn(hello), settings).await
}

async fn start_with<S, B>(service: S, settings: impl FnOnce(Server) -> Server) -> SocketAddr
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let server = settings(bind("127.0.0.1:0").await.unwrap());
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(service));
    address
}

/// Sends bytes and reads all that comes until the server closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let mut answer = Vec::new();
    // The server may close before it has read all: what it said first counts.
    let _ = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the text ends with `ending`.
async fn read_until(socket: &mut TcpStream, ending: &str) -> String {
    let mut answer = String::new();
    while !answer.ends_with(ending) {
        let mut chunk = [0; 4096];
        let read = socket.read(&mut chunk).await.unwrap();
        assert!(read > 0, "closed after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
    answer
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let address = start(|server| server).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        socket.write_all(GET).await.unwrap();
        assert!(read_until(&mut socket, "hello").await.starts_with("HTTP/1.1 200"));
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn an_axum_router_is_served_and_knows_the_peer() {
    use axum::extract::ConnectInfo;
    use portcullis::client_ip::PeerAddr;

    let router = axum::Router::new().route(
        "/",
        get(
            async |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request<axum::body::Body>| {
                assert_eq!(request.extensions().get(), Some(&PeerAddr(peer)));
                peer.to_string()
            },
        ),
    );
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(router));
    let mut socket = TcpStream::connect(address).await.unwrap();
    let peer = socket.local_addr().unwrap().to_string();
    socket.write_all(GET).await.unwrap();
    read_until(&mut socket, &peer).await;
}

#[tokio::test]
async fn what_is_not_a_request_is_a_4xx_and_the_server_lives() {
    let address = start(|server| server).await;
    let check = async |bytes: &[u8], status: &str| {
        let answer = exchange(address, bytes).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{:?}: {answer:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        );
    };
    check(b"G\xffT / HTTP/1.1\r\nhost: a\r\n\r\n", "400").await;
    check(b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n", "400").await;
    check(b"GET / HTTP/1.1\r\nho\0st: a\r\n\r\n", "400").await;
    check(b"GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", "400").await;
    check(b"\0\0\0\0\0\0\0\0\r\n\r\n", "400").await;
    check(
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "400",
    )
    .await;
    check(LAST, "200").await;
}

#[tokio::test]
async fn a_head_above_the_bound_is_a_431() {
    async fn check(address: SocketAddr, bytes: usize, status: &str) {
        let filler = "a".repeat(bytes);
        let head = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: {filler}\r\n\r\n");
        let answer = exchange(address, head.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{bytes}: {answer:?}");
    }
    let address = start(|server| server.max_header_bytes(16 * 1024)).await;
    check(address, 8 * 1024, "200").await;
    check(address, 32 * 1024, "431").await;
    check(address, 1024 * 1024, "431").await;
    // A client that sends all before it reads is neither reset nor deaf.
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx: ").await.unwrap();
    socket.write_all(&vec![b'a'; 8 << 20]).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    // Raised to what hyper can work with, where hyper itself would panic.
    let address = start(|server| server.max_header_bytes(0)).await;
    check(address, 4 * 1024, "200").await;
}

#[tokio::test]
async fn a_stalled_head_is_closed_after_the_timeout() {
    let address = start(|server| server.header_timeout(SHORT)).await;
    for stalled in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: a\r\n",
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(stalled).await.unwrap();
        // Ends only because the server closes: this side keeps the connection open.
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    }
    assert!(exchange(address, LAST).await.ends_with("hello"));
}

#[tokio::test]
async fn connections_above_the_cap_wait_for_their_turn() {
    let address = start(|server| server.max_connections(1)).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(GET).await.unwrap();
    read_until(&mut first, "hello").await;

    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(GET).await.unwrap();
    let unheard = tokio::time::timeout(SHORT, second.readable()).await;
    assert!(unheard.is_err(), "answered beside the first");
    drop(first);
    read_until(&mut second, "hello").await;
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place_under_the_cap() {
    let service = tower::service_fn(async |request: Request<RequestBody>| {
        if request.headers().contains_key("upgrade") {
            tokio::spawn(async move {
                let mut upgraded = hyper_util::rt::TokioIo::new(hyper::upgrade::on(request).await.unwrap());
                // Until the client closes it.
                let _ = upgraded.read(&mut [0; 1]).await;
            });
            let head = Response::builder()
                .status(101)
                .header("connection", "upgrade")
                .header("upgrade", "a");
            return Ok::<_, Infallible>(head.body(Full::<Bytes>::default()).unwrap());
        }
        Ok(Response::new(Full::from("hello")))
    });
    let address = start_with(service, |server| server.max_connections(1)).await;
    let mut upgraded = TcpStream::connect(address).await.unwrap();
    upgraded
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: a\r\n\r\n")
        .await
        .unwrap();
    assert!(read_until(&mut upgraded, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));

    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(GET).await.unwrap();
    let unheard = tokio::time::timeout(SHORT, second.readable()).await;
    assert!(unheard.is_err(), "served beside the upgraded one");
    drop(upgraded);
    read_until(&mut second, "hello").await;
}

#[tokio::test]
async fn a_panic_costs_only_its_own_connection() {
    let address = start(|server| server).await;
    assert_eq!(exchange(address, b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await, "");
    assert!(exchange(address, LAST).await.ends_with("hello"));
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_cuts_what_stalls() {
    async fn check(stall: bool) {
        let shutdown = Shutdown::builder()
            .trigger(pending())
            .drain_deadline(if stall { SHORT } else { Duration::from_secs(60) })
            .build()
            .unwrap();
        let handle = shutdown.handle();
        let entered = Arc::new(Semaphore::new(0));
        let (inside, told) = (Arc::clone(&entered), shutdown.handle());
        let router = axum::Router::new()
            .route(
                "/",
                get(move || {
                    inside.add_permits(1);
                    async move {
                        told.stop_accepting().await;
                        "answered"
                    }
                }),
            )
            .layer(shutdown.layer());
        let server = bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let server = server.with_graceful_shutdown(handle.stop_accepting()).serve(router);
        let running = tokio::spawn(shutdown.run(server));

        // Connections are accepted in order: when the last is being answered, the server holds the others too.
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut stalled = TcpStream::connect(address).await.unwrap();
        if stall {
            stalled.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
        }
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(GET).await.unwrap();
        entered.acquire().await.unwrap().forget();
        handle.trigger();

        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.contains("connection: close") && answer.ends_with("answered"),
            "{answer}"
        );
        for socket in [&mut silent, &mut stalled] {
            assert!(matches!(socket.read(&mut [0; 64]).await, Ok(0) | Err(_)));
        }
        let (report, output) = running.await.unwrap();
        assert_eq!((report.drained(), report.aborted()), (1, 0));
        assert_eq!((report.server_ended(), output.is_none()), (!stall, stall), "{report}");
        assert!(TcpStream::connect(address).await.is_err());
    }
    check(false).await;
    check(true).await;
}

#[tokio::test]
async fn under_catch_error_a_panic_is_an_answer_and_the_connection_lives() {
    let shutdown = Shutdown::builder().trigger(pending()).build().unwrap();
    let service = tower::ServiceBuilder::new()
        .layer(portcullis::catch_error::CatchErrorLayer::new())
        .layer(shutdown.layer())
        .service(tower::service_fn(hello));
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(service));
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let answer = read_until(&mut socket, "}").await;
    assert!(
        answer.starts_with("HTTP/1.1 500") && answer.contains("application/problem+json"),
        "{answer}"
    );
    socket.write_all(LAST).await.unwrap();
    read_until(&mut socket, "hello").await;
    // Its body was counted to the end, and the panicked request is not counted for ever.
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.unwrap();
    assert_eq!(shutdown.handle().in_flight(), 0);
}

#[tokio::test]
async fn http_2_is_spoken_and_told_to_go_away() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const GOAWAY: u8 = 7;

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let server = server.with_graceful_shutdown(async { stopped.await.unwrap() });
    let running = tokio::spawn(server.serve(tower::service_fn(hello)));
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(PREFACE).await.unwrap();
    let mut stop = Some(stop);
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        socket.read_exact(&mut payload).await.unwrap();
        if let Some(stop) = stop.take() {
            assert_eq!(head[3], 4, "the first frame is SETTINGS");
            stop.send(()).unwrap();
        }
        if head[3] == GOAWAY {
            break;
        }
    }
    drop(socket);
    running.await.unwrap();
}
