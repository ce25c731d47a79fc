use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::trail::Trail;

/// Applies [`CountRequestBody`]: the record then has the bytes of the request that were really read.
///
/// Without it `http.request.body.size` is the `Content-Length`, which a chunked upload does not have and HTTP/2 need not have. It
/// goes anywhere inside [`RequestLogLayer`](super::RequestLogLayer), best next to what reads the body. It is apart since it
/// changes the type of the request's body. It costs no allocation.
#[derive(Debug, Clone, Copy, Default)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct CountRequestBodyLayer {
    _private: (),
}

impl CountRequestBodyLayer {
    /// Counts the bytes of every request that is recorded.
    pub const fn new() -> Self {
        Self { _private: () }
    }
}

impl<S> Layer<S> for CountRequestBodyLayer {
    type Service = CountRequestBody<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CountRequestBody { inner }
    }
}

/// Notes on the request's [`Trail`] how many bytes of its body are read. Made by [`CountRequestBodyLayer`].
#[derive(Debug, Clone)]
pub struct CountRequestBody<S> {
    inner: S,
}

impl<S, ReqB> Service<Request<ReqB>> for CountRequestBody<S>
where
    S: Service<Request<CountedBody<ReqB>>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let trail = request.extensions().get::<Trail>().cloned();
        if let Some(trail) = &trail {
            // From here on the count holds, also where nothing is read.
            trail.add_request_bytes(0);
        }
        self.inner.call(request.map(|inner| CountedBody { inner, trail }))
    }
}

pin_project! {
    /// A request body whose bytes are counted as they are read. Frames, length and end are the inner body's own.
    #[derive(Debug)]
    pub struct CountedBody<B> {
        #[pin]
        inner: B,
        trail: Option<Trail>,
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(trail) = this.trail
            && let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            trail.add_request_bytes(data.remaining() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
