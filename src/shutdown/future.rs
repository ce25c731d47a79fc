use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::CONNECTION;
use http::{HeaderValue, Response, StatusCode};
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::handle::Guard;

pin_project! {
    /// The future of [`InFlight`](super::InFlight).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        guard: Option<Guard>,
        closable: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, guard: Option<Guard>, closable: bool) -> Self {
        Self { inner, guard, closable }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let guard = this.guard.take();
        let mut response = result?;
        // HTTP/2 forbids the header (RFC 9113 section 8.2.2), and a 101 needs its own.
        let closable = *this.closable && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if closable && guard.as_ref().is_some_and(Guard::is_draining) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, guard))))
    }
}
