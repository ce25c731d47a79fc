use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

/// A request as a filter sees it: everything but the body.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    method: &'a Method,
    uri: &'a Uri,
    version: Version,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> RequestView<'a> {
    pub(super) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The path, percent-encoded as it was sent.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The whole target.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The protocol's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// What outer layers and the server have put beside the request.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}
