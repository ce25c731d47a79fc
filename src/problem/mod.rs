//! Problem details (RFC 9457): the one voice in which every layer refuses.
//!
//! A [`Problem`] says what a client may know: a status, a fixed text, the request's id, and the headers that its status
//! demands (`WWW-Authenticate`, `Retry-After`, `Allow`). As a response it is `application/problem+json`, and it stays typed
//! in the response's extensions, where the log and outer layers read it.
//!
//! An app that wants other member names sets a [`Renderer`] once, on `catch_error` or on the `Stack`; it then speaks for
//! all layers and for the app's own handlers.
//!
//! ```
//! use http::{StatusCode, header::CONTENT_TYPE};
//! use http_body_util::Full;
//! use bytes::Bytes;
//! use portcullis::Problem;
//!
//! let response: http::Response<Full<Bytes>> = Problem::new(StatusCode::CONFLICT)
//!     .with_detail("that name is taken")
//!     .with_member("name", "ada")
//!     .into_response();
//!
//! assert_eq!(response.status(), 409);
//! assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
//! assert_eq!(response.extensions().get::<Problem>().unwrap().title(), "Conflict");
//! ```
//!
//! In handlers, [`Result`] lets `?` work on any error: the client is told `500` and a fixed text, the log gets the cause.
//!
//! ```
//! fn handler() -> portcullis::Result<String> {
//!     let secret: u8 = "not a number".parse()?;
//!     Ok(secret.to_string())
//! }
//!
//! let response: http::Response<http_body_util::Full<bytes::Bytes>> = handler().unwrap_err().into_response();
//! assert_eq!(response.status(), 500);
//! ```

mod error;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

pub(crate) use self::error::Chain;
pub use self::error::{Cause, Error, Result};
use crate::body::RejectBody;
use crate::request_id::RequestId;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal or failure, as the client may see it. See the [module page](self).
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    instance: Option<Cow<'static, str>>,
    request_id: Option<RequestId>,
    headers: HeaderMap,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of type `about:blank`, titled with the status's reason phrase (RFC 9457 section 4.2.1).
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            kind: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Error")),
            detail: None,
            instance: None,
            request_id: None,
            headers: HeaderMap::new(),
            members: Map::new(),
        }
    }

    /// The `type`: a URI that identifies the kind of problem. Default `about:blank`.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.kind = uri.into();
        self
    }

    /// The `title`: a short text, the same for every problem of this type. Default: the status's reason phrase.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// The `detail`: what a client can do about this occurrence. Never an internal cause. Default none.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The `instance`: a URI that identifies this occurrence. Default none.
    #[must_use]
    pub fn with_instance(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.instance = Some(uri.into());
        self
    }

    /// The `request_id` member. Layers take it from the request; see [`Problem::for_request`].
    #[must_use]
    pub fn with_request_id(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// An extension member (RFC 9457 section 3.2). A value that does not serialise to JSON is left out.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.members.insert(name.into(), value);
        }
        self
    }

    /// A header of the response, such as `Retry-After`; repeated names are all sent.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Takes the request's id from the extensions of the request that is refused.
    #[must_use]
    pub fn for_request(mut self, request: &Extensions) -> Self {
        if self.request_id.is_none() {
            self.request_id = request.get::<RequestId>().cloned();
        }
        self
    }

    /// The problem that an error is, or has among its sources.
    ///
    /// An error of yours that refuses something names a problem as its [source](std::error::Error::source), and is answered as
    /// that problem wherever `?` takes it.
    ///
    /// ```
    /// use http::StatusCode;
    /// use portcullis::Problem;
    ///
    /// #[derive(Debug)]
    /// struct Taken(Problem);
    /// # impl std::fmt::Display for Taken {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("taken") }
    /// # }
    ///
    /// impl std::error::Error for Taken {
    ///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
    ///         Some(&self.0)
    ///     }
    /// }
    ///
    /// let error = Taken(Problem::new(StatusCode::CONFLICT));
    /// assert_eq!(Problem::behind(&error).unwrap().status(), 409);
    /// assert_eq!(portcullis::Error::from(error).status(), 409);
    /// ```
    pub fn behind<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `type` URI.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The `title`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The `detail`.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The `instance` URI.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// The request's id, where one is known.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// The headers that the response will carry beside its content type.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The extension members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Renders the problem as `application/problem+json` and keeps itself in the response's extensions.
    pub fn into_response<B: RejectBody>(self) -> Response<B> {
        let mut response = Response::new(B::reject(self.to_json()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response.extensions_mut().insert(self);
        response
    }

    fn to_json(&self) -> Bytes {
        // Strings and JSON values only: serialisation has no way to fail.
        serde_json::to_vec(self).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("status", &self.status.as_u16())?;
        if let Some(detail) = &self.detail {
            map.serialize_entry("detail", detail)?;
        }
        if let Some(instance) = &self.instance {
            map.serialize_entry("instance", instance)?;
        }
        if let Some(id) = &self.request_id {
            map.serialize_entry("request_id", id.as_str())?;
        }
        for (name, value) in &self.members {
            // RFC 9457 section 3.2: an extension cannot redefine a standard member.
            if !matches!(
                name.as_str(),
                "type" | "title" | "status" | "detail" | "instance" | "request_id"
            ) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.title)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// How an app wants every problem to look, in one place for all layers and its own handlers.
///
/// ```
/// use http::StatusCode;
/// use portcullis::{Problem, problem::Renderer};
///
/// let renderer = Renderer::members(|problem, members| {
///     members.insert("message".into(), problem.title().into());
/// });
/// let (content_type, body) = renderer.render(&Problem::new(StatusCode::NOT_FOUND));
/// assert_eq!(content_type, "application/problem+json");
/// assert!(std::str::from_utf8(&body).unwrap().contains(r#""message":"Not Found""#));
/// ```
#[derive(Clone)]
pub struct Renderer {
    render: Arc<Render>,
}

type Render = dyn Fn(&Problem) -> (HeaderValue, Bytes) + Send + Sync;

impl Renderer {
    /// Adds, renames or removes members; the content type stays `application/problem+json`.
    pub fn members<F>(edit: F) -> Self
    where
        F: Fn(&Problem, &mut Map<String, Value>) + Send + Sync + 'static,
    {
        Self::new(move |problem| {
            let mut members = match serde_json::to_value(problem) {
                Ok(Value::Object(members)) => members,
                _ => Map::new(),
            };
            edit(problem, &mut members);
            let body = serde_json::to_vec(&members).unwrap_or_else(|_| b"{}".to_vec());
            (PROBLEM_JSON, Bytes::from(body))
        })
    }

    /// Renders the whole body, in a content type of its own.
    pub fn new<F>(render: F) -> Self
    where
        F: Fn(&Problem) -> (HeaderValue, Bytes) + Send + Sync + 'static,
    {
        Self {
            render: Arc::new(render),
        }
    }

    /// The content type and the body of one problem.
    pub fn render(&self, problem: &Problem) -> (HeaderValue, Bytes) {
        (self.render)(problem)
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

/// Finishes a response on its way out: a [`Problem`] that was made without sight of the request, such as a handler's, gets
/// the request's id, and the app's renderer has its say. Any other response stays as it is.
pub fn complete<B: RejectBody>(response: &mut Response<B>, id: Option<&RequestId>, renderer: Option<&Renderer>) {
    let Some(problem) = response.extensions_mut().get_mut::<Problem>() else {
        return;
    };
    let named = match id {
        Some(id) if problem.request_id.is_none() => {
            problem.request_id = Some(id.clone());
            true
        }
        _ => false,
    };
    let (content_type, body) = match renderer {
        Some(renderer) => renderer.render(problem),
        None if named => (PROBLEM_JSON, problem.to_json()),
        None => return,
    };
    *response.body_mut() = B::reject(body);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().remove(CONTENT_LENGTH);
}
