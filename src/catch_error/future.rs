use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::conclude::conclude;
use super::context::Context;
use super::fault::{Fault, guarded};
use crate::body::RejectBody;
use crate::problem::Renderer;

pin_project! {
    /// The future of [`CatchError`](super::CatchError); it always ends in a response.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        fault: Option<Box<Fault>>,
        // Until the response's body has it.
        context: Option<Context>,
        renderer: Option<Renderer>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // A client that goes away drops the handler's future half way, and with it whatever panics in its `Drop`.
            if let Err(message) = guarded(|| this.inner.set(None))
                && let Some(context) = this.context
            {
                context.panicked("dropping the future", &message);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(context: Context, renderer: Option<Renderer>) -> Self {
        Self {
            inner: None,
            fault: None,
            context: Some(context),
            renderer,
        }
    }

    pub(super) fn begin(&mut self, inner: F) {
        self.inner = Some(inner);
    }

    pub(super) fn fail(&mut self, fault: Box<Fault>) {
        self.fault = Some(fault);
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn StdError + Send + Sync>>,
    B: RejectBody,
{
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => {
                // Not the outcome of `guarded`, which would move it once more.
                let mut polled = Poll::Pending;
                match guarded(|| polled = inner.poll(cx)) {
                    Ok(()) => ready!(polled).map_err(|error| Box::new(Fault::Error(error.into()))),
                    Err(message) => Err(Box::new(Fault::Panicked(message))),
                }
            }
            None => match this.fault.take() {
                Some(fault) => Err(fault),
                // Polled after completion, which the contract of `Future` leaves open.
                None => return Poll::Pending,
            },
        };
        let Some(context) = this.context.take() else {
            return Poll::Pending;
        };
        if let Err(message) = guarded(|| this.inner.set(None)) {
            context.panicked("dropping the future", &message);
        }
        let mut response = match answer {
            Ok(response) => response,
            Err(fault) => {
                context.report(&fault);
                fault.problem().into_response()
            }
        };
        conclude(&mut response, &context, this.renderer.as_ref());
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, Some(context)))))
    }
}
