use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::shared::Shared;
use crate::body::RejectBody;
use crate::request_id::RequestId;

pub(super) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

const ID_MEMBER: &[u8] = b",\"request_id\":";

/// A refusal or failure, as the client may see it. See the [module page](super).
///
/// Cloning costs one reference count: a layer that refuses with the same problem again and again makes it once.
#[derive(Debug, Clone)]
pub struct Problem {
    shared: Arc<Shared>,
    request_id: Option<RequestId>,
}

impl Problem {
    /// A problem of type `about:blank`, titled with the status's reason phrase (RFC 9457 section 4.2.1).
    pub fn new(status: StatusCode) -> Self {
        Self {
            shared: Shared::of_status(status),
            request_id: None,
        }
    }

    /// The `type`: a URI that identifies the kind of problem. Default `about:blank`.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.edit().kind = uri.into();
        self
    }

    /// The `title`: a short text, the same for every problem of this type. Default: the status's reason phrase.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.edit().title = title.into();
        self
    }

    /// The `detail`: what a client can do about this occurrence. Never an internal cause. Default none.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.edit().detail = Some(detail.into());
        self
    }

    /// The `instance`: a URI that identifies this occurrence. Default none.
    #[must_use]
    pub fn with_instance(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.edit().instance = Some(uri.into());
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
            self.edit().members.insert(name.into(), value);
        }
        self
    }

    /// A header of the response, such as `Retry-After`; repeated names are all sent.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.edit().headers.append(name, value);
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
        self.shared.status
    }

    /// The `type` URI.
    pub fn kind(&self) -> &str {
        &self.shared.kind
    }

    /// The `title`.
    pub fn title(&self) -> &str {
        &self.shared.title
    }

    /// The `detail`.
    pub fn detail(&self) -> Option<&str> {
        self.shared.detail.as_deref()
    }

    /// The `instance` URI.
    pub fn instance(&self) -> Option<&str> {
        self.shared.instance.as_deref()
    }

    /// The request's id, where one is known.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.request_id.as_ref()
    }

    /// The headers that the response will carry beside its content type.
    pub fn headers(&self) -> &HeaderMap {
        &self.shared.headers
    }

    /// The extension members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.shared.members
    }

    /// Renders the problem as `application/problem+json` and keeps itself in the response's extensions.
    pub fn into_response<B: RejectBody>(self) -> Response<B> {
        let mut response = Response::new(B::reject(self.to_json()));
        self.mark(&mut response);
        response
    }

    /// Takes the place of what a response says. Headers that the problem does not set stay.
    pub(crate) fn replace<B: RejectBody>(self, response: &mut Response<B>) {
        *response.body_mut() = B::reject(self.to_json());
        self.mark(response);
    }

    fn mark<B>(self, response: &mut Response<B>) {
        *response.status_mut() = self.shared.status;
        let headers = response.headers_mut();
        for (name, value) in &self.shared.headers {
            headers.append(name, value.clone());
        }
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        response.extensions_mut().insert(self);
    }

    /// Gives it the id of the request that it answers.
    pub(super) fn name(&mut self, id: RequestId) {
        self.request_id = Some(id);
    }

    pub(super) fn to_json(&self) -> Bytes {
        let rendered = self.shared.rendered();
        let (Some(id), Some(open)) = (&self.request_id, rendered.strip_suffix(b"}")) else {
            return rendered.clone();
        };
        let id = id.as_str();
        // Exactly, so that the buffer becomes the body as it is; only an id with quotes grows it.
        let mut json = Vec::with_capacity(rendered.len() + ID_MEMBER.len() + id.len() + 2);
        json.extend_from_slice(open);
        json.extend_from_slice(ID_MEMBER);
        // Writing a string into a buffer has no way to fail.
        let _ = serde_json::to_writer(&mut json, id);
        json.push(b'}');
        Bytes::from(json)
    }

    fn edit(&mut self) -> &mut Shared {
        Shared::edit(&mut self.shared)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.shared.members(&mut map)?;
        if let Some(id) = &self.request_id {
            map.serialize_entry("request_id", id.as_str())?;
        }
        map.end()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shared.status.as_u16(), self.shared.title)?;
        if let Some(detail) = &self.shared.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
