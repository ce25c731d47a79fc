//! `404` for unknown routes and `405` with `Allow` for known ones, in the voice of every other refusal.
//!
//! What it decides:
//!
//! 1. [`NotFound`] answers every request with a `404`: as axum's fallback, as a hyper service, as the last of your own router.
//! 2. [`MethodNotAllowed`] answers with a `405` and the `Allow` that RFC 9110 section 15.5.6 demands.
//! 3. [`NotFoundLayer`] goes around a router that answers both by itself: its bare `404` and `405`, with an empty body, become
//!    problems and keep their headers. A page of the app's own, or a handler's problem, is left alone.
//!
//! The answer names nothing of the request: a path that is echoed is a path for an attack.
//!
//! It costs nothing on any other answer.
//!
//! It goes inside everything else. Requests for unknown routes are still logged, limited and counted.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::Request;
//! # use http_body_util::Full;
//! # use tower::ServiceExt;
//! use portcullis::not_found::NotFound;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let response = NotFound::<Full<Bytes>>::new().oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.status(), 404);
//! assert_eq!(response.headers()["content-type"], "application/problem+json");
//! # }
//! ```
//!
//! Around a router:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::not_found::NotFoundLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let router = service_fn(async |_: Request<()>| {
//!     let bare = Response::builder().status(405).header("allow", "GET,HEAD").body(Full::<Bytes>::default());
//!     bare
//! });
//! let response = NotFoundLayer::new().layer(router).oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.headers()["allow"], "GET,HEAD");
//! assert_eq!(response.headers()["content-type"], "application/problem+json");
//! # }
//! ```

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{ALLOW, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::RejectBody;
use crate::config_error::ConfigError;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// Answers every request with a `404`. See the [module page](self).
pub struct NotFound<B> {
    body: PhantomData<fn() -> B>,
}

impl<B> NotFound<B> {
    /// The service; `B` is the body of its response.
    pub const fn new() -> Self {
        Self { body: PhantomData }
    }
}

impl<B> Default for NotFound<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B> Clone for NotFound<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for NotFound<B> {}

impl<B> fmt::Debug for NotFound<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotFound")
    }
}

impl<ReqB, B: RejectBody> Service<Request<ReqB>> for NotFound<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let problem = Problem::new(StatusCode::NOT_FOUND).for_request(request.extensions());
        ready(Ok(problem.into_response()))
    }
}

/// Answers every request with a `405` and `Allow`. See the [module page](self).
pub struct MethodNotAllowed<B> {
    allow: HeaderValue,
    body: PhantomData<fn() -> B>,
}

impl<B> MethodNotAllowed<B> {
    /// The service; `B` is the body of its response.
    ///
    /// # Errors
    /// A resource that allows no method at all is none.
    pub fn allow<I: IntoIterator<Item = Method>>(methods: I) -> Result<Self, ConfigError> {
        let list: Vec<_> = methods.into_iter().map(|method| method.to_string()).collect();
        let mut faults = ConfigError::collector();
        if list.is_empty() {
            faults.add("not_found", "allow", "must name at least one method");
        }
        faults.finish()?;
        Ok(Self {
            // Methods are tokens: joined they are always a valid value.
            allow: HeaderValue::try_from(list.join(", ")).unwrap_or(HeaderValue::from_static("")),
            body: PhantomData,
        })
    }
}

impl<B> Clone for MethodNotAllowed<B> {
    fn clone(&self) -> Self {
        Self {
            allow: self.allow.clone(),
            body: PhantomData,
        }
    }
}

impl<B> fmt::Debug for MethodNotAllowed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodNotAllowed").field("allow", &self.allow).finish()
    }
}

impl<ReqB, B: RejectBody> Service<Request<ReqB>> for MethodNotAllowed<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED)
            .with_header(ALLOW, self.allow.clone())
            .for_request(request.extensions());
        ready(Ok(problem.into_response()))
    }
}

/// Turns a router's bare `404` and `405` into problems. See the [module page](self).
#[derive(Debug, Clone, Copy, Default)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct NotFoundLayer(());

impl NotFoundLayer {
    /// There is nothing to set.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for NotFoundLayer {
    type Service = ExplainNotFound<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ExplainNotFound { inner }
    }
}

/// The service made by [`NotFoundLayer`]. See the [module page](self).
#[derive(Debug, Clone)]
pub struct ExplainNotFound<S> {
    inner: S,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for ExplainNotFound<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody + Body,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let id = request.extensions().get::<RequestId>().cloned();
        ResponseFuture {
            inner: self.inner.call(request),
            id,
        }
    }
}

pin_project! {
    /// The future of [`ExplainNotFound`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        id: Option<RequestId>,
    }
}

impl<F, E, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody + Body,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        explain(&mut response, this.id.as_ref());
        Poll::Ready(Ok(response))
    }
}

fn is_bare<B: Body>(response: &Response<B>) -> bool {
    matches!(
        response.status(),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    ) && response.body().size_hint().exact() == Some(0)
        // The answer to a HEAD has no body and still the length of the page that a GET would get.
        && response.headers().get(CONTENT_LENGTH).is_none_or(|length| length == "0")
        && response.extensions().get::<Problem>().is_none()
}

/// Says what a bare answer means, and leaves any other as it is.
pub(crate) fn explain<B: RejectBody + Body>(response: &mut Response<B>, id: Option<&RequestId>) {
    if !is_bare(response) {
        return;
    }
    let problem = Problem::new(response.status());
    let problem = match id {
        Some(id) => problem.with_request_id(id.clone()),
        None => problem,
    };
    response.headers_mut().remove(CONTENT_LENGTH);
    problem.replace(response);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use tower::{ServiceExt, service_fn};

    use super::*;

    type Answer = Response<Full<Bytes>>;

    async fn through(layer: NotFoundLayer, answer: impl Fn() -> Answer + Clone) -> Answer {
        let router = service_fn(move |_: Request<()>| {
            let answer = answer();
            async { Ok::<_, Infallible>(answer) }
        });
        layer.layer(router).oneshot(Request::new(())).await.unwrap()
    }

    #[tokio::test]
    async fn only_bare_answers_are_explained() {
        async fn check(status: u16, body: &'static str, expect: bool) {
            let answer = move || Response::builder().status(status).body(Full::from(body)).unwrap();
            let response = through(NotFoundLayer::new(), answer).await;
            let is_problem = response.extensions().get::<Problem>().is_some();
            assert_eq!((response.status().as_u16(), is_problem), (status, expect), "{body}");
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(bytes == body, !expect);
        }
        check(200, "", false).await;
        check(404, "", true).await;
        check(404, "<h1>Lost?</h1>", false).await;
        check(405, "", true).await;
        check(410, "", false).await;
    }

    #[tokio::test]
    async fn the_head_of_a_page_is_not_bare() {
        let head = || {
            Response::builder()
                .status(404)
                .header(CONTENT_LENGTH, "17")
                .body(Full::default())
                .unwrap()
        };
        let response = through(NotFoundLayer::new(), head).await;
        assert_eq!(response.headers()[CONTENT_LENGTH], "17");
        assert!(response.extensions().get::<Problem>().is_none());
    }

    #[tokio::test]
    async fn headers_of_the_router_stay() {
        let bare = || {
            Response::builder()
                .status(405)
                .header(ALLOW, "GET")
                .header("x-own", "1")
        };
        let response = through(NotFoundLayer::new(), move || bare().body(Full::default()).unwrap()).await;
        assert_eq!(response.headers()[ALLOW], "GET");
        assert_eq!(response.headers()["x-own"], "1");
    }

    #[tokio::test]
    async fn a_handlers_own_problem_stays() {
        let gone = || {
            Problem::new(StatusCode::NOT_FOUND)
                .with_detail("no such post")
                .into_response()
        };
        let response = through(NotFoundLayer::new(), gone).await;
        assert_eq!(
            response.extensions().get::<Problem>().unwrap().detail(),
            Some("no such post")
        );
    }

    #[tokio::test]
    async fn allow_is_a_list_and_never_empty() {
        let service = MethodNotAllowed::<Full<Bytes>>::allow([Method::GET, Method::POST]).unwrap();
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[ALLOW]),
            (405, &HeaderValue::from_static("GET, POST"))
        );
        assert!(MethodNotAllowed::<Full<Bytes>>::allow([]).is_err());
    }
}
