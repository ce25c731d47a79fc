use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use metrics::Gauge;
use tokio::time::Instant;

use super::policy::{End, Fault, Labels, Verb, version};
use super::series::{Sample, Series};
use crate::request_view::{Https, RequestView};
use crate::trail::Trail;

pub(super) type Filter = dyn Fn(RequestView<'_>) -> bool + Send + Sync;

/// A request in flight. Whatever ends it drops this, and it is counted then: exactly once.
#[derive(Debug)]
pub(super) struct Measure {
    series: Arc<Series>,
    active: Gauge,
    method: Verb,
    secure: bool,
    version: &'static str,
    #[cfg(feature = "axum")]
    route: Option<crate::axum::extensions::Route>,
    trail: Option<Trail>,
    request_length: Option<u64>,
    started: Instant,
    status: Option<StatusCode>,
    sent: u64,
    expected: Option<u64>,
    end: End,
}

impl Measure {
    pub(super) fn begin<B>(request: &Request<B>, series: &Arc<Series>) -> Self {
        let method = Verb::of(request.method());
        // Over HTTP/1 the URI has no scheme.
        let secure =
            request.uri().scheme() == Some(&http::uri::Scheme::HTTPS) || request.extensions().get::<Https>().is_some();
        let active = series.active(method, secure);
        active.increment(1.0);
        Self {
            series: Arc::clone(series),
            active,
            method,
            secure,
            version: version(request.version()),
            #[cfg(feature = "axum")]
            route: request.extensions().get().cloned(),
            trail: request.extensions().get().cloned(),
            request_length: content_length(request.headers()),
            started: Instant::now(),
            status: None,
            sent: 0,
            expected: None,
            end: End::Dropped,
        }
    }

    /// Notes the response's head. `None` where no body is to follow: the request is then counted.
    pub(super) fn answered<B: Body>(mut self, response: &Response<B>) -> Option<Self> {
        self.status = Some(response.status());
        self.expected = content_length(response.headers()).or_else(|| response.body().size_hint().exact());
        if self.method.as_str() == "HEAD"
            || matches!(response.status().as_u16(), 100..200 | 204 | 304)
            || response.body().is_end_stream()
        {
            self.close(End::Ended);
            return None;
        }
        Some(self)
    }

    /// Notes bytes of the response body that were handed over.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    pub(super) fn close(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        self.active.decrement(1.0);
        let failure = self.trail.as_ref().and_then(Trail::failure);
        let labels = Labels {
            method: self.method,
            secure: self.secure,
            version: self.version,
            status: self.status,
            fault: Fault::of(self.end, self.status, failure.as_ref(), self.sent, self.expected),
        };
        let counted = self.trail.as_ref().and_then(Trail::request_bytes);
        let sample = Sample {
            duration: self.started.elapsed(),
            request_bytes: counted.or(self.request_length),
            response_bytes: self.sent,
        };
        let noted = self.trail.as_ref().and_then(Trail::route);
        let route = noted.as_deref();
        #[cfg(feature = "axum")]
        let route = self
            .route
            .as_ref()
            .map(crate::axum::extensions::Route::as_str)
            .or(route);
        self.series.record(route.unwrap_or_default(), labels, sample);
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
