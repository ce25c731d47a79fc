//! HTTP/2, by a client that may misbehave.

use h2::client;
use http_body_util::Either;
use tokio::task::JoinHandle;

use super::stalls::Endless;
use super::*;

type Sender = client::SendRequest<Bytes>;

/// A client, and the end of its connection.
async fn connect(address: SocketAddr) -> (Sender, JoinHandle<Result<(), h2::Error>>) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = client::handshake(socket).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get() -> Request<()> {
    Request::get("http://a/").body(()).unwrap()
}

async fn ask(sender: &mut Sender, request: Request<()>) -> Response<h2::RecvStream> {
    let mut ready = sender.clone().ready().await.unwrap();
    ready.send_request(request, true).unwrap().0.await.unwrap()
}

#[tokio::test]
async fn an_idle_connection_is_told_to_go_away() {
    let address = start(|server| server.keep_alive(SHORT)).await;
    let (mut sender, connection) = connect(address).await;
    assert_eq!(ask(&mut sender, get()).await.status(), 200);
    connection.await.unwrap().unwrap();
    assert!(sender.ready().await.is_err());
}

/// Answers with as many bytes as the path says, in one buffer, or without end.
async fn answer(request: Request<RequestBody>) -> Result<Response<Either<Full<Bytes>, Endless>>, Infallible> {
    let path = request.uri().path().trim_start_matches('/');
    let body = match path.parse() {
        Ok(length) => Either::Left(Full::from(vec![b'x'; length])),
        Err(_) => Either::Right(Endless::default()),
    };
    Ok(Response::new(body))
}

fn get_path(path: &str) -> Request<()> {
    Request::get(format!("http://a/{path}")).body(()).unwrap()
}

/// A connection that is as wide as may be, with so much room for each answer.
async fn connect_with(address: SocketAddr, window: u32) -> (Sender, JoinHandle<Result<(), h2::Error>>) {
    let socket = TcpStream::connect(address).await.unwrap();
    let mut builder = client::Builder::new();
    builder
        .initial_window_size(window)
        .initial_connection_window_size(1 << 30);
    let (sender, connection) = builder.handshake(socket).await.unwrap();
    (sender, tokio::spawn(connection))
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_alone() {
    async fn check(window: u32, path: &str) {
        let address = start_with(tower::service_fn(answer), |server| server.write_timeout(SHORT)).await;
        let (mut sender, _connection) = connect_with(address, window).await;
        let mut stalled = ask(&mut sender, get_path(path)).await.into_body();
        // Others come and go meanwhile, so that the connection is never still.
        let busy = async {
            loop {
                let mut other = ask(&mut sender, get_path("0")).await.into_body();
                assert!(other.data().await.is_none());
            }
        };
        // Read, but without room for more.
        let cut = async {
            loop {
                match stalled.data().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return error,
                    None => panic!("{path} came whole"),
                }
            }
        };
        let error = tokio::select! {
            error = cut => error,
            () = busy => unreachable!(),
        };
        assert_eq!(error.reason(), Some(h2::Reason::CANCEL), "{window}, {path}: {error}");
        assert!(ask(&mut sender, get_path("0")).await.into_body().data().await.is_none());
    }
    // Not a byte of a short answer; a little more than fits; one large buffer; no end.
    tokio::join!(
        check(0, "1"),
        check(0, "endless"),
        check(65_535, "70000"),
        check(65_535, "1000000"),
        check(65_535, "endless"),
    );
}

#[tokio::test]
async fn an_answer_that_is_taken_bit_by_bit_comes_whole() {
    const LENGTH: usize = 1_500_000;
    let address = start_with(tower::service_fn(answer), |server| {
        server.write_timeout(Duration::from_secs(1)).keep_alive(SHORT)
    })
    .await;
    let (mut sender, _connection) = connect_with(address, 65_535).await;
    let mut body = ask(&mut sender, get_path(&LENGTH.to_string())).await.into_body();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let (mut come, mut ticks) = (0, 0);
    while let Some(data) = body.data().await {
        // In more than the timeout all in all, and far less a piece.
        if come / 16_384 > ticks {
            ticks += 1;
            tick.tick().await;
        }
        let data = data.unwrap();
        assert!(data.iter().all(|byte| *byte == b'x'));
        come += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(come, LENGTH);
}

#[tokio::test]
async fn the_end_of_an_answer_that_is_not_taken_does_not_keep_an_idle_connection() {
    let settings = |server: Server| server.write_timeout(SHORT).keep_alive(SHORT);
    let address = start_with(tower::service_fn(answer), settings).await;
    // Handed over with its end, as it is short, and out but for its last byte.
    let (mut sender, connection) = connect_with(address, 9_999).await;
    let response = ask(&mut sender, get_path("10000")).await;
    let _ = connection.await.unwrap();
    drop(response);
}

#[tokio::test]
async fn rapid_resets_end_the_connection_and_not_the_server() {
    let address = start_with(tower::service_fn(forever), |server| server).await;
    let (sender, connection) = connect(address).await;
    let flood = async {
        for number in 0_u64.. {
            // Many at once, before the server looks.
            if number % 100 == 0 {
                tokio::task::yield_now().await;
            }
            let Ok(mut ready) = sender.clone().ready().await else {
                return;
            };
            match ready.send_request(get(), true) {
                Ok((_, mut stream)) => stream.send_reset(h2::Reason::CANCEL),
                Err(_) => return,
            }
        }
    };
    flood.await;
    let error = connection.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::ENHANCE_YOUR_CALM), "{error}");
    let (sender, _connection) = connect(address).await;
    sender.ready().await.unwrap();
}

#[tokio::test]
async fn streams_above_the_bound_wait_or_are_refused() {
    let address = start_with(tower::service_fn(forever), |server| server.max_concurrent_streams(3)).await;
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, mut connection) = client::handshake(socket).await.unwrap();
    // The settings come with the first answer to a ping.
    let mut ping = connection.ping_pong().unwrap();
    tokio::spawn(connection);
    ping.ping(h2::Ping::opaque()).await.unwrap();
    assert_eq!(sender.current_max_send_streams(), 3);
    sender = sender.ready().await.unwrap();
    drop(sender);
}

#[tokio::test]
async fn fields_are_counted_over_http_2_too() {
    let address = start(|server| server.max_headers(50)).await;
    let (mut sender, _connection) = connect(address).await;
    for (fields, expect) in [(50, 200), (51, 431), (50, 200)] {
        let mut request = get();
        for number in 0..fields {
            let name = http::HeaderName::try_from(format!("x{number}")).unwrap();
            request.headers_mut().insert(name, http::HeaderValue::from_static("y"));
        }
        assert_eq!(ask(&mut sender, request).await.status(), expect, "{fields}");
    }
    // And the bytes of them, of which compression makes many out of few.
    let mut bomb = get();
    for number in 0..18 {
        let name = http::HeaderName::try_from(format!("x{number}")).unwrap();
        bomb.headers_mut().insert(name, "y".repeat(3900).try_into().unwrap());
    }
    assert_eq!(ask(&mut sender, bomb).await.status(), 431);
    assert_eq!(ask(&mut sender, get()).await.status(), 200);
}

#[tokio::test]
async fn a_body_that_stalls_fails_its_own_stream_only() {
    let service = CatchErrorLayer::new().layer(tower::service_fn(collect));
    let address = start_with(service, |server| server.body_timeout(SHORT)).await;
    let (sender, _connection) = connect(address).await;
    let mut ready = sender.clone().ready().await.unwrap();
    let (stalled, mut body) = ready.send_request(get(), false).unwrap();
    body.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(stalled.await.unwrap().status(), 408);
    let mut sender = sender;
    assert_eq!(ask(&mut sender, get()).await.status(), 200);
}

#[tokio::test]
async fn a_body_that_trickles_fails_its_own_stream_only() {
    let service = CatchErrorLayer::new().layer(tower::service_fn(collect));
    let address = start_with(service, |server| server.body_timeout(SHORT).min_body_rate(u32::MAX)).await;
    let (mut sender, _connection) = connect(address).await;
    let mut ready = sender.clone().ready().await.unwrap();
    let (slow, mut body) = ready.send_request(get(), false).unwrap();
    let trickle = async {
        let mut tick = tokio::time::interval(SHORT / 10);
        loop {
            tick.tick().await;
            if body.send_data(Bytes::from_static(b"x"), false).is_err() {
                pending::<()>().await;
            }
            // Beside it, others are answered.
            assert_eq!(ask(&mut sender, get()).await.status(), 200);
        }
    };
    tokio::select! {
        answer = slow => assert_eq!(answer.unwrap().status(), 408),
        () = trickle => {}
    }
    assert_eq!(ask(&mut sender, get()).await.status(), 200);
}

#[tokio::test]
async fn a_drain_answers_the_streams_in_flight() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (entered, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (inside, release) = (Arc::clone(&entered), Arc::clone(&go));
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let (inside, release) = (Arc::clone(&inside), Arc::clone(&release));
        async move {
            inside.add_permits(1);
            release.acquire().await.unwrap().forget();
            hello(request).await
        }
    });
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let server = server.with_graceful_shutdown(async { stopped.await.unwrap() });
    let running = tokio::spawn(server.serve(service));
    let (sender, connection) = connect(address).await;
    let mut ready = sender.clone().ready().await.unwrap();
    let answer = ready.send_request(get(), true).unwrap().0;
    entered.acquire().await.unwrap().forget();
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.add_permits(1);
    let mut body = answer.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "hello");
    running.await.unwrap();
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_has_one_host() {
    let address = start(|server| server).await;
    let (mut sender, _connection) = connect(address).await;
    let mut check = async |host: Option<&str>, expect: u16| {
        let mut request = get();
        if let Some(host) = host {
            request.headers_mut().insert("host", host.parse().unwrap());
        }
        assert_eq!(ask(&mut sender, request).await.status(), expect, "{host:?}");
    };
    check(None, 200).await;
    check(Some("A"), 200).await;
    check(Some("b"), 400).await;
}
