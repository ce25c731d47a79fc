use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::CountedBody;
use super::kept::Kept;
use super::layers::Layers;
use super::work::{Waiting, Work, WorkProj};
use crate::body::RejectBody;
use crate::catch_error::{Fault, guarded};
use crate::checkpoint::{Checkpoint, Either, Entry};
use crate::not_found::explained;
use crate::{cors, throttle};

/// A request on its way, within `catch_error`.
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
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response<CountedBody<A>>> {
        let response = match self.work.as_mut().project() {
            WorkProj::Preflight { asked } => {
                let allowed = ready!(self.kept.verdict.poll(cx));
                let (Some(asked), Some(cors)) = (asked.take(), &self.layers.cors) else {
                    return Poll::Pending;
                };
                let mut response = cors::answer(cors, asked, allowed, self.kept.request_id());
                self.secure(&mut response);
                response
            }
            _ => ready!(self.poll_marked(cx)),
        };
        let permits = self.kept.permits();
        let response = response.map(|body| throttle::ResponseBody::new(body, permits));
        Poll::Ready(self.kept.counted.leave(response))
    }

    /// The answer to what is no preflight, marked for its origin.
    fn poll_marked(&mut self, cx: &mut Context<'_>) -> Poll<Response<A>> {
        // While the service works.
        self.kept.verdict.advance(cx);
        let mut response = ready!(self.poll_caught(cx));
        let Poll::Ready(allowed) = self.kept.verdict.poll(cx) else {
            let response = Some(response);
            self.work.set(Work::Answered { response });
            return Poll::Pending;
        };
        // Before those of `cors`, which take any value's place: the fewer headers there are, the fewer have to be moved.
        self.secure(&mut response);
        if let Some(cors) = &self.layers.cors {
            cors.decorate(response.headers_mut(), allowed);
        }
        Poll::Ready(response)
    }

    fn secure(&self, response: &mut Response<A>) {
        let security_headers = &self.layers.security_headers;
        security_headers.leave(&self.kept.promised, response.headers_mut());
    }

    /// Catches here and not only further out, so that the answer to a crash passes the layers in between.
    fn poll_caught(&mut self, cx: &mut Context<'_>) -> Poll<Response<A>> {
        let mut answer = Poll::Pending;
        let fault = match guarded(|| answer = self.poll_checked(cx)) {
            Ok(()) => match ready!(answer) {
                Ok(response) => return Poll::Ready(response),
                Err(fault) => fault,
            },
            Err(message) => Fault::Panicked(message),
        };
        Poll::Ready(self.kept.fault(&fault))
    }

    /// The checkpoints, `not_found` and the service.
    fn poll_checked(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<A>, Fault>> {
        let Self { work, layers, kept } = self;
        let checkpoints = &layers.checkpoints;
        loop {
            let waiting = match work.as_mut().project() {
                WorkProj::Serving { future } => {
                    let Poll::Ready(answer) = future.poll(cx) else {
                        return self.poll_late(cx);
                    };
                    return Poll::Ready(match answer {
                        Ok(response) => {
                            let mut response = explained(response, kept.request_id());
                            checkpoints.leave(&mut kept.checkpoints, &mut response);
                            Ok(response)
                        }
                        Err(error) => {
                            checkpoints.fail(&mut kept.checkpoints);
                            Err(Fault::Error(error.into()))
                        }
                    });
                }
                WorkProj::Waiting { waiting } => waiting,
                WorkProj::Answered { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        None => Poll::Pending,
                    };
                }
                // Polled after completion, which the contract of `Future` leaves open.
                WorkProj::Preflight { .. } | WorkProj::Done => return Poll::Pending,
            };
            let Some(parked) = waiting else {
                return Poll::Pending;
            };
            let Waiting { wait, request, .. } = &mut **parked;
            let Poll::Ready(entry) = checkpoints.resume(wait, request, &mut kept.checkpoints, cx) else {
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
                Entry::Refuse(mut response) => {
                    checkpoints.leave(&mut kept.checkpoints, &mut response);
                    return Poll::Ready(Ok(response));
                }
                Entry::Wait(wait) => {
                    parked.wait = wait;
                    Work::Waiting { waiting: Some(parked) }
                }
            };
            work.set(next);
        }
    }

    /// The work ends at the deadline, and what is within that never hears of an answer.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<A>, Fault>> {
        let Self { work, layers, kept } = self;
        let Some(timeout) = &layers.timeout else {
            return Poll::Pending;
        };
        ready!(timeout.poll(&mut kept.sleep, cx));
        work.set(Work::Done);
        let problem = timeout.refuse(kept.request_id(), kept.trail());
        let mut response = problem.into_response();
        let (arrival, admission) = &layers.checkpoints;
        admission.fail(&mut kept.checkpoints.1);
        arrival.leave(&mut kept.checkpoints.0, &mut response);
        Poll::Ready(Ok(response))
    }
}
