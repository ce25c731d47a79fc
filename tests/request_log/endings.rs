//! However a request ends, there is one record.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::request_log::RequestLogLayer;
use portcullis::trail::Failure;
use portcullis::{RejectBody, Trail};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tracing::Level;

use super::capture::{Answer, Log, Slow, answering, request, send, status};

#[tokio::test]
async fn a_client_that_leaves_before_the_headers_aborts() {
    async fn check(failure: Option<Failure>, level: Level, outcome: &str) {
        let (log, _listening) = Log::listen();
        let stuck = service_fn(move |request: Request<Full<Bytes>>| {
            let trail = request.extensions().get::<Trail>().unwrap().clone();
            if let Some(failure) = failure.clone() {
                trail.note_failure(failure);
            }
            pending::<Result<Answer, Infallible>>()
        });
        let mut future = Box::pin(RequestLogLayer::new().layer(stuck).oneshot(request("/")));
        assert!(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await);
        assert!(log.records().is_empty());
        drop(future);
        let record = log.only();
        assert_eq!((record.level, record.field("outcome")), (level, Some(outcome)));
        assert_eq!(record.field("http.response.status_code"), None);
        assert_eq!(record.field("headers_ms"), None);
    }
    check(None, Level::INFO, "aborted").await;
    check(Some(Failure::TimedOut), Level::ERROR, "timed_out").await;
}

#[tokio::test(start_paused = true)]
async fn a_body_ends_in_many_ways() {
    async fn check(slow: impl Fn() -> Slow + Clone + 'static, frames: usize, level: Level, outcome: &str, size: &str) {
        let (log, _listening) = Log::listen();
        let service = RequestLogLayer::new().layer(answering(move || Response::new(slow())));
        let mut body = service.oneshot(request("/")).await.unwrap().into_body();
        for _ in 0..frames {
            body.frame().await;
        }
        drop(body);
        let record = log.only();
        assert_eq!((record.level, record.field("outcome")), (level, Some(outcome)));
        assert_eq!(record.field("http.response.body.size"), Some(size));
    }
    let open = || Slow::new(&[Some("ab"), Some("cd")]);
    check(open, 3, Level::INFO, "complete", "4").await;
    // Polled beyond its end, which is no second record.
    check(open, 4, Level::INFO, "complete", "4").await;
    check(open, 2, Level::INFO, "aborted", "4").await;
    check(open, 1, Level::INFO, "aborted", "2").await;
    check(open, 0, Level::INFO, "aborted", "0").await;
    let closed = || Slow::new(&[Some("ab"), Some("cd")]).of_length(4);
    check(closed, 2, Level::INFO, "complete", "4").await;
    check(closed, 1, Level::INFO, "aborted", "2").await;
    check(closed, 0, Level::INFO, "aborted", "0").await;
    let empty = || Slow::new(&[]).of_length(0);
    check(empty, 0, Level::INFO, "complete", "0").await;
    let cut = || Slow::new(&[Some("ab"), None]);
    check(cut, 2, Level::ERROR, "failed", "2").await;
}

#[tokio::test]
async fn where_no_body_follows_the_head_is_the_end() {
    async fn check(method: Method, response: impl Fn() -> Response<Slow> + Clone + 'static, expect: usize) {
        let (log, _listening) = Log::listen();
        let mut request = request("/");
        *request.method_mut() = method;
        let response = RequestLogLayer::new()
            .layer(answering(response))
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(log.records().len(), expect);
        drop(response);
        assert_eq!(log.records().len(), 1);
        let outcome = if expect == 1 { "complete" } else { "aborted" };
        assert_eq!(log.only().field("outcome"), Some(outcome));
    }
    let of_status = |code: u16| {
        move || {
            let mut response = Response::new(Slow::new(&[Some("never sent")]).of_length(10));
            *response.status_mut() = StatusCode::from_u16(code).unwrap();
            response
        }
    };
    check(Method::GET, of_status(200), 0).await;
    check(Method::HEAD, of_status(200), 1).await;
    check(Method::GET, of_status(101), 1).await;
    check(Method::GET, of_status(204), 1).await;
    check(Method::GET, of_status(304), 1).await;
}

#[tokio::test]
async fn an_empty_body_is_recorded_with_the_head() {
    let (log, _listening) = Log::listen();
    let service = RequestLogLayer::new().layer(answering(|| Response::new(Full::<Bytes>::default())));
    let _kept = service.oneshot(request("/")).await.unwrap();
    assert_eq!(log.only().field("outcome"), Some("complete"));
}

#[tokio::test]
async fn the_last_frame_of_a_body_that_knows_its_end_is_the_end() {
    let (log, _listening) = Log::listen();
    let service = RequestLogLayer::new().layer(answering(|| status(200)));
    let mut body = service.oneshot(request("/")).await.unwrap().into_body();
    assert!(log.records().is_empty());
    body.frame().await.unwrap().unwrap();
    assert_eq!(log.only().field("outcome"), Some("complete"));
    assert!(body.is_end_stream());
}

#[tokio::test]
async fn an_error_is_recorded_without_a_status_and_passed_on() {
    let (log, _listening) = Log::listen();
    let service = service_fn(async |_: Request<Full<Bytes>>| Err::<Answer, _>(io::Error::other("disk on fire")));
    let error = RequestLogLayer::new()
        .layer(service)
        .oneshot(request("/"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "disk on fire");
    let record = log.only();
    assert_eq!((record.level, record.field("outcome")), (Level::ERROR, Some("failed")));
    assert_eq!(record.field("http.response.status_code"), None);
}

#[tokio::test]
async fn a_panic_that_catch_error_makes_a_500_is_one_record() {
    let (log, _listening) = Log::listen();
    let service = ServiceBuilder::new()
        .layer(RequestLogLayer::new())
        .layer(CatchErrorLayer::new())
        .service(service_fn(
            async |_: Request<Full<Bytes>>| -> Result<Answer, Infallible> { panic!("bug") },
        ));
    send(service, request("/")).await;
    let record = log.only();
    assert_eq!(
        (record.level, record.field("outcome")),
        (Level::ERROR, Some("panicked"))
    );
    assert_eq!(record.field("http.response.status_code"), Some("500"));
    let cause = log.of("portcullis::catch_error").remove(0);
    assert_eq!(cause.spans[0].0, "request");
}

#[tokio::test]
async fn a_panic_that_nobody_catches_within_is_one_record() {
    async fn check<S>(service: S)
    where
        S: Service<Request<Full<Bytes>>, Response = Answer, Error = Infallible, Future: Send> + Send + 'static,
    {
        let (log, _listening) = Log::listen();
        let service = RequestLogLayer::new().layer(service);
        let task = tokio::spawn(async { service.oneshot(request("/")).await.map(|_| ()) });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(log.only().field("outcome"), Some("panicked"));
    }
    check(service_fn(
        |_: Request<Full<Bytes>>| -> std::future::Ready<Result<Answer, Infallible>> { panic!("in the call") },
    ))
    .await;
    check(service_fn(
        async |_: Request<Full<Bytes>>| -> Result<Answer, Infallible> {
            tokio::task::yield_now().await;
            panic!("in the future")
        },
    ))
    .await;
}

#[tokio::test]
async fn a_panic_in_a_body_that_is_dropped_long_after_is_still_one() {
    struct Bomb;
    impl Body for Bomb {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("in the stream")
        }
    }
    let (log, _listening) = Log::listen();
    let service = RequestLogLayer::new().layer(answering(|| Response::new(Bomb)));
    let mut body = Box::pin(service.oneshot(request("/")).await.unwrap().into_body());
    let poll = std::panic::AssertUnwindSafe(|| {
        let _ = body
            .as_mut()
            .poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
    });
    assert!(std::panic::catch_unwind(poll).is_err());
    assert!(log.records().is_empty());
    drop(body);
    assert_eq!(log.only().field("outcome"), Some("panicked"));
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    let (log, _listening) = Log::listen();
    let (mut service, mut handle) =
        tower_test::mock::spawn_layer::<Request<Full<Bytes>>, Answer, _>(RequestLogLayer::new());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    // The mock panics where a service is called that is not the one it made ready.
    let answer = service.call(request("/"));
    let (_, reply) = handle.next_request().await.unwrap();
    reply.send_response(status(200));
    answer.await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(log.only().field("outcome"), Some("complete"));

    handle.send_error("pool is closed");
    assert!(matches!(service.poll_ready(), Poll::Ready(Err(_))));
    let record = log.records().remove(1);
    record.check(
        Level::ERROR,
        &[("message", "the service cannot become ready"), ("outcome", "failed")],
    );
}

#[tokio::test]
async fn a_refusal_of_an_outer_layer_in_this_body_is_no_record() {
    let (log, _listening) = Log::listen();
    let body = portcullis::request_log::ResponseBody::<Full<Bytes>>::reject(Bytes::from_static(b"refused"));
    assert_eq!(body.size_hint().exact(), Some(7));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "refused");
    assert!(log.records().is_empty());
}

#[tokio::test]
async fn frames_length_and_trailers_pass_unchanged() {
    let (log, _listening) = Log::listen();
    let service = RequestLogLayer::new().layer(answering(|| {
        let trailers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("x"))]);
        Response::new(Full::<Bytes>::from("four").with_trailers(std::future::ready(Some(Ok(trailers)))))
    }));
    let response = service.oneshot(request("/")).await.unwrap();
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["etag"], "x");
    assert_eq!(log.only().field("http.response.body.size"), Some("4"));
}
