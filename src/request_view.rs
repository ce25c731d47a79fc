//! What the closures of an app may look at: everything of a request but its body.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

/// A request that came over HTTPS, put into its extensions by whoever terminated TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Https;

/// A request without its body, as closures in a layer's settings see it.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    method: &'a Method,
    uri: &'a Uri,
    version: Version,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> RequestView<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The request's method.
    pub fn method(self) -> &'a Method {
        self.method
    }

    /// The request's URI.
    pub fn uri(self) -> &'a Uri {
        self.uri
    }

    /// The path, percent-encoded as it was sent.
    pub fn path(self) -> &'a str {
        self.uri.path()
    }

    /// The protocol's version.
    pub fn version(self) -> Version {
        self.version
    }

    /// The request's headers.
    pub fn headers(self) -> &'a HeaderMap {
        self.headers
    }

    /// The request's extensions.
    pub fn extensions(self) -> &'a Extensions {
        self.extensions
    }
}
