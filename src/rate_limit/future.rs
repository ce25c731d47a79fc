use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::limiter::Limiter;
use super::policy::Standing;

pin_project! {
    /// The future of [`RateLimit`](super::RateLimit).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        work: Work<F, B>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<F, B> {
        Refuse { response: Option<Response<B>> },
        Pass { #[pin] future: F, told: Option<(Arc<Limiter>, Standing)> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn refuse(response: Response<B>) -> Self {
        let work = Work::Refuse {
            response: Some(response),
        };
        Self { work }
    }

    /// `told` is what the response's headers will say.
    pub(super) fn pass(future: F, told: Option<(Arc<Limiter>, Standing)>) -> Self {
        let work = Work::Pass { future, told };
        Self { work }
    }
}

impl<F, E, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().work.project() {
            WorkProj::Pass { future, told } => {
                let mut response = ready!(future.poll(cx))?;
                if let Some((limiter, standing)) = told.take() {
                    limiter.tell(response.headers_mut(), standing);
                }
                Poll::Ready(Ok(response))
            }
            WorkProj::Refuse { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled after completion, which the contract of `Future` leaves open.
                None => Poll::Pending,
            },
        }
    }
}
