use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::VARY;
use http::{HeaderMap, Response, StatusCode};
use pin_project_lite::pin_project;

use super::policy::{Policy, Preflight, Verdict};
use crate::body::RejectBody;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// Made and rendered once: a refusal under attack should cost no more than leave does.
static NOT_THIS_ORIGIN: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::FORBIDDEN)
        .with_detail("this origin may not read from here")
        .with_header(VARY, Policy::refused_preflight_vary())
});

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
        loop {
            match this.work.as_mut().project() {
                WorkProj::Preflight { asked, id } => {
                    let allowed = ready!(this.verdict.poll(cx));
                    return Poll::Ready(Ok(match (asked.take(), allowed) {
                        (Some(asked), Some(origin)) => allow(this.policy.preflight_headers(asked, origin)),
                        _ => refuse(id.take()),
                    }));
                }
                WorkProj::Pass { future } => {
                    // Advances the question while the service works.
                    let _ = this.verdict.poll(cx);
                    let response = Some(ready!(future.poll(cx))?);
                    this.work.set(Work::Answered { response });
                }
                WorkProj::Answered { response } => {
                    let allowed = ready!(this.verdict.poll(cx));
                    let Some(mut response) = response.take() else {
                        // Polled after completion, which the contract of `Future` leaves open.
                        return Poll::Pending;
                    };
                    this.policy.decorate(response.headers_mut(), allowed);
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

fn allow<B: RejectBody>(headers: HeaderMap) -> Response<B> {
    let mut response = Response::new(B::reject(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = headers;
    response
}

fn refuse<B: RejectBody>(id: Option<RequestId>) -> Response<B> {
    let mut problem = NOT_THIS_ORIGIN.clone();
    if let Some(id) = id {
        problem = problem.with_request_id(id);
    }
    problem.into_response()
}
