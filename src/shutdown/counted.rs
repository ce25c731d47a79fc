use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};

use super::body::ResponseBody;
use super::handle::{Guard, Handle};

/// A request in flight, until its answer has a body to be counted by.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    guard: Option<Guard>,
    closable: bool,
}

impl Counted {
    pub(crate) fn enter<B>(handle: Option<&Handle>, request: &Request<B>) -> Self {
        Self {
            guard: handle.map(Handle::guard),
            closable: request.version() <= Version::HTTP_11,
        }
    }

    /// Without an answer there is nothing left to wait for.
    pub(super) fn fail(&mut self) {
        self.guard = None;
    }

    pub(crate) fn leave<B>(&mut self, mut response: Response<B>) -> Response<ResponseBody<B>> {
        let guard = self.guard.take();
        // HTTP/2 forbids the header (RFC 9113 section 8.2.2), and a 101 needs its own.
        let closable = self.closable && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if closable && guard.as_ref().is_some_and(Guard::is_draining) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response.map(|body| ResponseBody::new(body, guard))
    }
}
