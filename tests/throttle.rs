//! The throttle over its public interface.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use portcullis::client_ip::PeerAddr;
use portcullis::throttle::{Key, MissingKey, ResponseBody, ThrottleLayer, ThrottleLayerBuilder};
use portcullis::{Identity, RejectBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tower::{Layer, Service, ServiceExt};

/// A body that gives what the channel gives, and ends or fails when that says so.
struct Slow(Option<mpsc::Receiver<Result<Bytes, std::io::Error>>>);

impl Body for Slow {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Some(channel) => channel.poll_recv(cx).map(|next| next.map(|data| data.map(Frame::data))),
            None => Poll::Ready(None),
        }
    }
}

impl RejectBody for Slow {
    fn reject(_: Bytes) -> Self {
        Self(None)
    }
}

type Sender = mpsc::Sender<Result<Bytes, std::io::Error>>;

/// Answers at once, with a body that the test ends.
#[derive(Clone)]
struct Inner {
    bodies: mpsc::UnboundedSender<Sender>,
    ready: bool,
}

impl Service<Request<()>> for Inner {
    type Response = Response<Slow>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Slow>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been ready");
        let (sender, receiver) = mpsc::channel(1);
        self.bodies.send(sender).unwrap();
        std::future::ready(Ok(Response::new(Slow(Some(receiver)))))
    }
}

fn inner() -> (Inner, mpsc::UnboundedReceiver<Sender>) {
    let (bodies, sent) = mpsc::unbounded_channel();
    // A clone is not ready, whatever the original was.
    (Inner { bodies, ready: false }, sent)
}

fn one() -> ThrottleLayerBuilder {
    ThrottleLayer::builder().max_concurrent(1)
}

/// A request that has been asked once, and the task that asks on.
async fn begun<S>(service: &S) -> tokio::task::JoinHandle<Response<ResponseBody<Slow>>>
where
    S: Service<Request<()>, Response = Response<ResponseBody<Slow>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut service = service.clone();
    let (first, mut polled) = watch::channel(false);
    let task = tokio::spawn(async move {
        let mut future = Box::pin(service.ready().await.unwrap().call(Request::new(())));
        std::future::poll_fn(move |cx| {
            let poll = future.as_mut().poll(cx);
            first.send_replace(true);
            poll
        })
        .await
        .unwrap()
    });
    polled.wait_for(|polled| *polled).await.unwrap();
    task
}

#[tokio::test]
async fn the_permit_is_held_until_the_body_has_ended() {
    enum How {
        End,
        Fail,
        Drop,
    }
    for how in [How::End, How::Fail, How::Drop] {
        let (inner, mut bodies) = inner();
        let service = one().max_queued(0).build().unwrap().layer(inner);
        let ask = async || service.clone().oneshot(Request::new(())).await.unwrap();
        let mut first = ask().await;
        let body = bodies.recv().await.unwrap();
        assert_eq!(ask().await.status(), 503);
        body.send(Ok(Bytes::from_static(b"hello"))).await.unwrap();
        first.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(ask().await.status(), 503, "there may be more");
        match how {
            How::End => {
                drop(body);
                assert!(first.body_mut().frame().await.is_none());
            }
            How::Fail => {
                body.send(Err(std::io::Error::other("broken"))).await.unwrap();
                assert!(first.body_mut().frame().await.unwrap().is_err());
            }
            How::Drop => drop(first),
        }
        assert_eq!(ask().await.status(), 200);
    }
}

#[tokio::test]
async fn those_who_wait_are_served_in_their_order() {
    let (inner, mut bodies) = inner();
    let service = one().max_queued(3).build().unwrap().layer(inner);
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(begun(&service).await);
    }
    assert_eq!(service.clone().oneshot(Request::new(())).await.unwrap().status(), 503);
    // One in the middle gives up, and its place is free for another.
    waiting.remove(1).abort();
    while service.clone().oneshot(Request::new(())).now_or_waits().await {
        tokio::task::yield_now().await;
    }
    bodies.recv().await.unwrap();
    let mut last = first;
    for task in waiting {
        assert!(!task.is_finished());
        drop(last);
        last = task.await.unwrap();
        assert_eq!(last.status(), 200);
        bodies.recv().await.unwrap();
    }
    assert!(bodies.try_recv().is_err(), "who gave up was never served");
    drop(last);
    assert_eq!(service.oneshot(Request::new(())).await.unwrap().status(), 200);
}

/// True where a request is refused at once, false where it waits; it is given up then.
trait NowOrWaits {
    async fn now_or_waits(self) -> bool;
}

impl<F: Future> NowOrWaits for F {
    async fn now_or_waits(self) -> bool {
        let mut future = Box::pin(self);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_too_long_is_refused() {
    let (inner, mut bodies) = inner();
    let layer = one()
        .max_wait(Duration::from_secs(3))
        .retry_after(Duration::from_millis(4001));
    let service = layer.build().unwrap().layer(inner);
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    bodies.recv().await.unwrap();
    let start = tokio::time::Instant::now();
    let refused = service.clone().oneshot(Request::new(())).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert!(bodies.try_recv().is_err());
    // Its place in the queue is free again, and so is its turn.
    let waits = begun(&service).await;
    drop(first);
    assert_eq!(waits.await.unwrap().status(), 200);
}

fn from(address: &str) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(PeerAddr(address.parse().unwrap()));
    request
}

#[tokio::test]
async fn a_caller_has_so_many_and_so_many_more_that_wait() {
    let (inner, _bodies) = inner();
    let layer = ThrottleLayer::builder()
        .max_concurrent(100)
        .per_key(Key::client_address(), 2);
    let service = layer.max_queued_per_key(1).build().unwrap().layer(inner);
    let ask = |address| service.clone().oneshot(from(address));
    let one = ask("[2001:db8::1]:1").await.unwrap();
    let _two = ask("[2001:db8::2]:1").await.unwrap();
    let mut third = Box::pin(ask("[2001:db8::3]:1"));
    assert!(std::future::poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await);
    let fourth = ask("[2001:db8::4]:1").await.unwrap();
    assert_eq!(fourth.status(), 503);
    assert_eq!(ask("[2001:db8:0:1::1]:1").await.unwrap().status(), 200);
    drop(one);
    assert_eq!(third.await.unwrap().status(), 200);
}

#[tokio::test]
async fn without_a_key_it_is_as_the_builder_says() {
    async fn check(key: Key, choice: Option<MissingKey>, request: Request<()>, expect: [u16; 2]) {
        let (inner, _bodies) = inner();
        let mut layer = ThrottleLayer::builder()
            .max_concurrent(100)
            .per_key(key, 1)
            .max_queued_per_key(0);
        if let Some(choice) = choice {
            layer = layer.on_missing_key(choice);
        }
        let service = layer.build().unwrap().layer(inner);
        let first = service.clone().oneshot(request.clone()).await.unwrap();
        let second = service.oneshot(request).await.unwrap();
        assert_eq!([first.status().as_u16(), second.status().as_u16()], expect);
    }
    let here = || from("192.0.2.1:1");
    let anonymous = || {
        let mut request = here();
        request.extensions_mut().insert(Identity::anonymous());
        request
    };
    check(Key::header("x-api-key"), None, here(), [200, 503]).await;
    check(Key::header("x-api-key"), Some(MissingKey::Admit), here(), [200, 200]).await;
    check(Key::header("x-api-key"), Some(MissingKey::Refuse), here(), [400, 400]).await;
    check(Key::user(), None, anonymous(), [200, 200]).await;
    check(Key::user(), Some(MissingKey::ByAddress), anonymous(), [200, 503]).await;
    // A layer is missing.
    check(Key::user(), None, here(), [500, 500]).await;
    check(Key::client_address(), None, Request::new(()), [500, 500]).await;
}

#[tokio::test]
async fn the_skipped_neither_wait_nor_count() {
    let (inner, _bodies) = inner();
    let layer = one().max_queued(0).skip(|request| request.uri().path() == "/healthz");
    let service = layer.build().unwrap().layer(inner);
    let health = || Request::get("/healthz").body(()).unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(service.clone().oneshot(health()).await.unwrap());
    }
    held.push(service.clone().oneshot(Request::new(())).await.unwrap());
    held.push(service.oneshot(health()).await.unwrap());
    assert!(held.iter().all(|response| response.status() == 200));
}

/// Sixty-four tasks on four threads, of which three at a time are within.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_more_than_so_many_at_once() {
    let (within, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let inner = {
        let (within, most) = (Arc::clone(&within), Arc::clone(&most));
        tower::service_fn(move |_: Request<()>| {
            let (within, most) = (Arc::clone(&within), Arc::clone(&most));
            async move {
                most.fetch_max(within.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                within.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Infallible>(Response::new(Slow(None)))
            }
        })
    };
    let layer = ThrottleLayer::builder()
        .max_concurrent(3)
        .max_queued(64)
        .max_wait(Duration::from_secs(600));
    let service = layer.build().unwrap().layer(inner);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    let response = service.clone().oneshot(Request::new(())).await.unwrap();
                    assert_eq!(response.status(), 200);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

/// Over a socket: a client that goes away while it waits, and one that goes in the middle of its answer, free their places.
#[tokio::test]
async fn a_client_that_goes_frees_its_place() {
    let (inner, mut bodies) = inner();
    let service = one()
        .max_queued(1)
        .max_wait(Duration::from_secs(600))
        .build()
        .unwrap()
        .layer(inner);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = service.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = serving.clone();
            let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                service.clone().oneshot(request.map(|_| ()))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    let connect = async || {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        stream
    };
    let mut served = connect().await;
    let body = bodies.recv().await.unwrap();
    body.send(Ok(Bytes::from_static(b"part"))).await.unwrap();
    let mut bytes = [0; 12];
    served.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"HTTP/1.1 200");

    let waits = connect().await;
    // It has taken the one place in the queue once another is refused.
    let refused = async || service.clone().oneshot(Request::new(())).now_or_waits().await;
    while !refused().await {
        tokio::task::yield_now().await;
    }
    drop(waits);
    while refused().await {
        tokio::task::yield_now().await;
    }
    drop(served);
    // Its body is dropped with the connection.
    body.closed().await;
    assert_eq!(service.oneshot(Request::new(())).await.unwrap().status(), 200);
}
