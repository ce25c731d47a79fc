use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::jwks::Wait;
use super::verifier::Verifier;
use crate::body::RejectBody;

pin_project! {
    /// The future of [`Jwt`](super::Jwt).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, F, C, ReqB, ResB> {
        #[pin]
        work: Work<S, F, C, ReqB, ResB>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<S, F, C, ReqB, ResB> {
        Refuse { response: Option<Response<ResB>> },
        Pass { #[pin] future: F },
        // Boxed, so that the many requests whose key is there need not have room for it.
        Wait { parked: Option<Box<Parked<S, C, ReqB>>> },
    }
}

/// A request whose key is being fetched, and the service that was ready for it.
pub(super) struct Parked<S, C, B> {
    pub(super) wait: Wait,
    pub(super) service: S,
    pub(super) request: Request<B>,
    pub(super) verifier: Arc<Verifier<C>>,
}

impl<S, F, C, ReqB, ResB> ResponseFuture<S, F, C, ReqB, ResB> {
    pub(super) fn refuse(response: Response<ResB>) -> Self {
        let work = Work::Refuse {
            response: Some(response),
        };
        Self { work }
    }

    pub(super) fn pass(future: F) -> Self {
        let work = Work::Pass { future };
        Self { work }
    }

    pub(super) fn wait(parked: Parked<S, C, ReqB>) -> Self {
        let work = Work::Wait {
            parked: Some(Box::new(parked)),
        };
        Self { work }
    }
}

impl<S, F, C, ReqB, ResB> Future for ResponseFuture<S, F, C, ReqB, ResB>
where
    S: Service<Request<ReqB>, Response = Response<ResB>, Future = F>,
    F: Future<Output = Result<Response<ResB>, S::Error>>,
    C: Send + Sync + 'static,
    ResB: RejectBody,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let parked = match self.as_mut().project().work.project() {
                WorkProj::Pass { future } => return future.poll(cx),
                WorkProj::Refuse { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Wait { parked } => {
                    if let Some(parked) = parked {
                        ready!(parked.wait.as_mut().poll(cx));
                    }
                    parked.take()
                }
            };
            let Some(mut parked) = parked else {
                return Poll::Pending;
            };
            let work = match parked.verifier.admit(&mut parked.request) {
                Ok(()) => Work::Pass {
                    future: parked.service.call(parked.request),
                },
                Err(hold) => {
                    let refusal = parked.verifier.after_the_wait(hold);
                    let response = parked.verifier.refuse(&parked.request, refusal);
                    Work::Refuse {
                        response: Some(response),
                    }
                }
            };
            self.as_mut().project().work.set(work);
        }
    }
}
