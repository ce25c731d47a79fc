//! A catch further in, so that layers in between mark the answer to a crash as they mark any other.
//!
//! What was caught travels in the answer's extensions to the [`CatchError`](super::CatchError) further out, which tells the log and
//! completes the problem. So it keeps nothing of the request, and leaves the body to that one.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::fault::{Fault, guarded, readiness};
use crate::body::RejectBody;

/// What went wrong, for the log further out.
#[derive(Debug, Clone)]
pub(super) struct Caught(Arc<Fault>);

impl Caught {
    pub(super) fn take(response: &mut Extensions) -> Option<Arc<Fault>> {
        response.remove().map(|Self(fault)| fault)
    }
}

/// Applies [`CatchEarly`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct CatchEarlyLayer;

impl<S> Layer<S> for CatchEarlyLayer {
    type Service = CatchEarly<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchEarly { inner, unready: None }
    }
}

/// Turns errors and panics into answers, of which [`CatchError`](super::CatchError) further out tells the log. Part of a
/// [`Stack`](crate::stack::Stack).
#[derive(Debug)]
pub struct CatchEarly<S> {
    inner: S,
    unready: Option<Box<Fault>>,
}

impl<S: Clone> Clone for CatchEarly<S> {
    fn clone(&self) -> Self {
        // As that of `CatchError`.
        CatchEarlyLayer.layer(self.inner.clone())
    }
}

impl<S, ReqB, B> Service<Request<ReqB>> for CatchEarly<S>
where
    S: Service<Request<ReqB>, Response = Response<B>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: RejectBody,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = EarlyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        readiness(&mut self.unready, || self.inner.poll_ready(cx))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let mut future = EarlyFuture {
            inner: None,
            fault: self.unready.take(),
        };
        let inner = &mut self.inner;
        if future.fault.is_none()
            && let Err(message) = guarded(|| future.inner = Some(inner.call(request)))
        {
            future.fault = Some(Box::new(Fault::Panicked(message)));
        }
        future
    }
}

pin_project! {
    /// The future of [`CatchEarly`]; it always ends in a response.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct EarlyFuture<F> {
        // What panics while it is dropped is caught further out.
        #[pin]
        inner: Option<F>,
        fault: Option<Box<Fault>>,
    }
}

impl<F, B, E> Future for EarlyFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
    B: RejectBody,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let fault = match this.inner.as_pin_mut() {
            Some(inner) => {
                let mut polled = Poll::Pending;
                match guarded(|| polled = inner.poll(cx)) {
                    Ok(()) => match ready!(polled) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(error) => Fault::Error(error.into()),
                    },
                    Err(message) => Fault::Panicked(message),
                }
            }
            None => match this.fault.take() {
                Some(fault) => *fault,
                // Polled after completion, which the contract of `Future` leaves open.
                None => return Poll::Pending,
            },
        };
        let mut response = fault.problem().into_response();
        response.extensions_mut().insert(Caught(Arc::new(fault)));
        Poll::Ready(Ok(response))
    }
}
