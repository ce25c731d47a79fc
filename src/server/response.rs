use std::error::Error as StdError;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use http::header::CONNECTION;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep};

use super::activity::InFlight;
use super::piece::{self, Piece};

type BoxError = Box<dyn StdError + Send + Sync>;
type Deadline = Option<Pin<Box<Sleep>>>;

/// The deadline for a whole request passed.
#[derive(Debug)]
struct Overdue;

pin_project! {
    /// The service's future, counted as in flight.
    pub(super) struct ResponseFuture<F> {
        // `None` for a request that is refused.
        #[pin]
        inner: Option<F>,
        refusal: StatusCode,
        in_flight: Option<InFlight>,
        deadline: Deadline,
        // Whether the server was told to stop; `None` over HTTP/2, which has no `Connection`.
        stopping: Option<Arc<AtomicBool>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(
        begun: Result<F, StatusCode>,
        in_flight: InFlight,
        timeout: Option<Duration>,
        stopping: Option<Arc<AtomicBool>>,
    ) -> Self {
        let (inner, refusal) = match begun {
            Ok(inner) => (Some(inner), StatusCode::OK),
            Err(refusal) => (None, refusal),
        };
        Self {
            inner,
            refusal,
            in_flight: Some(in_flight),
            deadline: timeout.map(|timeout| Box::pin(sleep(timeout))),
            stopping,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = if let Some(inner) = this.inner.as_pin_mut() {
            match inner.poll(cx) {
                Poll::Ready(Ok(response)) => response.map(Some),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => {
                    let Some(deadline) = this.deadline else {
                        return Poll::Pending;
                    };
                    // Beyond the task's budget: a service that uses it up at each turn would never be late.
                    ready!(pin!(unconstrained(deadline.as_mut())).poll(cx));
                    return Poll::Ready(Err(Overdue.into()));
                }
            }
        } else {
            let mut refusal = Response::new(None);
            *refusal.status_mut() = *this.refusal;
            refusal
        };
        let refused = response.body().is_none();
        let closing = this
            .stopping
            .as_ref()
            .is_some_and(|stopping| refused || stopping.load(Ordering::Relaxed));
        // A 101 needs its own `Connection`.
        if closing && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (in_flight, deadline) = (this.in_flight.take(), this.deadline.take());
        Poll::Ready(Ok(response.map(|inner| ResponseBody {
            inner,
            rest: None,
            in_flight,
            deadline,
        })))
    }
}

pin_project! {
    /// The service's body, counted as in flight until its end.
    pub(super) struct ResponseBody<B: Body> {
        #[pin]
        inner: Option<B>,
        // Of a buffer that is handed over in pieces.
        rest: Option<B::Data>,
        in_flight: Option<InFlight>,
        deadline: Deadline,
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Piece<B::Data>;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        if let Some(in_flight) = this.in_flight {
            in_flight.asked_on();
        }
        if let Some(deadline) = this.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(Overdue.into())));
        }
        let frame = match this.rest.take() {
            Some(rest) => Frame::data(rest),
            None => match ready!(inner.poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    *this.in_flight = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    *this.in_flight = None;
                    return Poll::Ready(None);
                }
            },
        };
        let piecewise = this.in_flight.as_ref().is_some_and(InFlight::is_stream);
        if let Some(in_flight) = this.in_flight {
            in_flight.handed_over();
        }
        Poll::Ready(Some(Ok(frame.map_data(|data| {
            if !piecewise {
                return Piece::Whole(data);
            }
            let (piece, rest) = piece::cut(data);
            *this.rest = rest;
            piece
        }))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self
            .inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        if let Some(rest) = &self.rest {
            let rest = rest.remaining() as u64;
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper.saturating_add(rest));
            }
            hint.set_lower(hint.lower().saturating_add(rest));
        }
        hint
    }
}

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline for a whole request passed")
    }
}

impl StdError for Overdue {}
