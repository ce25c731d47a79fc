use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ResponseBody;
use super::crossing::Crossing;
use super::kept::Kept;
use super::layers::Layers;
use super::work::Work;
use crate::body::RejectBody;
use crate::catch_error::{self, Fault, conclude, guarded};
use crate::checkpoint::Moment;
use crate::request_log::{self, Watch};
use crate::{shutdown, throttle};

pin_project! {
    /// The future of [`Gate`](super::Gate); it always ends in a response.
    ///
    /// What the layers keep of a request stands side by side with the service's future: futures within futures would be moved once for
    /// each layer.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, F, C, ReqB, ResB> {
        #[pin]
        work: Work<S, F, C, ReqB, ResB>,
        layers: Arc<Layers<C>>,
        kept: Kept<C>,
        // After the work, which may yet note on the trail, while it is dropped, why it ended.
        watch: Watch,
    }

    impl<S, F, C, ReqB, ResB> PinnedDrop for ResponseFuture<S, F, C, ReqB, ResB> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // A client that goes away drops the handler's future half way, and with it whatever panics in its `Drop`.
            this.watch.drop_within(|| {
                this.kept.guard("dropping the future", || this.work.set(Work::Done));
                this.kept.stop_asking();
            });
        }
    }
}

impl<S, F, C, Q, A> ResponseFuture<S, F, C, Q, A>
where
    S: Service<Request<Q>, Response = Response<A>, Future = F> + Clone,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    C: Send + Sync + 'static,
    A: RejectBody + Body,
{
    pub(super) fn begin(
        layers: Arc<Layers<C>>,
        service: &mut S,
        unready: &mut Option<Box<Fault>>,
        mut request: Request<Q>,
    ) -> Self {
        let moment = Moment::default();
        let id = layers.request_id.enter(&mut request, &moment);
        if let Some(trace_context) = layers.trace_context {
            trace_context.enter(&mut request);
        }
        let watch = Watch::open(&mut request, &layers.request_log);
        let context = catch_error::Context::of(&request);
        let mut future = Self {
            work: Work::Done,
            layers,
            kept: Kept::new(id, context),
            watch,
        };
        let Self {
            work,
            layers,
            kept,
            watch,
        } = &mut future;
        watch.run(|| {
            if let Err(message) = guarded(|| work.begin(layers, kept, service, unready, request, &moment)) {
                *work = Work::answered(kept.fault(&Fault::Panicked(message)));
            }
        });
        future
    }
}

impl<S, F, C, Q, A> Future for ResponseFuture<S, F, C, Q, A>
where
    S: Service<Request<Q>, Response = Response<A>, Future = F>,
    F: Future<Output = Result<Response<A>, S::Error>>,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    C: Send + Sync + 'static,
    A: RejectBody + Body,
    A::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Output = Result<Response<ResponseBody<A>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (layers, kept) = (&**this.layers, this.kept);
        let answer = this.watch.run(|| {
            let mut crossing = Crossing {
                work: this.work.as_mut(),
                layers,
                kept,
            };
            match guarded(|| crossing.poll(cx)) {
                Ok(poll) => ready!(poll),
                Err(message) => {
                    let response = kept.fault(&Fault::Panicked(message));
                    kept.guard("dropping the future", || this.work.set(Work::answered(response)));
                    kept.stop_asking();
                }
            }
            match (this.work.take_answer(), kept.context.take()) {
                (Some(mut response), Some(context)) => {
                    conclude(&mut response, &context, layers.catch_error.rendered_by());
                    Poll::Ready((response, context))
                }
                _ => Poll::Pending,
            }
        });
        let (mut response, context) = ready!(answer);
        let mut watch = this.watch.take();
        watch.answered(&response);
        if let Some(id) = kept.id.take() {
            layers.request_id.leave(id, response.headers_mut());
        }
        Poll::Ready(Ok(response.map(|body| {
            let body = throttle::ResponseBody::new(body, kept.permits());
            let body = shutdown::ResponseBody::new(body, kept.counted.guard());
            let body = catch_error::ResponseBody::new(body, Some(context));
            request_log::ResponseBody::new(body, watch)
        })))
    }
}
