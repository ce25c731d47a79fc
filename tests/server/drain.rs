//! The end of a server, seen by clients that are busy, idle or deaf.

use std::future::ready;

use super::*;

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_request_that_was_under_way_at_the_stop_is_answered_with_close() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = bind("127.0.0.1:0").await.unwrap().idle_grace(LONG);
    let address = server.local_addr().unwrap();
    let server = server.with_graceful_shutdown(async { stopped.await.unwrap() });
    let running = tokio::spawn(server.serve(tower::service_fn(hello)));
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(GET).await.unwrap();
    read_until(&mut kept, "hello").await;
    let mut fresh = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    // The listener is closed when the server has heard of it.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for socket in [&mut kept, &mut fresh] {
        socket.write_all(GET).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.contains("connection: close") && answer.ends_with("hello"),
            "{answer:?}"
        );
    }
    running.await.unwrap();
}

#[tokio::test]
async fn what_waits_in_the_queue_at_the_stop_is_served() {
    let server = bind("127.0.0.1:0").await.unwrap().with_graceful_shutdown(ready(()));
    let address = server.local_addr().unwrap();
    let clients: Vec<_> = (0..100).map(|_| tokio::spawn(exchange(address, GET))).collect();
    let mut connected = TcpStream::connect(address).await.unwrap();
    connected.write_all(GET).await.unwrap();
    tokio::task::yield_now().await;
    server.serve(tower::service_fn(hello)).await;
    read_until(&mut connected, "hello").await;
    for client in clients {
        assert!(client.await.unwrap().contains("connection: close"));
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_grace() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = bind("127.0.0.1:0")
        .await
        .unwrap()
        .idle_grace(SHORT)
        .keep_alive(LONG)
        .header_timeout(LONG);
    let address = server.local_addr().unwrap();
    let server = server.with_graceful_shutdown(async { stopped.await.unwrap() });
    let running = tokio::spawn(server.serve(tower::service_fn(hello)));
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(GET).await.unwrap();
    read_until(&mut kept, "hello").await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    exchange(address, LAST).await;
    stop.send(()).unwrap();
    running.await.unwrap();
    for socket in [&mut kept, &mut silent] {
        assert!(matches!(socket.read(&mut [0; 64]).await, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn a_stalled_reader_does_not_outlive_the_deadline() {
    let shutdown = Shutdown::builder()
        .trigger(pending())
        .drain_deadline(SHORT)
        .build()
        .unwrap();
    let handle = shutdown.handle();
    let service = shutdown
        .layer()
        .layer(tower::service_fn(async |_: Request<RequestBody>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![b'x'; 64 << 20])))
        }));
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let server = server.with_graceful_shutdown(handle.stop_accepting()).serve(service);
    let running = tokio::spawn(shutdown.run(server));
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(GET).await.unwrap();
    stalled.readable().await.unwrap();
    handle.trigger();
    let (report, output) = running.await.unwrap();
    assert!(!report.server_ended() && output.is_none(), "{report}");
    assert_eq!(
        format!("{:?}", report.exit_code()),
        format!("{:?}", std::process::ExitCode::FAILURE)
    );
}

#[tokio::test]
async fn panics_cost_their_own_request_only() {
    /// Panics where it is told to.
    struct Falling(&'static str);
    impl Body for Falling {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            assert_ne!(self.0, "/body");
            std::task::Poll::Ready(None)
        }
    }
    impl Drop for Falling {
        fn drop(&mut self) {
            assert_ne!(self.0, "/drop");
        }
    }
    let service = tower::service_fn(|request: Request<RequestBody>| {
        let place = ["/call", "/future", "/body", "/drop"]
            .into_iter()
            .find(|place| *place == request.uri().path());
        assert_ne!(place, Some("/call"));
        async move {
            tokio::task::yield_now().await;
            assert_ne!(place, Some("/future"));
            Ok::<_, Infallible>(Response::new(Falling(place.unwrap_or_default())))
        }
    });
    for caught in [true, false] {
        let address = if caught {
            let boxed = service.map_response(|response: Response<Falling>| response.map(BodyExt::boxed));
            start_with(CatchErrorLayer::new().layer(boxed), |server| server.max_connections(1)).await
        } else {
            start_with(service, |server| server.max_connections(1)).await
        };
        for place in ["/call", "/future", "/body", "/drop"] {
            let head = format!("GET {place} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            let answer = exchange(address, head.as_bytes()).await;
            let early = place == "/call" || place == "/future";
            assert_eq!(
                answer.starts_with("HTTP/1.1 500"),
                caught && early,
                "{place}: {answer:?}"
            );
            // Its place among the connections is free again.
            assert!(exchange(address, LAST).await.starts_with("HTTP/1.1 200"), "{place}");
        }
    }
}
