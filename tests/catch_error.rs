//! Errors and panics of every place become answers, seen through oneshot calls and through real sockets.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use portcullis::catch_error::{BodyError, CatchErrorLayer};
use portcullis::problem::{Cause, Renderer};
use portcullis::trail::Failure;
use portcullis::{Problem, RejectBody, RequestId, Trail};
use tower::{Layer, Service, ServiceExt, service_fn};

use self::log::Log;

type Answer = Response<Full<Bytes>>;

fn request() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = "/posts?token=secret".parse().unwrap();
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    request
}

async fn text<B: Body<Data: Send, Error: std::fmt::Debug>>(response: Response<B>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[derive(Debug)]
struct Outer(io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("query failed")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn an_error_is_a_500_for_the_client_and_a_record_for_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let trail = Trail::default();
    let mut request = request();
    request.extensions_mut().insert(trail.clone());

    let service = CatchErrorLayer::new().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Answer, _>(Outer(io::Error::other("disk on fire")))
    }));
    let response = service.oneshot(request).await.unwrap();

    assert_eq!(response.status(), 500);
    let body = text(response).await;
    assert!(body.contains(r#""request_id":"id-7""#), "{body}");
    assert!(!body.contains("disk") && !body.contains("query"), "{body}");
    let record = log.text();
    for part in [
        "ERROR",
        "portcullis::catch_error",
        "id-7",
        "GET",
        "/posts",
        "query failed: disk on fire",
    ] {
        assert!(record.contains(part), "{part} in {record}");
    }
    assert!(!record.contains("secret"), "{record}");
    assert_eq!(trail.failure(), Some(Failure::Error));
}

#[tokio::test]
async fn an_error_that_is_a_problem_is_that_problem_and_no_record() {
    let log = Log::default();
    let _listening = log.listen();
    let service = CatchErrorLayer::new().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Answer, _>(Problem::new(StatusCode::CONFLICT).with_detail("taken"))
    }));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 409);
    let body = text(response).await;
    assert!(body.contains("taken") && body.contains("id-7"), "{body}");
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn an_error_whose_source_is_a_problem_is_that_problem() {
    #[derive(Debug)]
    struct Refused(Problem);

    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the ledger is closed")
        }
    }

    impl std::error::Error for Refused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    let log = Log::default();
    let _listening = log.listen();
    let service = CatchErrorLayer::new().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Answer, _>(io::Error::other(Refused(Problem::new(StatusCode::CONFLICT))))
    }));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 409);
    let body = text(response).await;
    assert!(body.contains("id-7") && !body.contains("ledger"), "{body}");
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn the_cause_behind_a_handlers_question_mark_is_logged_with_the_id() {
    let log = Log::default();
    let _listening = log.listen();
    let service = CatchErrorLayer::new().layer(service_fn(async |_: Request<Full<Bytes>>| {
        let error: portcullis::Error = io::Error::other("no such table").into();
        Ok::<Answer, Infallible>(error.into_response())
    }));
    let response = service.oneshot(request()).await.unwrap();
    assert!(response.extensions().get::<Cause>().is_some());
    assert!(text(response).await.contains("id-7"));
    let record = log.text();
    assert!(record.contains("no such table") && record.contains("id-7"), "{record}");
    assert_eq!(record.lines().count(), 1, "logged once: {record}");
}

#[tokio::test]
async fn a_panic_in_the_call_and_in_the_future_is_a_500() {
    let log = Log::default();
    let _listening = log.listen();
    let in_call = service_fn(
        |_: Request<Full<Bytes>>| -> std::future::Ready<Result<Answer, Infallible>> { panic!("in the call") },
    );
    let in_future = service_fn(async |request: Request<Full<Bytes>>| -> Result<Answer, Infallible> {
        tokio::task::yield_now().await;
        panic!("in the future of {}", request.method())
    });
    let trail = Trail::default();
    let mut first = request();
    first.extensions_mut().insert(trail.clone());

    let response = CatchErrorLayer::new().layer(in_call).oneshot(first).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(trail.failure(), Some(Failure::Panicked));
    let response = CatchErrorLayer::new()
        .layer(in_future)
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    let record = log.text();
    assert!(
        record.contains("in the call") && record.contains("in the future of GET"),
        "{record}"
    );
}

#[tokio::test]
async fn a_panic_while_the_future_is_dropped_does_not_take_the_answer() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    struct Armed(Bomb);
    impl Future for Armed {
        type Output = Result<Answer, Infallible>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(Response::new(Full::from("fine"))))
        }
    }
    let mut service = CatchErrorLayer::new().layer(service_fn(|_: Request<Full<Bytes>>| Armed(Bomb)));
    let response = service.ready().await.unwrap().call(request()).await.unwrap();
    assert_eq!(text(response).await, "fine");
    // Given up half way, as when the client leaves.
    let trail = Trail::default();
    let mut given_up = request();
    given_up.extensions_mut().insert(trail.clone());
    drop(service.ready().await.unwrap().call(given_up));
    assert_eq!(trail.failure(), Some(Failure::Panicked));
}

#[tokio::test]
async fn a_service_that_fails_to_become_ready_is_a_503() {
    let (mut service, mut handle) =
        tower_test::mock::spawn_layer::<Request<Full<Bytes>>, Answer, _>(CatchErrorLayer::new());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.send_error(io::Error::other("pool is closed"));
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    let response = service.call(request()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(!text(response).await.contains("pool"));
}

/// Sends one frame, then does its worst.
struct Faulty {
    frames: usize,
    worst: fn() -> Option<io::Error>,
}

impl Body for Faulty {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.frames += 1;
        if self.frames == 1 {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"half")))));
        }
        Poll::Ready((self.worst)().map(Err))
    }
}

impl RejectBody for Faulty {
    fn reject(_: Bytes) -> Self {
        Self {
            frames: 1,
            worst: || None,
        }
    }
}

fn faulty(
    worst: fn() -> Option<io::Error>,
) -> impl Service<Request<Full<Bytes>>, Response = Response<Faulty>, Error = Infallible, Future: Send> + Clone {
    service_fn(move |_| std::future::ready(Ok(Response::new(Faulty { frames: 0, worst }))))
}

#[tokio::test]
async fn a_body_that_fails_ends_in_an_error_once() {
    async fn check(worst: fn() -> Option<io::Error>, panicked: bool, logged: &str) {
        let log = Log::default();
        let _listening = log.listen();
        let response = CatchErrorLayer::new()
            .layer(faulty(worst))
            .oneshot(request())
            .await
            .unwrap();
        let mut body = response.into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(matches!(error, BodyError::Panicked), panicked, "{error:?}");
        assert!(body.frame().await.is_none());
        assert!(body.is_end_stream());
        let record = log.text();
        assert!(record.contains(logged) && record.contains("id-7"), "{record}");
    }
    check(|| panic!("in the stream"), true, "in the stream").await;
    check(|| Some(io::Error::other("cable cut")), false, "cable cut").await;
}

#[tokio::test]
async fn a_body_caught_twice_is_logged_once() {
    async fn check(worst: fn() -> Option<io::Error>, panicked: bool) {
        let log = Log::default();
        let _listening = log.listen();
        let caught = CatchErrorLayer::new().layer(CatchErrorLayer::new().layer(faulty(worst)));
        let mut body = caught.oneshot(request()).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(matches!(error, BodyError::Panicked), panicked, "{error:?}");
        let source = std::error::Error::source(&error);
        assert_eq!(source.is_some_and(<dyn std::error::Error>::is::<io::Error>), !panicked);
        let record = log.text();
        assert_eq!(record.matches("portcullis::catch_error").count(), 1, "{record}");
    }
    check(|| panic!("in the stream"), true).await;
    check(|| Some(io::Error::other("cable cut")), false).await;
}

#[tokio::test]
async fn a_cause_forges_no_line_of_the_log() {
    async fn check(
        service: impl Service<Request<Full<Bytes>>, Response = Answer, Error = io::Error, Future: Send> + Clone,
    ) {
        let log = Log::default();
        let _listening = log.listen();
        let response = CatchErrorLayer::new().layer(service).oneshot(request()).await.unwrap();
        assert_eq!(response.status(), 500);
        let record = log.text();
        assert!(
            record.contains(r#"no such "näme\": \n2026 ERROR forged \u{9b}2J\u{2028}"#),
            "{record}"
        );
        assert_eq!(record.lines().count(), 1, "{record}");
    }
    const TEXT: &str = "no such \"näme\\\": \n2026 ERROR forged \u{9b}2J\u{2028}";
    check(service_fn(async |_| Err(io::Error::other(TEXT)))).await;
    check(service_fn(async |_| panic!("{TEXT}"))).await;
    check(service_fn(async |_| Ok(portcullis::Error::from(TEXT).into_response()))).await;
}

#[tokio::test]
async fn the_length_of_the_body_stays_known() {
    let service = CatchErrorLayer::new().layer(service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("four")))
    }));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), SizeHint::with_exact(4).exact());
    assert!(!response.body().is_end_stream());
}

#[tokio::test]
async fn the_renderer_speaks_for_handlers_and_survives_its_own_panic() {
    let not_found = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<Answer, Infallible>(Problem::new(StatusCode::NOT_FOUND).into_response())
    });
    let renderer = Renderer::members(|_, members| {
        members.insert("message".into(), "Route not found".into());
    });
    let service = CatchErrorLayer::new().renderer(renderer).layer(not_found);
    let body = text(service.oneshot(request()).await.unwrap()).await;
    assert!(
        body.contains(r#""message":"Route not found""#) && body.contains("id-7"),
        "{body}"
    );

    let broken = CatchErrorLayer::new().renderer(Renderer::new(|_| panic!("bad template")));
    let response = broken.layer(not_found).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 500);
    assert!(text(response).await.contains("id-7"));
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn over_a_socket_every_panic_is_answered_and_the_connection_lives() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let handler = service_fn(async |request: Request<axum::body::Body>| {
        match request.uri().path() {
            "/future" => panic!("in the future"),
            "/body" => {
                return Ok(Response::new(axum::body::Body::new(Faulty {
                    frames: 0,
                    worst: || panic!("in the stream"),
                })));
            }
            "/error" => return Err(io::Error::other("disk on fire")),
            _ => {}
        }
        Ok(Response::new(axum::body::Body::from("alive")))
    });
    let service = CatchErrorLayer::new().layer(handler);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback_service(service);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    for path in ["/future", "/error", "/"] {
        socket
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        let ending = if path == "/" { "alive" } else { "}" };
        while !answer.ends_with(ending) {
            let mut chunk = [0; 1024];
            let read = socket.read(&mut chunk).await.unwrap();
            assert!(read > 0, "{path}: {answer}");
            answer.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
        }
        let status = if path == "/" { "HTTP/1.1 200" } else { "HTTP/1.1 500" };
        assert!(answer.starts_with(status), "{path}: {answer}");
    }
    // Headers are out: the stream is cut before its last chunk, never left hanging.
    socket
        .write_all(b"GET /body HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    let rest = String::from_utf8(rest).unwrap();
    assert!(
        !rest.contains("\r\n0\r\n\r\n"),
        "a cut body must not look whole: {rest}"
    );
    server.abort();
}

#[tokio::test]
async fn a_problem_that_was_compressed_is_completed_without_its_encoding() {
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        // As a compressing layer between the handler and this one leaves it.
        let mut response: Answer = Problem::new(StatusCode::NOT_FOUND).into_response();
        *response.body_mut() = Full::from("\u{1f}compressed");
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Ok::<_, Infallible>(response)
    });
    let response = CatchErrorLayer::new().layer(handler).oneshot(request()).await.unwrap();
    assert!(!response.headers().contains_key(CONTENT_ENCODING));
    assert!(text(response).await.contains(r#""request_id":"id-7""#));
}

#[tokio::test]
async fn what_took_the_place_of_a_problem_stays() {
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        // A page instead of the 404, in a response that keeps what the other carried.
        let mut response: Answer = Problem::new(StatusCode::NOT_FOUND).into_response();
        *response.status_mut() = StatusCode::OK;
        *response.body_mut() = Full::from("<!doctype html>");
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        Ok::<_, Infallible>(response)
    });
    let renderer = || Renderer::new(|_| (HeaderValue::from_static("application/json"), Bytes::from("{}")));
    for layer in [CatchErrorLayer::new(), CatchErrorLayer::new().renderer(renderer())] {
        let response = layer.layer(handler).oneshot(request()).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html");
        assert_eq!(text(response).await, "<!doctype html>");
    }
}

#[tokio::test]
async fn two_layers_with_one_renderer_agree() {
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<Answer, Infallible>(Problem::new(StatusCode::NOT_FOUND).into_response())
    });
    let renderer = Renderer::new(|problem| {
        let id = problem.request_id().map_or("nobody", RequestId::as_str);
        (HeaderValue::from_static("text/plain"), Bytes::from(id.to_owned()))
    });
    let layer = || CatchErrorLayer::new().renderer(renderer.clone());
    let response = layer().layer(layer().layer(handler)).oneshot(request()).await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "text/plain");
    assert_eq!(text(response).await, "id-7");
}

#[tokio::test]
async fn a_cause_is_one_line_of_the_log_whatever_it_quotes() {
    let quoting = || {
        Outer(io::Error::other(
            "no user `ada\r\nERROR forged\u{1b}[2J\u{2028}\u{85}` at \\home\\ä",
        ))
    };
    let log = Log::default();
    let _listening = log.listen();
    let failing = service_fn(|_: Request<Full<Bytes>>| async move { Err::<Answer, _>(quoting()) });
    let response = CatchErrorLayer::new().layer(failing).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), 500);
    let panicking = service_fn(|_: Request<Full<Bytes>>| async move {
        let error = quoting();
        panic!("{error}: {}", error.0);
        #[expect(unreachable_code, reason = "gives the future its type")]
        Ok::<Answer, Infallible>(Answer::default())
    });
    let response = CatchErrorLayer::new()
        .layer(panicking)
        .oneshot(request())
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    // One that no layer logs is logged when it is dropped.
    drop(Cause::new(quoting()));
    let record = log.text();
    assert_eq!(record.lines().count(), 3, "{record:?}");
    for line in record.lines() {
        let expect = r"query failed: no user `ada\r\nERROR forged\u{1b}[2J\u{2028}\u{85}` at \home\ä";
        assert!(line.contains(expect), "{line:?}");
    }
}
