use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::Config;
use super::future::ResponseFuture;
use super::policy::Outcome;
use super::watch::Watch;

/// Writes one record per request. See the [module page](super).
#[derive(Debug, Clone)]
pub struct RequestLog<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> RequestLog<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqB, B> Service<Request<ReqB>> for RequestLog<S>
where
    S: Service<Request<ReqB>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let readiness = ready!(self.inner.poll_ready(cx));
        if readiness.is_err() {
            // There is no request yet to say anything of, and its caller will not hand it over any more.
            tracing::error!(
                target: "portcullis::request_log",
                outcome = Outcome::Failed.as_str(),
                "the service cannot become ready",
            );
        }
        Poll::Ready(readiness)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let mut watch = Watch::open(&mut request, &self.config);
        let future = watch.run(|| self.inner.call(request));
        ResponseFuture::new(future, watch)
    }
}
