use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::policy::{Policy, Preflight, Verdict};
use super::preflight::answer;
use crate::body::RejectBody;
use crate::request_id::RequestId;

pin_project! {
    /// The future of [`Cors`](super::Cors).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        work: Work<F, B>,
        verdict: Verdict,
        policy: Arc<Policy>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<F, B> {
        Preflight { asked: Option<Preflight>, id: Option<RequestId> },
        Pass { #[pin] future: F },
        // The service has answered and an async closure has not.
        Answered { response: Option<Response<B>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn preflight(asked: Preflight, id: Option<RequestId>, verdict: Verdict, policy: Arc<Policy>) -> Self {
        let work = Work::Preflight { asked: Some(asked), id };
        Self { work, verdict, policy }
    }

    pub(super) fn pass(future: F, verdict: Verdict, policy: Arc<Policy>) -> Self {
        let work = Work::Pass { future };
        Self { work, verdict, policy }
    }
}

impl<F, E, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // Also while the service works.
        this.verdict.advance(cx);
        loop {
            match this.work.as_mut().project() {
                WorkProj::Preflight { asked, id } => {
                    let allowed = ready!(this.verdict.allowed());
                    return match asked.take() {
                        Some(asked) => Poll::Ready(Ok(answer(this.policy, asked, allowed, id.as_ref()))),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Pass { future } => {
                    let response = Some(ready!(future.poll(cx))?);
                    this.work.set(Work::Answered { response });
                }
                WorkProj::Answered { response } => {
                    let allowed = ready!(this.verdict.allowed());
                    let Some(mut response) = response.take() else {
                        return Poll::Pending;
                    };
                    this.policy.decorate(response.headers_mut(), allowed);
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}
