//! One id per request, on everything that is said about it.
//!
//! What it decides:
//!
//! 1. An id from outside is taken only where the builder trusts it, and only when it is one line of 1 to 128 visible ASCII
//!    characters. Anything else is ignored, not refused.
//! 2. Otherwise the id is made here: a UUID of version 7 (RFC 9562 section 5.7), which sorts by time to the millisecond.
//! 3. It stands in the request's extensions as [`RequestId`] and in the response's header, where it replaces one of the handler's.
//!    The other layers put it into problems and log records.
//!
//! It costs two allocations, the id's text and its place in the extensions; clones of the id share the text.
//!
//! It goes outside everything else, so that everything inside can name the request.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_id::RequestIdLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let request = Request::get("/").header("x-request-id", "chosen-by-a-stranger").body(())?;
//! let response = RequestIdLayer::new().layer(hello).oneshot(request).await?;
//! assert_eq!(response.headers()["x-request-id"].len(), 36);
//! # Ok(())
//! # }
//! ```
//!
//! Behind a proxy that sets a header of its own:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{HeaderName, Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_id::RequestIdLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let layer = RequestIdLayer::new().header(HeaderName::from_static("x-trace")).trust_inbound();
//! let request = Request::get("/").header("x-trace", "from-the-proxy").body(())?;
//! let response = layer.layer(hello).oneshot(request).await?;
//! assert_eq!(response.headers()["x-trace"], "from-the-proxy");
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::checkpoint::Moment;
use crate::{random, uuid};

/// The longest id that is accepted from outside, in bytes.
const LONGEST: usize = 128;

/// The id of one request: 1 to 128 visible ASCII characters. Cloning costs one reference count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Takes an id of 1 to 128 visible ASCII characters (0x21 to 0x7E).
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        ((1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)).then(|| Self(value.clone()))
    }

    /// Makes a new id: a UUID of version 7, of the millisecond, 12 bits of a count and 62 further ones. It is unique, and no secret.
    pub fn generate() -> Self {
        Self::generate_at(SystemTime::now())
    }

    fn generate_at(now: SystemTime) -> Self {
        let age = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(age.as_millis()).unwrap_or_default();
        // Counted by each thread for itself (RFC 9562 section 6.2): a count of all would be a lock that all threads share.
        let (number, id) = random::numbered();
        let text = uuid::v7(millis, (u128::from(number) << 112) | (u128::from(id) << 48));
        // An owned buffer that is shared from the start: one allocation, and clones cost none.
        let value = HeaderValue::from_maybe_shared(Bytes::from_owner(text));
        Self(value.unwrap_or(HeaderValue::from_static("-")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Visible ASCII is text; there is no other way to make one.
        self.0.to_str().unwrap_or_default()
    }

    /// The id as a header's value.
    pub fn to_header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Gives every request an id. See the [module page](self).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct RequestIdLayer {
    config: Arc<Config>,
}

#[derive(Debug, Clone)]
struct Config {
    header: HeaderName,
    trust_inbound: bool,
}

impl RequestIdLayer {
    /// Ids made here, in the header `x-request-id`.
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config {
                header: HeaderName::from_static("x-request-id"),
                trust_inbound: false,
            }),
        }
    }

    /// The header of response and, where trusted, request. Default `x-request-id`.
    pub fn header(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.config).header = name;
        self
    }

    /// Takes the id of the request's header where it is one. Default: not, since a client could pass off its requests in the
    /// log as another's. For services behind a proxy that sets the header itself.
    pub fn trust_inbound(mut self) -> Self {
        Arc::make_mut(&mut self.config).trust_inbound = true;
        self
    }
}

/// For a stack, which has a future of its own.
impl RequestIdLayer {
    pub(crate) fn enter<B>(&self, request: &mut Request<B>, moment: &Moment) -> HeaderValue {
        self.config.enter(request, moment)
    }

    pub(crate) fn leave(&self, value: HeaderValue, headers: &mut HeaderMap) {
        self.config.leave(value, headers);
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Leaves the id with the request, and hands on what its answer is to bear.
    fn enter<B>(&self, request: &mut Request<B>, moment: &Moment) -> HeaderValue {
        let id = self.inbound(request.headers());
        let id = id.unwrap_or_else(|| RequestId::generate_at(moment.wall()));
        let value = id.to_header_value();
        request.extensions_mut().insert(id);
        value
    }

    fn leave(&self, value: HeaderValue, headers: &mut HeaderMap) {
        headers.insert(&self.header, value);
    }

    /// Two lines are no id that one proxy has set.
    fn inbound(&self, headers: &HeaderMap) -> Option<RequestId> {
        if !self.trust_inbound {
            return None;
        }
        let mut lines = headers.get_all(&self.header).iter();
        match (lines.next(), lines.next()) {
            (Some(only), None) => RequestId::parse(only),
            _ => None,
        }
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = SetRequestId<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SetRequestId {
            inner,
            config: Arc::clone(&self.config),
        }
    }
}

/// The service made by [`RequestIdLayer`]. See the [module page](self).
#[derive(Debug, Clone)]
pub struct SetRequestId<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for SetRequestId<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let value = self.config.enter(&mut request, &Moment::default());
        ResponseFuture {
            inner: self.inner.call(request),
            value: Some(value),
            config: Arc::clone(&self.config),
        }
    }
}

pin_project! {
    /// The future of [`SetRequestId`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        value: Option<HeaderValue>,
        config: Arc<Config>,
    }
}

impl<F, E, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(value) = this.value.take() {
            this.config.leave(value, response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}
