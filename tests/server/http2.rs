//! HTTP/2, by a client that may misbehave.

use h2::client;
use tokio::task::JoinHandle;

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

#[tokio::test]
async fn a_reader_with_its_windows_shut_is_cut() {
    let (address, mut over) = stalls::endless(|server| server.write_timeout(SHORT)).await;
    let (mut sender, connection) = connect(address).await;
    let response = ask(&mut sender, get()).await;
    over.recv().await.unwrap();
    let _ = connection.await.unwrap();
    drop(response);
    // One whose answer had been handed over whole.
    let whole = tower::service_fn(async |_: Request<RequestBody>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![b'x'; 100_000])))
    });
    let address = start_with(whole, |server| server.write_timeout(SHORT).keep_alive(SHORT)).await;
    let (mut sender, connection) = connect(address).await;
    let response = ask(&mut sender, get()).await;
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
