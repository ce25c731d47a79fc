use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::policy::Pace;
use crate::problem::Problem;

/// The body of a request, which fails where the client stalls.
///
/// Only the time in which the service waits for the client counts: one that takes its time between two pieces does not make the
/// client late. A timer is made when a piece is first waited for, one a body.
#[derive(Debug)]
pub struct RequestBody {
    inner: Incoming,
    pace: Pace,
    waited: Duration,
    received: u64,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    failed: bool,
}

/// Why a request body ended before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum RequestBodyError {
    /// The client sent nothing, or too little, for too long. Its [`source`](StdError::source) is the `408` [`Problem`] that
    /// `catch_error`, [`Error`](crate::Error) and this crate's extractors answer with.
    Stalled(Problem),
    /// The connection broke, or what came was no body.
    Broken(hyper::Error),
}

impl RequestBody {
    pub(super) fn new(inner: Incoming, pace: Pace) -> Self {
        Self {
            inner,
            pace,
            waited: Duration::ZERO,
            received: 0,
            waiting_since: None,
            timer: None,
            failed: false,
        }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some(until) = since.checked_add(self.pace.patience(self.waited, self.received)) else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        // A timer that is set too early is let ring: most bodies are over before it does.
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= until {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let this = &mut *self;
        if this.failed {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            if this.poll_late(cx).is_pending() {
                return Poll::Pending;
            }
            this.failed = true;
            tracing::debug!(target: "portcullis::server", received = this.received, "a request body stalled");
            let late = Problem::new(StatusCode::REQUEST_TIMEOUT).with_detail("the body came too slowly");
            return Poll::Ready(Some(Err(RequestBodyError::Stalled(late))));
        };
        if let Some(since) = this.waiting_since.take() {
            this.waited += since.elapsed();
        }
        if let Some(data) = frame
            .as_ref()
            .and_then(|frame| frame.as_ref().ok())
            .and_then(Frame::data_ref)
        {
            this.received = this.received.saturating_add(data.len() as u64);
        }
        this.failed = matches!(frame, Some(Err(_)));
        Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Display for RequestBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stalled(_) => "the client stalled in the request body",
            Self::Broken(_) => "the request body broke off",
        })
    }
}

impl StdError for RequestBodyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Stalled(problem) => Some(problem),
            Self::Broken(error) => Some(error),
        }
    }
}
