use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::counted::Counted;

pin_project! {
    /// The future of [`InFlight`](super::InFlight).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        counted: Counted,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, counted: Counted) -> Self {
        Self { inner, counted }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let Ok(response) = &mut result {
            this.counted.leave(response);
        }
        let guard = this.counted.guard();
        Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, guard))))
    }
}
