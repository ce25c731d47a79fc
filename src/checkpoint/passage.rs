use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Checkpoint, Entry, Moment, Room};
use crate::body::RejectBody;

pin_project! {
    /// A request on its way through one checkpoint, into the service and out again.
    pub(crate) struct Passage<S, F, T: Room, Q, A> {
        #[pin]
        work: Work<S, F, T::Wait, Q, A>,
        checkpoint: T,
        kept: T::Kept,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<S, F, W, Q, A> {
        Refused { response: Option<Response<A>> },
        // Boxed, so that the many requests that do not wait need not have room for it.
        Waiting { waiting: Option<Box<Waiting<S, W, Q>>> },
        Serving { #[pin] future: F },
    }
}

/// A request that waits, and the service that was ready for it.
struct Waiting<S, W, Q> {
    wait: W,
    service: S,
    request: Request<Q>,
}

impl<S, F, T: Room, Q, A> Passage<S, F, T, Q, A> {
    /// Where the request has to wait, `service` is replaced by its clone, which has to become ready anew.
    pub(crate) fn begin(checkpoint: T, service: &mut S, mut request: Request<Q>) -> Self
    where
        S: Service<Request<Q>, Response = Response<A>, Future = F> + Clone,
        T: Checkpoint,
        A: RejectBody,
    {
        let mut kept = T::Kept::default();
        let work = match checkpoint.enter(&mut request, &mut kept, &Moment::default()) {
            Entry::Pass => Work::Serving {
                future: service.call(request),
            },
            Entry::Refuse(response) => Work::Refused {
                response: Some(response),
            },
            Entry::Wait(wait) => {
                let clone = service.clone();
                let service = mem::replace(service, clone);
                Work::Waiting {
                    waiting: Some(Box::new(Waiting { wait, service, request })),
                }
            }
        };
        Self { work, checkpoint, kept }
    }

    /// What is kept of the request until now.
    pub(crate) fn kept(self: Pin<&mut Self>) -> &mut T::Kept {
        self.project().kept
    }
}

impl<S, F, T, Q, A, E> Future for Passage<S, F, T, Q, A>
where
    S: Service<Request<Q>, Response = Response<A>, Error = E, Future = F>,
    F: Future<Output = Result<Response<A>, E>>,
    T: Checkpoint,
    A: RejectBody,
{
    type Output = Result<Response<A>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let waiting = match this.work.as_mut().project() {
                WorkProj::Serving { future } => {
                    let mut answer = ready!(future.poll(cx));
                    match &mut answer {
                        Ok(response) => this.checkpoint.leave(this.kept, response),
                        Err(_) => this.checkpoint.fail(this.kept),
                    }
                    return Poll::Ready(answer);
                }
                WorkProj::Refused { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Waiting { waiting } => waiting,
            };
            let Some(parked) = waiting else {
                return Poll::Pending;
            };
            let Waiting { wait, request, .. } = &mut **parked;
            let entry = ready!(this.checkpoint.resume(wait, request, this.kept, cx));
            let Some(mut parked) = waiting.take() else {
                return Poll::Pending;
            };
            let next = match entry {
                Entry::Pass => Work::Serving {
                    future: parked.service.call(parked.request),
                },
                Entry::Refuse(response) => Work::Refused {
                    response: Some(response),
                },
                Entry::Wait(wait) => {
                    parked.wait = wait;
                    Work::Waiting { waiting: Some(parked) }
                }
            };
            this.work.set(next);
        }
    }
}
