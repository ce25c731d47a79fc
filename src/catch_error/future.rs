use std::convert::Infallible;
use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{Response, StatusCode};
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::context::Context;
use super::early::Caught;
use super::fault::{Fault, guarded};
use crate::body::RejectBody;
use crate::problem::{Cause, Problem, Renderer, complete};

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
            Ok(mut response) => {
                if let Some(caught) = Caught::take(response.extensions_mut()) {
                    context.report(&caught);
                }
                if let Some(cause) = response.extensions().get().and_then(Cause::take) {
                    context.failed("the handler", cause);
                }
                response
            }
            Err(fault) => {
                context.report(&fault);
                fault.problem().into_response()
            }
        };
        finish(&mut response, &context, this.renderer.as_ref());
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, Some(context)))))
    }
}

/// Completes a problem; a renderer that panics costs the client its rendering, not the headers that the layers within have set.
fn finish<B: RejectBody>(response: &mut Response<B>, context: &Context, renderer: Option<&Renderer>) {
    if let Err(message) = guarded(|| complete(response, context.id(), renderer)) {
        context.panicked("the renderer", &message);
        let mut plain = Problem::new(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(id) = context.id() {
            plain = plain.with_request_id(id.clone());
        }
        let (own, body) = plain.into_response().into_parts();
        *response.body_mut() = body;
        *response.status_mut() = own.status;
        for outdated in [CONTENT_LENGTH, CONTENT_ENCODING] {
            response.headers_mut().remove(outdated);
        }
        response.headers_mut().extend(own.headers);
        response.extensions_mut().extend(own.extensions);
    }
}
