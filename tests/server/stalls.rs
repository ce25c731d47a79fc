//! Peers that say nothing, or take nothing, at each point where they could.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::Frame;
use tokio::sync::mpsc;

use super::*;

/// Sends as long as anybody takes it, and says when it is dropped.
#[derive(Default)]
pub(super) struct Endless(Option<mpsc::UnboundedSender<()>>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        if let Some(over) = &self.0 {
            let _ = over.send(());
        }
    }
}

/// Serves an endless body; the other end hears when it is over.
async fn endless(settings: impl FnOnce(Server) -> Server) -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    let (over, ended) = mpsc::unbounded_channel();
    let service = tower::service_fn(move |_: Request<RequestBody>| {
        let body = Endless(Some(over.clone()));
        async { Ok::<_, Infallible>(Response::new(body)) }
    });
    (start_with(service, settings).await, ended)
}

/// A service that answers with the problem of what failed.
fn answering() -> impl Service<
    Request<RequestBody>,
    Response = Response<impl Body<Data = Bytes, Error: Into<BoxError>> + Send>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    CatchErrorLayer::new().layer(tower::service_fn(collect))
}

#[tokio::test]
async fn a_body_that_stalls_is_a_408_and_the_end_of_the_connection() {
    let address = start_with(answering(), |server| server.body_timeout(SHORT)).await;
    for stalled in [
        "content-length: 10\r\n\r\n",
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\nha",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket
            .write_all(format!("POST / HTTP/1.1\r\nhost: a\r\n{stalled}").as_bytes())
            .await
            .unwrap();
        // Ends only because the server closes: this side keeps the connection open.
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{stalled:?}: {answer:?}");
        assert!(answer.contains("the body came too slowly"), "{answer:?}");
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_extractors_answer_a_stalled_body_with_a_408() {
    let router = axum::Router::new().route("/", axum::routing::post(async |_: portcullis::axum::Json<u8>| "whole"));
    let address = start_with(router, |server| server.body_timeout(SHORT)).await;
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n1";
    let answer = exchange(address, head).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer:?}");
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_a_408_though_each_byte_is_in_time() {
    // A byte a second would do for the timeout alone.
    let address = start_with(answering(), |server| server.body_timeout(SHORT).min_body_rate(u32::MAX)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n")
        .await
        .unwrap();
    let (mut reader, mut writer) = socket.split();
    let mut answer = String::new();
    let trickle = async {
        let mut tick = tokio::time::interval(SHORT / 10);
        loop {
            tick.tick().await;
            if writer.write_all(b"x").await.is_err() {
                pending::<()>().await;
            }
        }
    };
    tokio::select! {
        read = reader.read_to_string(&mut answer) => { let _ = read; }
        () = trickle => {}
    }
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer:?}");
}

#[tokio::test]
async fn a_service_that_takes_its_time_does_not_make_the_client_late() {
    let (paused, resumed) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (entered, go) = (Arc::clone(&paused), Arc::clone(&resumed));
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let (entered, go) = (Arc::clone(&entered), Arc::clone(&go));
        async move {
            entered.add_permits(1);
            go.acquire().await.unwrap().forget();
            collect(request).await
        }
    });
    let address = start_with(service, |server| server.body_timeout(SHORT).keep_alive(SHORT)).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe")
        .await
        .unwrap();
    paused.acquire().await.unwrap().forget();
    // Longer than the timeout: as long as it takes to close a connection that is idle for as much.
    let mut idle = TcpStream::connect(address).await.unwrap();
    resumed.add_permits(1);
    idle.write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    slow.write_all(b"llo").await.unwrap();
    resumed.add_permits(1);
    read_until(&mut slow, "hello").await;
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut() {
    let (address, mut over) = endless(|server| server.write_timeout(SHORT)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(GET).await.unwrap();
    over.recv().await.unwrap();
    // And one whose answer was whole before it stalled.
    let whole = tower::service_fn(async |_: Request<RequestBody>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![b'x'; 64 << 20])))
    });
    let address = start_with(whole, |server| server.write_timeout(SHORT).max_connections(1)).await;
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(GET).await.unwrap();
    // Until the next has its place.
    let mut next = TcpStream::connect(address).await.unwrap();
    next.write_all(GET).await.unwrap();
    next.readable().await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_is_closed_when_idle_and_when_the_next_head_stalls() {
    let long = Duration::from_secs(3600);
    for (next, header, keep_alive) in [(&b""[..], long, SHORT), (b"GET / HT", SHORT, long)] {
        let address = start(|server| server.header_timeout(header).keep_alive(keep_alive)).await;
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(GET).await.unwrap();
        read_until(&mut socket, "hello").await;
        socket.write_all(next).await.unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn a_request_has_a_deadline_where_it_is_asked_for() {
    let address = start_with(tower::service_fn(forever), |server| server.request_timeout(SHORT)).await;
    assert_eq!(exchange(address, GET).await, "");
    let (address, mut over) = endless(|server| server.request_timeout(SHORT)).await;
    // Read as fast as it comes, and never whole.
    let answer = exchange(address, GET).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n"));
    over.recv().await.unwrap();
}

#[tokio::test]
async fn what_was_upgraded_has_no_deadline_of_http() {
    let service = tower::service_fn(async |mut request: Request<RequestBody>| {
        let mut response = Response::new(Full::<Bytes>::default());
        if request.headers().contains_key("upgrade") {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut io = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
                while let Ok(byte) = io.read_u8().await {
                    io.write_u8(byte).await.unwrap();
                }
            });
            *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
            response
                .headers_mut()
                .insert("connection", http::HeaderValue::from_static("upgrade"));
            response
                .headers_mut()
                .insert("upgrade", http::HeaderValue::from_static("echo"));
        }
        Ok::<_, Infallible>(response)
    });
    let all = |server: Server| {
        server
            .keep_alive(SHORT)
            .write_timeout(SHORT)
            .header_timeout(SHORT)
            .body_timeout(SHORT)
    };
    let address = start_with(service, all).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await
        .unwrap();
    assert!(read_until(&mut socket, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    for _ in 0..3 {
        socket.write_all(b"x").await.unwrap();
        read_until(&mut socket, "x").await;
        // As long as every deadline.
        exchange(address, GET).await;
    }
}

/// Needs two descriptors a connection, both of this process.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_connections_hinder_nobody() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let limit = line
        .and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
        .unwrap_or(1024);
    let count = std::cmp::min(10_000, (limit - 500) / 2);
    let address = start(|server| server.max_connections(20_000).keep_alive(Duration::MAX)).await;
    let mut idle = Vec::with_capacity(count);
    for _ in 0..count {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(GET).await.unwrap();
        read_until(&mut socket, "hello").await;
        idle.push(socket);
    }
    assert!(exchange(address, LAST).await.ends_with("hello"));
    for socket in &mut idle {
        socket.write_all(GET).await.unwrap();
    }
    for socket in &mut idle {
        read_until(socket, "hello").await;
    }
}

/// Reads a large answer bit by bit, for longer than any deadline; how many bytes came.
async fn read_slowly(address: SocketAddr) -> usize {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(GET).await.unwrap();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let (mut all, mut piece) = (0, vec![0; LARGE / 100]);
    while all < LARGE {
        tick.tick().await;
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => all += read,
            _ => break,
        }
    }
    all
}

const LARGE: usize = 64 << 20;

#[tokio::test]
async fn a_slow_reader_of_a_large_answer_gets_all_of_it() {
    async fn whole(_: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
        Ok(Response::new(Full::from(vec![b'x'; LARGE])))
    }
    /// Two pieces, of which the second is asked for when the first is taken.
    async fn pieces(
        _: Request<RequestBody>,
    ) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, Infallible> {
        let last = std::future::ready(Some(Ok(http::HeaderMap::new())));
        Ok(Response::new(Full::from(vec![b'x'; LARGE]).with_trailers(last)))
    }
    let settings = |server: Server| server.keep_alive(SHORT).write_timeout(Duration::from_secs(1));
    let (whole, pieces) = tokio::join!(
        start_with(tower::service_fn(whole), settings),
        start_with(tower::service_fn(pieces), settings),
    );
    let (whole, pieces) = tokio::join!(read_slowly(whole), read_slowly(pieces));
    assert!(whole >= LARGE && pieces >= LARGE, "{whole} and {pieces} of {LARGE}");
}
