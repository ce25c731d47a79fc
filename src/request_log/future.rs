use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::policy::End;
use super::watch::{Watch, Watched};

pin_project! {
    /// The future of [`RequestLog`](super::RequestLog).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Watched<F>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, watch: Watch) -> Self {
        Self {
            inner: Watched::new(inner, watch),
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let within = this.inner.within(|future| {
            let polled = future.poll(cx);
            let done = polled.is_ready();
            (polled, done)
        });
        let Some((polled, watch)) = within else {
            // Polled after completion, which the contract of `Future` leaves open.
            return Poll::Pending;
        };
        let answer = ready!(polled);
        let mut watch = watch.take();
        Poll::Ready(match answer {
            Ok(response) => {
                watch.answered(&response);
                Ok(response.map(|body| ResponseBody::new(body, watch)))
            }
            Err(error) => {
                watch.close(End::Failed);
                Err(error)
            }
        })
    }
}
