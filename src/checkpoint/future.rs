use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// The future of a layer that refuses or lets through, and never waits.
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
        Pass { #[pin] future: F },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn refuse(response: Response<B>) -> Self {
        let work = Work::Refuse {
            response: Some(response),
        };
        Self { work }
    }

    pub(crate) fn pass(future: F) -> Self {
        let work = Work::Pass { future };
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
            WorkProj::Pass { future } => future.poll(cx),
            WorkProj::Refuse { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled after completion, which the contract of `Future` leaves open.
                None => Poll::Pending,
            },
        }
    }
}
