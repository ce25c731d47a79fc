//! Calls a layer with a request, and hands back what the service behind it saw.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

pub(crate) type Answer = Response<Full<Bytes>>;

/// Keeps the request that reaches it.
#[derive(Clone, Default)]
pub(crate) struct Keep(Arc<Mutex<Option<Request<()>>>>);

impl Service<Request<()>> for Keep {
    type Response = Answer;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        std::future::ready(Ok(Answer::default()))
    }
}

/// The answer, and the request as it was let through.
pub(crate) fn call<L>(layer: &L, request: Request<()>) -> (Answer, Option<Request<()>>)
where
    L: Layer<Keep, Service: Service<Request<()>, Response = Answer, Error = Infallible>>,
{
    let kept = Keep::default();
    let mut service = layer.layer(kept.clone());
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    let Poll::Ready(Ok(answer)) = pin!(service.call(request)).poll(&mut context) else {
        panic!("nothing here waits");
    };
    let request = kept.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    (answer, request)
}

/// One value of a header a line, without those that no server would hand over.
pub(crate) fn values(data: &[u8]) -> impl Iterator<Item = HeaderValue> {
    data.split(|byte| *byte == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
}
