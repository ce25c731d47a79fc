//! A deadline for the head of the answer.
//!
//! What it decides:
//!
//! 1. A service that has not answered within the time is dropped, and the client is told `503` with `Retry-After: 1`. Not `408`:
//!    browsers take that for their own slowness and send the request again.
//! 2. The time runs from the moment at which the service first has to wait to the answer's head: what it does before, nobody could
//!    cut short. A body may stream for longer, in either direction, as long as the service waits for nothing else of it before
//!    it answers.
//! 3. The failure is noted on the [`Trail`]: the request log's outcome is `timed_out`.
//!
//! It costs no allocation, and a timer where the service has to wait.
//!
//! It goes inside whatever is cheap and refuses, and outside `jwt` and the service. A handler that must not be dropped half way,
//! such as one that pays, spawns its work and awaits it.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use std::time::Duration;
//!
//! use portcullis::timeout::TimeoutLayer;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let slow = service_fn(async |_: Request<()>| {
//!     tokio::time::sleep(Duration::from_secs(31)).await;
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("at last")))
//! });
//! let response = TimeoutLayer::new(Duration::from_secs(30)).layer(slow).oneshot(Request::new(())).await?;
//! assert_eq!(response.status(), 503);
//! # Ok(())
//! # }
//! ```
//!
//! With a status of the app's own, for a service that waits for others:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response, StatusCode};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use std::time::Duration;
//!
//! use portcullis::Problem;
//! use portcullis::timeout::TimeoutLayer;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let slow = service_fn(async |_: Request<()>| {
//! #     tokio::time::sleep(Duration::from_secs(31)).await;
//! #     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("at last")))
//! # });
//! let late = Problem::new(StatusCode::GATEWAY_TIMEOUT).with_detail("the other service did not answer");
//! let response = TimeoutLayer::new(Duration::from_secs(2)).answer(late).layer(slow).oneshot(Request::new(())).await?;
//! assert_eq!(response.status(), 504);
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep};
use tower_layer::Layer;
use tower_service::Service;

use crate::body::RejectBody;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::trail::{Failure, Trail};

/// Gives the service a deadline. See the [module page](self).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct TimeoutLayer {
    config: Arc<Config>,
}

#[derive(Debug, Clone)]
struct Config {
    deadline: Duration,
    answer: Problem,
}

impl TimeoutLayer {
    /// From the first wait of the service to the head of its answer. Zero refuses whatever is not answered at once.
    pub fn new(deadline: Duration) -> Self {
        let answer = Problem::new(StatusCode::SERVICE_UNAVAILABLE)
            .with_detail("this took too long")
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"));
        Self {
            config: Arc::new(Config { deadline, answer }),
        }
    }

    /// What the client is told. Default `503` with `Retry-After: 1`.
    pub fn answer(mut self, problem: Problem) -> Self {
        Arc::make_mut(&mut self.config).answer = problem;
        self
    }
}

/// For a stack, which has a future of its own.
impl TimeoutLayer {
    /// Goes on waiting, from the first call on.
    pub(crate) fn poll(&self, sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.config.deadline)));
        pin!(unconstrained(sleep.as_mut())).poll(cx)
    }

    /// What is said then.
    pub(crate) fn refuse(&self, id: Option<&RequestId>, trail: Option<&Trail>) -> Problem {
        self.config.refuse(id, trail)
    }
}

impl Config {
    fn refuse(&self, id: Option<&RequestId>, trail: Option<&Trail>) -> Problem {
        if let Some(trail) = trail {
            trail.note_failure(Failure::TimedOut);
        }
        let problem = self.answer.clone();
        match id {
            Some(id) => problem.with_request_id(id.clone()),
            None => problem,
        }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout {
            inner,
            config: Arc::clone(&self.config),
        }
    }
}

/// The service made by [`TimeoutLayer`]. See the [module page](self).
#[derive(Debug, Clone)]
pub struct Timeout<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Timeout<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let (id, trail) = (request.extensions().get().cloned(), request.extensions().get().cloned());
        ResponseFuture {
            inner: Some(self.inner.call(request)),
            sleep: None,
            config: Arc::clone(&self.config),
            id,
            trail,
        }
    }
}

pin_project! {
    /// The future of [`Timeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // Dropped at the deadline: its work ends there, not with the answer's body.
        #[pin]
        inner: Option<F>,
        // Not before there is something to wait for: most answers and all refusals within need no clock.
        #[pin]
        sleep: Option<Sleep>,
        config: Arc<Config>,
        id: Option<RequestId>,
        trail: Option<Trail>,
    }
}

impl<F, E, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            // Polled after completion, which the contract of `Future` leaves open.
            return Poll::Pending;
        };
        if let Poll::Ready(answered) = inner.poll(cx) {
            return Poll::Ready(answered);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep(this.config.deadline)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            // Beyond the task's budget: a service that uses it up at each turn would never be late.
            ready!(pin!(unconstrained(sleep)).poll(cx));
        }
        this.inner.set(None);
        let problem = this.config.refuse(this.id.as_ref(), this.trail.as_ref());
        Poll::Ready(Ok(problem.into_response()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use bytes::Bytes;
    use http_body_util::Full;
    use tower::{ServiceExt, service_fn};

    use super::*;

    type Answer = Response<Full<Bytes>>;

    async fn after(delay: u64, deadline: u64, request: Request<()>) -> Answer {
        let slow = service_fn(move |_: Request<()>| async move {
            sleep(Duration::from_secs(delay)).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let layer = TimeoutLayer::new(Duration::from_secs(deadline));
        layer.layer(slow).oneshot(request).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_late_is_cut() {
        async fn check(delay: u64, deadline: u64, expect: u16) {
            let response = after(delay, deadline, Request::new(())).await;
            assert_eq!(response.status(), expect, "{delay} s of {deadline} s");
        }
        check(0, 0, 200).await;
        check(1, 0, 503).await;
        check(29, 30, 200).await;
        check(31, 30, 503).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_and_the_client_are_told() {
        let (trail, id) = (Trail::default(), RequestId::generate());
        let mut request = Request::new(());
        request.extensions_mut().insert(trail.clone());
        request.extensions_mut().insert(id.clone());
        let response = after(2, 1, request).await;
        assert_eq!(trail.failure(), Some(Failure::TimedOut));
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let problem = response.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.request_id(), Some(&id));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_never_rests_is_cut_too() {
        let busy = service_fn(async |_: Request<()>| {
            tokio::task::yield_now().await;
            tokio::time::advance(Duration::from_secs(2)).await;
            for _ in 0..10_000 {
                tokio::task::coop::consume_budget().await;
            }
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let layer = TimeoutLayer::new(Duration::from_secs(1));
        let response = layer.layer(busy).oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), 503);
    }

    #[tokio::test(start_paused = true)]
    async fn the_work_ends_at_the_deadline() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let slow = service_fn(move |_: Request<()>| {
            let held = Arc::clone(&held);
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        });
        let mut service = TimeoutLayer::new(Duration::from_secs(1)).layer(slow);
        let mut future = Box::pin(service.ready().await.unwrap().call(Request::new(())));
        assert_eq!(Arc::strong_count(&alive), 3);
        let response = future.as_mut().await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(Arc::strong_count(&alive), 2, "the inner future outlives its deadline");
        drop((future, service));
    }

    #[tokio::test]
    async fn the_ready_service_is_the_one_called() {
        let layer = TimeoutLayer::new(Duration::from_secs(1));
        let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(layer);
        handle.allow(0);
        assert!(service.poll_ready().is_pending());
        handle.allow(1);
        assert!(service.poll_ready().is_ready());
        let answer = tokio::spawn(service.call(Request::new(())));
        let (_, send) = handle.next_request().await.unwrap();
        send.send_response(Response::new(Full::default()));
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
}
