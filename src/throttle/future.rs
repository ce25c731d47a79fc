use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::body::ResponseBody;
use super::gate::{Permits, Waiting};
use crate::body::RejectBody;
use crate::problem::Problem;

pin_project! {
    /// The future of [`Throttle`](super::Throttle).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, S, R> {
        #[pin]
        work: Work<F, B, S, R>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<F, B, S, R> {
        Refuse { response: Option<Response<ResponseBody<B>>> },
        Wait { queued: Pin<Box<Queued<S, R>>> },
        Pass { #[pin] future: F, permits: Option<Permits> },
    }
}

pin_project! {
    /// A request in the queue, with the service that is ready for it.
    struct Queued<S, R> {
        waiting: Waiting,
        #[pin]
        deadline: Sleep,
        ready: Option<(S, Request<R>)>,
    }
}

impl<F, B, S, R> ResponseFuture<F, B, S, R> {
    pub(super) fn refuse(problem: Problem) -> Self
    where
        B: RejectBody,
    {
        let work = Work::Refuse {
            response: Some(problem.into_response()),
        };
        Self { work }
    }

    pub(super) fn wait(waiting: Waiting, service: S, request: Request<R>) -> Self {
        let queued = Queued {
            deadline: sleep(waiting.deadline),
            waiting,
            ready: Some((service, request)),
        };
        let work = Work::Wait {
            queued: Box::pin(queued),
        };
        Self { work }
    }

    /// Without permits the request is not counted.
    pub(super) fn pass(future: F, permits: Option<Permits>) -> Self {
        let work = Work::Pass { future, permits };
        Self { work }
    }
}

impl<F, E, B, S, R> Future for ResponseFuture<F, B, S, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
    S: Service<Request<R>, Response = Response<B>, Error = E, Future = F>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut work = self.project().work;
        loop {
            match work.as_mut().project() {
                WorkProj::Pass { future, permits } => {
                    let result = ready!(future.poll(cx));
                    let permits = permits.take();
                    return Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, permits))));
                }
                WorkProj::Refuse { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Wait { queued } => {
                    let next = match ready!(queued.as_mut().poll(cx)) {
                        Ok((mut service, request, permits)) => Work::Pass {
                            future: service.call(request),
                            permits: Some(permits),
                        },
                        Err(problem) => Work::Refuse {
                            response: Some(problem.into_response()),
                        },
                    };
                    work.set(next);
                }
            }
        }
    }
}

impl<S, R> Future for Queued<S, R> {
    type Output = Result<(S, Request<R>, Permits), Problem>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The permits first: one that comes in the last moment is not wasted.
        let permits = match this.waiting.permits.as_mut().poll(cx) {
            Poll::Ready(permits) => permits,
            Poll::Pending => {
                ready!(this.deadline.poll(cx));
                None
            }
        };
        match (this.ready.take(), permits) {
            (Some((service, request)), Some(permits)) => Poll::Ready(Ok((service, request, permits))),
            (Some((_, request)), None) => {
                Poll::Ready(Err(this.waiting.refusal.clone().for_request(request.extensions())))
            }
            (None, _) => Poll::Pending,
        }
    }
}
