use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::inquiry::Inquiry;
use super::receipt::Receipt;
use crate::body::RejectBody;

pin_project! {
    /// The future of [`RateLimit`](super::RateLimit).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, S, R> {
        #[pin]
        work: Work<F, B, S, R>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<F, B, S, R> {
        Refuse { response: Option<Response<B>> },
        Ask { inquiry: Pin<Box<Inquiry<S, R>>> },
        Pass { #[pin] future: F, receipt: Option<Receipt> },
    }
}

impl<F, B, S, R> ResponseFuture<F, B, S, R> {
    pub(super) fn refuse(response: Response<B>) -> Self {
        let work = Work::Refuse {
            response: Some(response),
        };
        Self { work }
    }

    pub(super) fn ask(inquiry: Inquiry<S, R>) -> Self {
        let work = Work::Ask {
            inquiry: Box::pin(inquiry),
        };
        Self { work }
    }

    pub(super) fn pass(future: F, receipt: Option<Receipt>) -> Self {
        let work = Work::Pass { future, receipt };
        Self { work }
    }
}

impl<F, E, B, S, R> Future for ResponseFuture<F, B, S, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
    S: Service<Request<R>, Response = Response<B>, Error = E, Future = F>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut work = self.project().work;
        loop {
            match work.as_mut().project() {
                WorkProj::Pass { future, receipt } => {
                    let mut answer = ready!(future.poll(cx));
                    if let Some(receipt) = receipt.take() {
                        match &mut answer {
                            Ok(response) => receipt.close(response.status(), Some(response.headers_mut())),
                            Err(_) => receipt.close(StatusCode::INTERNAL_SERVER_ERROR, None),
                        }
                    }
                    return Poll::Ready(answer);
                }
                WorkProj::Refuse { response } => {
                    return match response.take() {
                        Some(response) => Poll::Ready(Ok(response)),
                        // Polled after completion, which the contract of `Future` leaves open.
                        None => Poll::Pending,
                    };
                }
                WorkProj::Ask { inquiry } => {
                    let next = match ready!(inquiry.as_mut().poll(cx)) {
                        Ok((mut service, request, receipt)) => Work::Pass {
                            future: service.call(request),
                            receipt,
                        },
                        Err(refusal) => Work::Refuse {
                            response: Some(refusal.into_response(inquiry.limiter())),
                        },
                    };
                    work.set(next);
                }
            }
        }
    }
}
