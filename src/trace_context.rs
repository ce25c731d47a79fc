//! The trace that a request belongs to, taken in and handed on as W3C Trace Context says.
//!
//! What it decides:
//!
//! 1. A `traceparent` that keeps to the recommendation (one line, lower-case hexadecimal, ids that are not all zero) is taken: the
//!    request belongs to its trace. A version higher than `00` is read as far as it is known, and `ff` is none.
//! 2. Otherwise, or where the builder [restarts](TraceContextLayer::restart) traces, a new trace begins here, not sampled.
//! 3. The request gets a span id of its own. Both stand in its extensions as [`TraceContext`], whose
//!    [`traceparent`](TraceContext::traceparent) goes on to the services that are asked on its behalf, with the `tracestate` that
//!    came with it: up to 512 bytes, and only with a `traceparent` that was taken.
//! 4. `request_log` writes `trace_id` and `span_id` into its span and its record.
//!
//! Whoever sends a `traceparent` chooses the id under which the request stands in your records. It is no secret and no proof of
//! anything; a service that strangers reach directly may rather restart.
//!
//! It costs one allocation, the context's place in the extensions, and one more where there is a `tracestate` on several lines.
//!
//! It goes beside `request_id`, outside `request_log`.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::trace_context::{TraceContext, TraceContextLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let handler = service_fn(async |request: Request<()>| {
//!     let trace = request.extensions().get::<TraceContext>().unwrap();
//!     // What a client would send with its own request.
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(trace.traceparent().as_bytes().to_vec())))
//! });
//! let request = Request::get("/")
//!     .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
//!     .body(())?;
//! let response = TraceContextLayer::new().layer(handler).oneshot(request).await?;
//! # use http_body_util::BodyExt;
//! let handed_on = response.into_body().collect().await?.to_bytes();
//! assert!(handed_on.starts_with(b"00-4bf92f3577b34da6a3ce929d0e0e4736-"));
//! assert!(handed_on.ends_with(b"-01") && !handed_on.ends_with(b"00f067aa0ba902b7-01"));
//! # Ok(())
//! # }
//! ```
//!
//! At the edge, where strangers may not choose:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::trace_context::{TraceContext, TraceContextLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let handler = service_fn(async |request: Request<()>| {
//!     let trace = request.extensions().get::<TraceContext>().unwrap();
//!     assert_ne!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
//!     assert!(!trace.is_sampled());
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
//! });
//! let request = Request::get("/")
//!     .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
//!     .body(())?;
//! TraceContextLayer::new().restart().layer(handler).oneshot(request).await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::random;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// What a service must be able to hand on of a `tracestate` (section 3.3.1.1).
const LONGEST_STATE: usize = 512;
const SAMPLED: u8 = 0b1;

/// The id of a trace: 16 bytes, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

/// The id of one request within its trace: 8 bytes, written as 16 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(u64);

/// The trace that a request belongs to, in its extensions. Source: W3C Trace Context, section 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: TraceId,
    parent: Option<SpanId>,
    span: SpanId,
    flags: u8,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// A request that begins a trace of its own, not sampled.
    pub fn start() -> Self {
        Self {
            trace: TraceId(random::id128().max(1)),
            parent: None,
            span: SpanId::generate(),
            flags: 0,
            state: None,
        }
    }

    /// The request that carries these headers, or `None` where they have no `traceparent`, or one that breaks the rules.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let (trace, parent, flags) = parse(single(headers)?.as_bytes())?;
        Some(Self {
            trace,
            parent: Some(parent),
            span: SpanId::generate(),
            flags,
            state: state(headers),
        })
    }

    /// The id that all requests of the trace share.
    pub fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// The id of this request.
    pub fn span_id(&self) -> SpanId {
        self.span
    }

    /// The id of the request that this one was made for, where the trace came from outside.
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent
    }

    /// Whether the caller says that it records the trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The header `traceparent` of a request that is made on behalf of this one.
    pub fn traceparent(&self) -> HeaderValue {
        // Of the flags of a version that is not ours only the one that we know is handed on (section 4.3).
        let text = format!("00-{}-{}-{:02x}", self.trace, self.span, self.flags & SAMPLED);
        HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
    }

    /// The header `tracestate` of such a request, where one came in.
    pub fn tracestate(&self) -> Option<&HeaderValue> {
        self.state.as_ref()
    }

    /// Sets both headers of a request that is made on behalf of this one.
    pub fn hand_on(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.traceparent());
        match &self.state {
            Some(state) => headers.insert(TRACESTATE, state.clone()),
            None => headers.remove(TRACESTATE),
        };
    }
}

impl TraceId {
    /// The id's 16 bytes, most significant first.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    fn generate() -> Self {
        // 0 is no id (section 3.2.2.4).
        Self(random::id64().max(1))
    }

    /// The id's 8 bytes, most significant first.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Two lines are no `traceparent`.
fn single(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(TRACEPARENT).iter();
    lines.next().filter(|_| lines.next().is_none())
}

fn parse(value: &[u8]) -> Option<(TraceId, SpanId, u8)> {
    let (known, rest) = value.split_at_checked(LENGTH)?;
    let version = hex(known.get(..2)?)?;
    let more = match version {
        0 => rest.is_empty(),
        0xff => false,
        _ => rest.first().is_none_or(|next| *next == b'-'),
    };
    let dashes = [2, 35, 52].iter().all(|place| known.get(*place) == Some(&b'-'));
    if !more || !dashes {
        return None;
    }
    let trace = hex(known.get(3..35)?)?;
    let parent = u64::try_from(hex(known.get(36..52)?)?).ok()?;
    let flags = u8::try_from(hex(known.get(53..55)?)?).ok()?;
    (trace != 0 && parent != 0).then_some((TraceId(trace), SpanId(parent), flags))
}

/// Up to 32 digits, of which none may be a capital (section 2.2.2.1).
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

/// All lines as one list (section 3.3.1), or none where it is longer than must be handed on.
fn state(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines = || headers.get_all(TRACESTATE).iter();
    let length = lines().map(|line| line.len() + 1).sum::<usize>();
    if length == 0 || length - 1 > LONGEST_STATE {
        return None;
    }
    let mut all = lines();
    if let (Some(only), None) = (all.next(), all.next()) {
        return Some(only.clone()).filter(|only| !only.is_empty());
    }
    let joined = lines().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b',');
    HeaderValue::from_maybe_shared(Bytes::from(joined)).ok()
}

/// Gives every request a [`TraceContext`]. See the [module page](self).
#[derive(Debug, Clone, Copy, Default)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct TraceContextLayer {
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Take,
    Restart,
}

impl TraceContextLayer {
    /// Takes the trace that a request says it belongs to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new trace with every request, whatever it says. For services that strangers reach directly.
    pub fn restart(mut self) -> Self {
        self.mode = Mode::Restart;
        self
    }

    /// Leaves the trace with the request.
    pub(crate) fn enter<B>(self, request: &mut Request<B>) {
        let taken = match self.mode {
            Mode::Take => TraceContext::read(request.headers()),
            Mode::Restart => None,
        };
        let trace = taken.unwrap_or_else(TraceContext::start);
        request.extensions_mut().insert(trace);
    }
}

impl<S> Layer<S> for TraceContextLayer {
    type Service = SetTraceContext<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SetTraceContext { inner, layer: *self }
    }
}

/// The service made by [`TraceContextLayer`]. See the [module page](self).
#[derive(Debug, Clone)]
pub struct SetTraceContext<S> {
    inner: S,
    layer: TraceContextLayer,
}

impl<S, B> Service<Request<B>> for SetTraceContext<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        self.layer.enter(&mut request);
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_what_the_recommendation_allows_is_taken() {
        fn check(lines: &[&str], expect: bool) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(TRACEPARENT, HeaderValue::from_str(line).unwrap());
            }
            let read = TraceContext::read(&headers);
            assert_eq!(read.is_some(), expect, "{lines:?}");
            if let Some(read) = read {
                assert_eq!(read.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
                assert_eq!(read.parent_id().unwrap().to_string(), "00f067aa0ba902b7");
            }
        }
        let other = |from: &str, to: &str| GOOD.replacen(from, to, 1);
        check(&[GOOD], true);
        check(&[&other("-01", "-00")], true);
        check(&[&other("-01", "-ff")], true);
        check(&[&other("00-", "01-")], true);
        check(&[&format!("{}-more", other("00-", "cc-"))], true);
        check(&[&format!("{}.more", other("00-", "cc-"))], false);
        check(&[&format!("{GOOD}-more")], false);
        check(&[&format!("{GOOD}-")], false);
        check(&[&other("00-", "ff-")], false);
        check(&[&other("4bf9", "4BF9")], false);
        check(&[&other("4bf9", "4bg9")], false);
        check(&[&other("-01", "-0x")], false);
        check(&[&other("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32))], false);
        check(&[&other("00f067aa0ba902b7", &"0".repeat(16))], false);
        check(&[&other("-01", "")], false);
        check(&[&other("-4bf9", "_4bf9")], false);
        check(&[""], false);
        check(&[GOOD, GOOD], false);
        check(&[], false);
    }

    #[test]
    fn the_state_goes_on_with_the_trace_that_was_taken() {
        fn check(parent: &str, states: &[&str], expect: Option<&str>) {
            let mut headers = HeaderMap::new();
            headers.append(TRACEPARENT, HeaderValue::from_str(parent).unwrap());
            for line in states {
                headers.append(TRACESTATE, HeaderValue::from_str(line).unwrap());
            }
            let context = TraceContext::read(&headers).unwrap_or_else(TraceContext::start);
            let mut out = HeaderMap::new();
            out.insert(TRACESTATE, HeaderValue::from_static("stale=1"));
            context.hand_on(&mut out);
            assert_eq!(out.get(TRACESTATE).map(|state| state.to_str().unwrap()), expect);
        }
        let (whole, longer) = ("a".repeat(512), "a".repeat(513));
        check(GOOD, &["rojo=00f0"], Some("rojo=00f0"));
        check(GOOD, &["rojo=00f0", "congo=t6"], Some("rojo=00f0,congo=t6"));
        check(GOOD, &[], None);
        check(GOOD, &[""], None);
        check(GOOD, &[&whole], Some(&whole));
        check(GOOD, &[&longer], None);
        check("00-no", &["rojo=00f0"], None);
    }

    #[test]
    fn what_is_handed_on_names_this_request_and_no_flag_that_is_unknown() {
        let mut headers = HeaderMap::new();
        headers.insert(
            TRACEPARENT,
            HeaderValue::from_str(&GOOD.replacen("-01", "-ff", 1)).unwrap(),
        );
        let first = TraceContext::read(&headers).unwrap();
        first.hand_on(&mut headers);
        let second = TraceContext::read(&headers).unwrap();
        assert_eq!(second.trace_id(), first.trace_id());
        assert_eq!(second.parent_id(), Some(first.span_id()));
        assert_ne!(second.span_id(), first.span_id());
        assert!(second.is_sampled());
        assert!(first.traceparent().to_str().unwrap().ends_with("-01"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_left(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read_again(trace in 1_u128.., parent in 1_u64.., sampled in any::<bool>()) {
            let context = TraceContext {
                trace: TraceId(trace),
                parent: None,
                span: SpanId(parent),
                flags: sampled.into(),
                state: None,
            };
            let read = parse(context.traceparent().as_bytes());
            prop_assert_eq!(read, Some((TraceId(trace), SpanId(parent), u8::from(sampled))));
        }
    }
}
