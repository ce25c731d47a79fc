//! The phases of a shutdown, on a paused clock, and over sockets with axum's server.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use portcullis::Problem;
use portcullis::shutdown::{Builder, HookOutcome, Report, Shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

fn builder() -> Builder {
    // Signals of the test process are not for these tests.
    Shutdown::builder().trigger(pending())
}

fn request() -> Request<Full<Bytes>> {
    Request::new(Full::default())
}

#[tokio::test(start_paused = true)]
async fn the_phases_come_in_order_and_on_time() {
    let shutdown = builder().grace(5 * SECOND).drain_deadline(9 * SECOND).build().unwrap();
    let handle = shutdown.handle();
    let begun = Instant::now();
    let times = Arc::new(Mutex::new(Vec::new()));
    for (name, phase) in [
        (
            "unready",
            Box::pin(handle.unready()) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
        ),
        ("stop", Box::pin(handle.stop_accepting())),
        ("aborted", Box::pin(handle.aborted())),
    ] {
        let times = Arc::clone(&times);
        tokio::spawn(async move {
            phase.await;
            times.lock().unwrap().push((name, begun.elapsed().as_secs()));
        });
    }
    let _stalled = handle.guard();
    let running = tokio::spawn(shutdown.drained());
    sleep(SECOND).await;
    assert!(handle.is_ready() && times.lock().unwrap().is_empty());
    handle.trigger();
    let report = running.await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(*times.lock().unwrap(), [("unready", 1), ("stop", 6), ("aborted", 15)]);
    assert_eq!((report.drained(), report.aborted()), (0, 1));
    assert_eq!(report.duration().as_secs(), 14);
    assert!(!report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_drain_ends_with_the_last_guard() {
    let shutdown = builder().build().unwrap();
    let handle = shutdown.handle();
    for seconds in 1..=3 {
        let guard = handle.guard();
        tokio::spawn(async move {
            sleep(seconds * SECOND).await;
            drop(guard);
        });
    }
    handle.trigger();
    let report = shutdown.drained().await;
    assert_eq!((report.drained(), report.aborted()), (3, 0));
    assert_eq!(report.duration().as_secs(), 3);
    assert!(report.is_clean(), "{report}");
}

async fn fall() {
    tokio::task::yield_now().await;
    panic!("as asked")
}

#[tokio::test(start_paused = true)]
async fn tasks_are_waited_for_and_named_where_they_are_dropped() {
    let shutdown = builder().drain_deadline(9 * SECOND).build().unwrap();
    let handle = shutdown.handle();
    let told = handle.stop_accepting();
    let polite = handle.spawn("polite", async move {
        told.await;
        sleep(2 * SECOND).await;
    });
    let failed = handle.spawn("failed", async { Err::<(), _>(io::Error::other("no such queue")) });
    let panicked = handle.spawn("panicked", fall());
    let deaf = handle.spawn("deaf", pending::<()>());
    assert_eq!(handle.tasks(), ["polite", "failed", "panicked", "deaf"]);
    failed.await.unwrap();
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(handle.tasks(), ["polite", "deaf"]);
    assert_eq!(handle.in_flight(), 2);

    handle.trigger();
    let report = shutdown.drained().await;
    assert_eq!((report.drained(), report.aborted()), (1, 1));
    assert_eq!(report.aborted_tasks(), ["deaf"]);
    assert!(
        !report.is_clean() && report.to_string().contains("tasks dropped: deaf"),
        "{report}"
    );
    polite.await.unwrap();
    deaf.await.unwrap();
    assert_eq!((handle.in_flight(), handle.tasks().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_apps_own_trigger_begins_the_shutdown() {
    let shutdown = Shutdown::builder().trigger(sleep(7 * SECOND)).build().unwrap();
    let begun = Instant::now();
    shutdown.drained().await;
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_second_trigger_aborts_in_grace_and_in_drain() {
    async fn check(grace: Duration) -> Report {
        let shutdown = builder().grace(grace).build().unwrap();
        let handle = shutdown.handle();
        let _stalled = handle.guard();
        let running = tokio::spawn(shutdown.drained());
        handle.trigger();
        sleep(SECOND).await;
        handle.trigger();
        running.await.unwrap()
    }
    for grace in [Duration::ZERO, 60 * SECOND] {
        let report = check(grace).await;
        assert_eq!(report.duration().as_secs(), 1, "{grace:?}");
        assert_eq!(report.aborted(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_early_is_followed_by_the_hooks() {
    let shutdown = builder()
        .grace(60 * SECOND)
        .hook("database", async || Ok::<_, io::Error>(()))
        .build()
        .unwrap();
    let (report, output) = shutdown
        .run(async { Err::<(), _>(io::Error::other("address in use")) })
        .await;
    assert!(output.unwrap().is_err());
    assert_eq!(report.duration(), Duration::ZERO);
    assert_eq!(*report.hooks()[0].outcome(), HookOutcome::Done);
}

#[tokio::test(start_paused = true)]
async fn hooks_run_in_order_after_the_drain_and_none_stops_the_next() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(name)
    };
    let (first, last) = (note("first"), note("last"));
    let shutdown = builder()
        .hook_deadline(2 * SECOND)
        .hook("first", async move || {
            sleep(SECOND).await;
            first();
            Ok::<_, io::Error>(())
        })
        .hook("failing", async || Err::<(), _>(io::Error::other("already closed")))
        .hook("panicking", async || -> Result<(), io::Error> { panic!("bug") })
        .hook("hanging", async || {
            pending::<()>().await;
            Ok::<_, io::Error>(())
        })
        .hook("last", async move || {
            last();
            Ok::<_, io::Error>(())
        })
        .build()
        .unwrap();
    let handle = shutdown.handle();
    let guard = handle.guard();
    let drained = note("drained");
    tokio::spawn(async move {
        sleep(SECOND).await;
        drained();
        drop(guard);
    });
    handle.trigger();
    let report = shutdown.drained().await;
    assert_eq!(*order.lock().unwrap(), ["drained", "first", "last"]);
    let outcome = |index: usize| report.hooks()[index].outcome();
    assert_eq!(*outcome(0), HookOutcome::Done);
    assert_eq!(*outcome(1), HookOutcome::Failed("already closed".into()));
    assert!(matches!(outcome(2), HookOutcome::Failed(_)));
    assert_eq!(*outcome(3), HookOutcome::TimedOut);
    assert_eq!(*outcome(4), HookOutcome::Done);
    assert_eq!(report.hooks()[3].duration(), 2 * SECOND);
    assert!(!report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_third_trigger_skips_a_hook() {
    let shutdown = builder()
        .hook("hanging", async || {
            pending::<()>().await;
            Ok::<_, io::Error>(())
        })
        .build()
        .unwrap();
    let handle = shutdown.handle();
    for _ in 0..3 {
        handle.trigger();
    }
    let report = shutdown.drained().await;
    assert_eq!(*report.hooks()[0].outcome(), HookOutcome::Skipped);
}

#[test]
fn a_hook_deadline_of_zero_is_a_fault() {
    let error = Shutdown::builder().hook_deadline(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.faults()[0].setting(), "hook_deadline");
}

#[tokio::test]
async fn a_request_is_in_flight_until_its_body_ends() {
    let shutdown = builder().build().unwrap();
    let handle = shutdown.handle();
    let service = shutdown.layer().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("bytes")))
    }));
    let future = service.clone().oneshot(request());
    let mut body = future.await.unwrap().into_body();
    assert_eq!(handle.in_flight(), 1);
    assert!(body.frame().await.unwrap().is_ok());
    assert_eq!(handle.in_flight(), 1);
    assert!(body.frame().await.is_none());
    assert_eq!(handle.in_flight(), 0);

    // A client that leaves before there is a response.
    let failing = shutdown.layer().layer(service_fn(async |_: Request<Full<Bytes>>| {
        pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let mut future = polled(failing.oneshot(request()));
    assert!(future.poll().is_pending());
    assert_eq!(handle.in_flight(), 1);
    drop(future);
    assert_eq!(handle.in_flight(), 0);
}

fn polled<F: Future>(future: F) -> Polled<F> {
    Polled(Box::pin(future))
}

struct Polled<F>(std::pin::Pin<Box<F>>);

impl<F: Future> Polled<F> {
    fn poll(&mut self) -> std::task::Poll<F::Output> {
        self.0
            .as_mut()
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
    }
}

#[tokio::test]
async fn responses_say_close_while_draining_and_only_over_http_1() {
    let shutdown = builder().build().unwrap();
    let handle = shutdown.handle();
    let service = shutdown
        .layer()
        .layer(service_fn(async |request: Request<Full<Bytes>>| {
            let mut response = Response::new(Full::<Bytes>::default());
            if request.uri().path() == "/ws" {
                *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
            }
            Ok::<_, Infallible>(response)
        }));
    let says_close = async |version: Version, path: &'static str| {
        let mut request = request();
        *request.version_mut() = version;
        *request.uri_mut() = http::Uri::from_static(path);
        let response = service.clone().oneshot(request).await.unwrap();
        response.headers().get(CONNECTION).is_some_and(|value| value == "close")
    };
    assert!(!says_close(Version::HTTP_11, "/").await);
    handle.trigger();
    shutdown.drained().await;
    assert!(says_close(Version::HTTP_11, "/").await);
    assert!(says_close(Version::HTTP_10, "/").await);
    assert!(!says_close(Version::HTTP_2, "/").await);
    assert!(!says_close(Version::HTTP_11, "/ws").await);
}

#[tokio::test]
async fn readiness_turns_into_a_problem() {
    let shutdown = builder().build().unwrap();
    let handle = shutdown.handle();
    let readiness = handle.readiness::<Full<Bytes>>();
    let response = readiness.clone().oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 200);
    handle.trigger();
    shutdown.drained().await;
    let response = readiness.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.extensions().get::<Problem>().is_some());
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn with_axum_the_answer_in_flight_arrives_and_a_stalled_request_is_cut() {
    let shutdown = builder().drain_deadline(Duration::from_millis(300)).build().unwrap();
    let handle = shutdown.handle();
    let release = handle.stop_accepting();
    let release = Arc::new(Mutex::new(Some(Box::pin(release))));
    let entered = Arc::new(tokio::sync::Semaphore::new(0));
    let inside = Arc::clone(&entered);
    let app = axum::Router::new()
        .route(
            "/slow",
            axum::routing::get(move || {
                let release = release.lock().unwrap().take();
                inside.add_permits(1);
                async move {
                    if let Some(release) = release {
                        release.await;
                    }
                    "answered"
                }
            }),
        )
        .route(
            "/upload",
            axum::routing::post({
                let inside = Arc::clone(&entered);
                move |body: axum::body::Body| {
                    inside.add_permits(1);
                    async move { body.collect().await.map_or("cut", |_| "whole") }
                }
            }),
        )
        .layer(shutdown.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, app).with_graceful_shutdown(handle.stop_accepting());
    let running = tokio::spawn(shutdown.run(server.into_future()));

    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled
        .write_all(b"POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf")
        .await
        .unwrap();
    entered.acquire_many(2).await.unwrap().forget();
    handle.trigger();

    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("answered"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    let (report, output) = running.await.unwrap();
    assert_eq!((report.drained(), report.aborted()), (1, 1), "{report}");
    assert!(output.is_none() && !report.server_ended());
    assert!(TcpStream::connect(address).await.is_err(), "the listener is closed");
}
