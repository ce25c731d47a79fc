use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Timeout;
use tower_service::Service;

use super::check::StoreFailure;
use super::error::{OVER, StoreError, UNAVAILABLE};
use super::policy::{Question, Refusal, Standing};
use super::sessions::Sessions;
use super::store::StoreFuture;
use crate::body::RejectBody;
use crate::request_id::RequestId;

pin_project! {
    /// The future of [`CheckSession`](super::CheckSession). In memory nothing is boxed; the answer of another store is.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, F, ReqB, ResB> {
        #[pin]
        work: Work<S, F, ReqB, ResB>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<S, F, ReqB, ResB> {
        Refuse { response: Option<Response<ResB>> },
        Ask { #[pin] answer: Timeout<StoreFuture<Standing>>, held: Option<Held<S, ReqB>> },
        Pass { #[pin] future: F },
    }
}

/// What waits for the store's answer.
pub(super) struct Held<S, ReqB> {
    pub(super) service: S,
    pub(super) request: Request<ReqB>,
    pub(super) question: Question,
    pub(super) sessions: Sessions,
}

impl<S, F, ReqB, ResB> ResponseFuture<S, F, ReqB, ResB> {
    pub(super) fn refuse(response: Response<ResB>) -> Self {
        let response = Some(response);
        let work = Work::Refuse { response };
        Self { work }
    }

    pub(super) fn pass(future: F) -> Self {
        let work = Work::Pass { future };
        Self { work }
    }

    pub(super) fn ask(answer: Timeout<StoreFuture<Standing>>, held: Held<S, ReqB>) -> Self {
        let held = Some(held);
        let work = Work::Ask { answer, held };
        Self { work }
    }
}

impl<S, ReqB, ResB> Future for ResponseFuture<S, S::Future, ReqB, ResB>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody,
{
    type Output = Result<Response<ResB>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut work = self.project().work;
        loop {
            match work.as_mut().project() {
                WorkProj::Pass { future } => return future.poll(cx),
                WorkProj::Refuse { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Ask { answer, held } => {
                    let answer = ready!(answer.poll(cx)).unwrap_or(Err(StoreError::TimedOut));
                    let Some(mut held) = held.take() else {
                        return Poll::Pending;
                    };
                    let next = match held.judge(answer) {
                        Some(response) => Work::Refuse {
                            response: Some(response),
                        },
                        None => Work::Pass {
                            future: held.service.call(held.request),
                        },
                    };
                    work.set(next);
                }
            }
        }
    }
}

impl<S, ReqB> Held<S, ReqB> {
    fn judge<ResB: RejectBody>(&mut self, answer: Result<Standing, StoreError>) -> Option<Response<ResB>> {
        let extensions = self.request.extensions();
        match (self.sessions.heard(answer), self.sessions.on_failure()) {
            (Ok(standing), _) => {
                let refused = standing.judge(&self.question).err();
                refused.map(|why| refusal(why, extensions))
            }
            (Err(_), StoreFailure::Admit) => None,
            (Err(_), StoreFailure::Refuse) => Some(UNAVAILABLE.clone().for_request(extensions).into_response()),
        }
    }
}

/// The client learns the same of each; the log and outer layers learn which it was.
pub(super) fn refusal<ResB: RejectBody>(why: Refusal, request: &Extensions) -> Response<ResB> {
    tracing::debug!(
        target: "portcullis::session",
        request_id = request.get::<RequestId>().map(RequestId::as_str),
        reason = %why,
        "refused",
    );
    let mut response = OVER.clone().for_request(request).into_response();
    response.extensions_mut().insert(why);
    response
}
