use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};

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

    /// Ends the connection with this answer where others are to be drained.
    pub(crate) fn leave<B>(&self, response: &mut Response<B>) {
        // HTTP/2 forbids the header (RFC 9113 section 8.2.2), and a 101 needs its own.
        let closable = self.closable && response.status() != StatusCode::SWITCHING_PROTOCOLS;
        if closable && self.guard.as_ref().is_some_and(Guard::is_draining) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
    }

    /// For the body, or to count no longer.
    pub(crate) fn guard(&mut self) -> Option<Guard> {
        self.guard.take()
    }
}
