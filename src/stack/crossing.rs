use std::error::Error as StdError;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::kept::Kept;
use super::layers::Layers;
use super::work::{Waiting, Work, WorkProj};
use crate::body::RejectBody;
use crate::catch_error::{Fault, guarded};
use crate::checkpoint::{Checkpoint, Either, Entry};
use crate::cors;
use crate::not_found::explain;

/// A request on its way, within `catch_error`. Ready, its answer lies in the work; it is marked where it lies, since each move costs
/// as much as a header.
pub(super) struct Crossing<'a, S, F, C, Q, A> {
    pub(super) work: Pin<&'a mut Work<S, F, C, Q, A>>,
    pub(super) layers: &'a Layers<C>,
    pub(super) kept: &'a mut Kept<C>,
}

impl<S, F, C, Q, A> Crossing<'_, S, F, C, Q, A>
where
    S: Service<Request<Q>, Response = Response<A>, Future = F>,
    F: Future<Output = Result<Response<A>, S::Error>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    C: Send + Sync + 'static,
    A: RejectBody + Body,
{
    /// `shutdown`, `security_headers` and `cors` around the rest.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Also while the service works.
        self.kept.verdict.advance(cx);
        let preflight = matches!(*self.work, Work::Preflight { .. });
        if !preflight {
            ready!(self.poll_caught(cx));
            // Not only when the origin is known: what does not count is given back as soon as the service has answered.
            self.mark();
        }
        let mut allowed = ready!(self.kept.verdict.allowed());
        if preflight {
            self.answer_preflight(allowed.take());
            self.mark();
        }
        let Self { work, layers, kept } = self;
        let Some(response) = work.as_mut().answer() else {
            // Polled after completion, which the contract of `Future` leaves open.
            return Poll::Pending;
        };
        if let Some(cors) = layers.cors.as_ref().filter(|_| !preflight) {
            cors.decorate(response.headers_mut(), allowed);
        }
        kept.counted.leave(response);
        Poll::Ready(())
    }

    fn answer_preflight(&mut self, allowed: Option<HeaderValue>) {
        if let (WorkProj::Preflight { asked }, Some(cors)) = (self.work.as_mut().project(), &self.layers.cors)
            && let Some(asked) = asked.take()
        {
            let answer = cors::answer(cors, asked, allowed, self.kept.request_id());
            self.work.set(Work::answered(answer));
        }
    }

    /// `security_headers` and the checkpoints on the way out, once.
    #[inline]
    fn mark(&mut self) {
        let Self { work, layers, kept } = self;
        if mem::replace(&mut kept.marked, true) {
            return;
        }
        let Some(response) = work.as_mut().answer() else {
            return;
        };
        // First, though furthest out: the fewer headers an answer has, the fewer have to be moved. Nobody else sets one of these, but
        // for a `Vary` of the app's, to which `cors` adds.
        layers.security_headers.leave(&kept.promised, response.headers_mut());
        if let Err(message) = guarded(|| layers.checkpoints.leave(&mut kept.checkpoints, response)) {
            *response = kept.fault(&Fault::Panicked(message));
            layers.security_headers.leave(&kept.promised, response.headers_mut());
        }
    }

    /// Catches here and not only further out, so that the answer to a crash passes the layers in between.
    fn poll_caught(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let fault = match guarded(|| self.poll_checked(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => return Poll::Ready(()),
            Ok(Poll::Ready(Err(fault))) => fault,
            Err(message) => Fault::Panicked(message),
        };
        let response = self.kept.fault(&fault);
        self.answer(response);
        Poll::Ready(())
    }

    /// The checkpoints, `not_found` and the service.
    fn poll_checked(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            let Self { work, layers, kept } = self;
            let waiting = match work.as_mut().project() {
                WorkProj::Serving { future } => {
                    let Poll::Ready(answer) = future.poll(cx) else {
                        return self.poll_late(cx);
                    };
                    return Poll::Ready(match answer {
                        Ok(mut response) => {
                            explain(&mut response, kept.request_id());
                            self.answer(response);
                            Ok(())
                        }
                        Err(error) => Err(Fault::Error(error.into())),
                    });
                }
                WorkProj::Waiting { waiting } => waiting,
                WorkProj::Answered { .. } => return Poll::Ready(Ok(())),
                WorkProj::Preflight { .. } | WorkProj::Done => return Poll::Pending,
            };
            let Some(parked) = waiting else {
                return Poll::Pending;
            };
            let Waiting { wait, request, .. } = &mut **parked;
            let Poll::Ready(entry) = layers.checkpoints.resume(wait, request, &mut kept.checkpoints, cx) else {
                // The deadline counts for what is within it only.
                return match wait {
                    Either::Inner(_) => self.poll_late(cx),
                    Either::Outer(_) => Poll::Pending,
                };
            };
            let Some(mut parked) = waiting.take() else {
                return Poll::Pending;
            };
            let next = match entry {
                Entry::Pass => Work::Serving {
                    future: parked.service.call(parked.request),
                },
                Entry::Refuse(response) => Work::answered(response),
                Entry::Wait(wait) => {
                    parked.wait = wait;
                    Work::Waiting { waiting: Some(parked) }
                }
            };
            work.set(next);
        }
    }

    /// The work ends at the deadline.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let Self { layers, kept, .. } = self;
        let Some(timeout) = &layers.timeout else {
            return Poll::Pending;
        };
        ready!(timeout.poll(&mut kept.sleep, cx));
        let problem = timeout.refuse(kept.request_id(), kept.trail());
        self.answer(problem.into_response());
        Poll::Ready(Ok(()))
    }

    /// The work is done, and its future dropped.
    fn answer(&mut self, response: Response<A>) {
        let work = &mut self.work;
        self.kept
            .guard("dropping the future", || work.set(Work::answered(response)));
    }
}
