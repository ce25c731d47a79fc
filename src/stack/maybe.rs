use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// A service inside a layer of the stack, or the same service where that layer was left out.
#[derive(Debug, Clone)]
pub enum Maybe<A, S> {
    /// The layer is in use.
    On(A),
    /// It was left out.
    Off(S),
}

impl<A, S> Maybe<A, S> {
    pub(super) fn layer<L: Layer<S, Service = A>>(layer: Option<&L>, inner: S) -> Self {
        match layer {
            Some(layer) => Self::On(layer.layer(inner)),
            None => Self::Off(inner),
        }
    }
}

impl<A, S, Req> Service<Req> for Maybe<A, S>
where
    A: Service<Req>,
    S: Service<Req, Response = A::Response, Error = A::Error>,
{
    type Response = A::Response;
    type Error = A::Error;
    type Future = MaybeFuture<A::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match self {
            Self::On(service) => service.poll_ready(cx),
            Self::Off(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let work = match self {
            Self::On(service) => Work::On {
                future: service.call(request),
            },
            Self::Off(service) => Work::Off {
                future: service.call(request),
            },
        };
        MaybeFuture { work }
    }
}

pin_project! {
    /// The future of [`Maybe`].
    #[must_use = "futures do nothing unless polled"]
    pub struct MaybeFuture<A, S> {
        #[pin]
        work: Work<A, S>,
    }
}

pin_project! {
    #[project = WorkProj]
    enum Work<A, S> {
        On { #[pin] future: A },
        Off { #[pin] future: S },
    }
}

impl<A, S> Future for MaybeFuture<A, S>
where
    A: Future,
    S: Future<Output = A::Output>,
{
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().work.project() {
            WorkProj::On { future } => future.poll(cx),
            WorkProj::Off { future } => future.poll(cx),
        }
    }
}
