//! Panics, refusals of readiness and lost patience in every place where the app's code runs.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portcullis::cors::CorsLayer;
use portcullis::request_log::{RequestLogLayer, TextFormat};
use portcullis::stack::{Stack, StackBuilder};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::log::Log;

type Answer = Response<Full<Bytes>>;

fn from(origin: &str) -> Request<()> {
    Request::get("/").header("origin", origin).body(()).unwrap()
}

fn preflight() -> Request<()> {
    let preflight = Request::options("/").header("origin", "https://app.example.com");
    preflight
        .header("access-control-request-method", "PUT")
        .body(())
        .unwrap()
}

async fn hello(_: Request<()>) -> Result<Answer, Infallible> {
    Ok(Answer::default())
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Asks for an origin for ever, or not for long, and panics when it is given up.
struct Question(&'static str);

impl Future for Question {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
        assert!(self.0 != "panics", "in the question");
        Poll::Pending
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        tracing::info!("given up");
        panic!("in the drop of the question");
    }
}

/// The question is the app's as the handler is: what it does in its drop is told to the log, in the request's span, and to nobody else.
#[test]
fn a_question_for_an_origin_that_panics_in_its_drop_is_told_to_the_log_only() {
    fn check(question: &'static str, request: Request<()>, answered: bool, panics: usize) {
        let log = Log::default();
        let _listening = log.listen();
        let cors = CorsLayer::builder().origin_async(move |_| Question(question));
        let mut gate = Stack::builder().cors(cors).build().unwrap().layer(service_fn(hello));
        let mut future = Box::pin(gate.call(request));
        let status = match poll(future.as_mut()) {
            Poll::Ready(Ok(response)) => Some(response.status().as_u16()),
            Poll::Pending => None,
        };
        assert_eq!(status, answered.then_some(500), "{question}");
        assert!(poll(future.as_mut()).is_pending(), "{question}");
        drop(future);
        let log = log.text();
        assert_eq!(log.matches("portcullis::catch_error").count(), panics, "{log}");
        assert_eq!(log.matches("request panicked").count(), 1, "{log}");
        assert_eq!(log.matches("portcullis::request_log").count(), 1, "{log}");
        let within = log
            .lines()
            .any(|line| line.contains("given up") && line.contains("request{request_id"));
        assert!(within, "outside the request's span: {log}");
    }
    check("hangs", from("https://app.example.com"), false, 1);
    check("hangs", preflight(), false, 1);
    check("panics", from("https://app.example.com"), true, 2);
    check("panics", preflight(), true, 2);
}

/// Fails to become ready once.
#[derive(Clone, Default)]
struct Sick(Arc<AtomicBool>);

impl Service<Request<()>> for Sick {
    type Response = Answer;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Answer>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(if self.0.swap(true, Ordering::Relaxed) {
            Ok(())
        } else {
            Err(io::Error::other("the pool is closed"))
        })
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Ok(Answer::default()))
    }
}

/// A preflight asks nothing of the service, so that it is not what the lack of readiness is told to.
#[tokio::test]
async fn what_is_not_ready_is_the_answer_to_the_next_request_that_needs_it() {
    let log = Log::default();
    let _listening = log.listen();
    let cors = CorsLayer::builder().origin("https://app.example.com");
    let mut gate = Stack::builder().cors(cors).build().unwrap().layer(Sick::default());
    for (request, expect) in [
        (preflight(), 204),
        (from("https://app.example.com"), 503),
        (from(""), 200),
    ] {
        let response = gate.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), expect);
    }
    assert!(log.text().contains("the pool is closed"), "{}", log.text());
}

/// The log is outside of what catches panics.
#[tokio::test]
async fn a_log_that_panics_costs_no_request() {
    async fn check(builder: StackBuilder) {
        let log = Log::default();
        let _listening = log.listen();
        let gate = builder.build().unwrap().layer(service_fn(hello));
        let response = gate.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), 200);
        drop(response);
        let log = log.text();
        // A request too many in the log is better than one too few.
        assert_eq!(log.matches("request complete").count(), 1, "{log}");
    }
    struct Torn;

    impl io::Write for Torn {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("no paper")
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let filter = RequestLogLayer::builder().filter(|_| panic!("in the filter"));
    check(Stack::builder().request_log(filter)).await;
    let text = RequestLogLayer::builder().text(TextFormat::Common, || Torn);
    check(Stack::builder().request_log(text)).await;
}

/// A closure for origins stands outside of the second catch: the answer is the last resort's, which has what the outer layers set.
#[tokio::test]
async fn a_closure_for_origins_that_panics_is_answered() {
    let cors = CorsLayer::builder().origin_fn(|_| panic!("in the closure"));
    let gate = Stack::builder().cors(cors).build().unwrap().layer(service_fn(hello));
    for request in [from("https://app.example.com"), preflight()] {
        let response = gate.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        for header in ["x-request-id", "x-content-type-options"] {
            assert!(response.headers().contains_key(header), "{header}");
        }
    }
}

/// Which the contract of `Future` leaves open: it does not panic, and answers no second time.
#[tokio::test(start_paused = true)]
async fn a_future_that_is_polled_after_its_end_waits_for_ever() {
    let cors = CorsLayer::builder().origin("https://app.example.com");
    let stack = Stack::builder()
        .cors(cors)
        .timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let service = service_fn(async |request: Request<()>| match request.uri().path() {
        "/error" => Err(io::Error::other("disk on fire")),
        "/panic" => panic!("as asked"),
        "/slow" => pending().await,
        _ => Ok(Answer::default()),
    });
    let mut gate = stack.layer(service);
    let at = |path: &str| Request::get(path).body(()).unwrap();
    for request in [at("/"), at("/error"), at("/panic"), at("/slow"), preflight()] {
        let asked = format!("{} {}", request.method(), request.uri());
        let mut future = Box::pin(gate.ready().await.unwrap().call(request));
        drop(future.as_mut().await);
        assert!(poll(future.as_mut()).is_pending(), "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_zero_is_for_what_waits() {
    let gate = Stack::builder().timeout(Duration::ZERO).build().unwrap();
    let response = gate.layer(service_fn(hello)).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 200);
    let slow = service_fn(async |_: Request<()>| pending::<Result<Answer, Infallible>>().await);
    let response = gate.layer(slow).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 503);
}
