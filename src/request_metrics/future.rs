use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::measure::Measure;
use super::policy::End;

pin_project! {
    /// The future of [`RequestMetrics`](super::RequestMetrics).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // After the future, which may yet note on the trail, while it is dropped, why it ended.
        measure: Option<Measure>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, measure: Option<Measure>) -> Self {
        Self { inner, measure }
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
        let answer = ready!(this.inner.poll(cx));
        let measure = this.measure.take();
        Poll::Ready(match answer {
            Ok(response) => Ok(ResponseBody::wrap(response, measure)),
            Err(error) => {
                if let Some(measure) = measure {
                    measure.close(End::Failed);
                }
                Err(error)
            }
        })
    }
}
