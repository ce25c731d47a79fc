//! Several runtimes on one port.
#![cfg(unix)]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis::server::bind_reuse_port;
use tokio::sync::oneshot;

use super::*;

/// Counts without a lock, and says so; its state could not leave the thread.
fn counting()
-> impl Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: 'static>
+ Clone
+ 'static {
    let count = Rc::new(Cell::new(0));
    tower::service_fn(move |_: Request<RequestBody>| {
        let count = Rc::clone(&count);
        async move {
            tokio::task::yield_now().await;
            count.set(count.get() + 1);
            Ok(Response::new(Full::from(format!(
                "{} {:?}",
                count.get(),
                std::thread::current().name()
            ))))
        }
    })
}

#[tokio::test]
async fn workers_share_a_port_and_stop_together() {
    for sockets in [1, 3] {
        let server = bind_reuse_port("127.0.0.1:0", sockets).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let workers = server
            .with_graceful_shutdown(async { stopped.await.unwrap() })
            .workers(3);
        let running = tokio::spawn(workers.serve(counting));
        let mut names = std::collections::BTreeSet::new();
        // Over HTTP/1 and HTTP/2, until each has served.
        while names.len() < if sockets == 3 { 3 } else { 1 } {
            let answer = exchange(address, LAST).await;
            names.insert(answer.rsplit_once(' ').unwrap().1.to_owned());
        }
        let (sender, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap())
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get("http://a/").body(()).unwrap();
        let answer = sender
            .ready()
            .await
            .unwrap()
            .send_request(request, true)
            .unwrap()
            .0
            .await;
        assert_eq!(answer.unwrap().status(), 200);
        stop.send(()).unwrap();
        running.await.unwrap().unwrap();
        let _ = connection.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}

#[tokio::test]
async fn a_worker_that_panics_is_begun_anew() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = server
        .with_graceful_shutdown(async { stopped.await.unwrap() })
        .workers(1);
    let running = tokio::spawn(workers.serve(move || {
        assert!(counted.fetch_add(1, Ordering::Relaxed) > 1, "the first two fall");
        counting()
    }));
    // It waits at the listener meanwhile.
    assert!(exchange(address, LAST).await.starts_with("HTTP/1.1 200"));
    assert_eq!(begun.load(Ordering::Relaxed), 3);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn workers_that_are_dropped_close_all() {
    let server = bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let running = tokio::spawn(server.workers(2).serve(counting));
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(GET).await.unwrap();
    kept.readable().await.unwrap();
    running.abort();
    let mut rest = Vec::new();
    let _ = kept.read_to_end(&mut rest).await;
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
