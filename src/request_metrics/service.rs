use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::Config;
use super::future::ResponseFuture;
use super::measure::Measure;
use crate::request_view::RequestView;

/// Counts and times requests. See the [module page](super).
#[derive(Debug, Clone)]
pub struct RequestMetrics<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> RequestMetrics<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqB, B> Service<Request<ReqB>> for RequestMetrics<S>
where
    S: Service<Request<ReqB>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let config = &self.config;
        let wanted = config
            .filter
            .as_ref()
            .is_none_or(|wants| wants(RequestView::of(&request)));
        let measure = wanted.then(|| Measure::begin(&request, &config.series));
        ResponseFuture::new(self.inner.call(request), measure)
    }
}
