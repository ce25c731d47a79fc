use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Map, Value};

use super::details::{PROBLEM_JSON, Problem};
use crate::body::RejectBody;
use crate::request_id::RequestId;

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
/// the request's id, and the app's renderer has its say. Any other response stays as it is, also one of another content type
/// that took the place of a problem and kept its extensions.
pub fn complete<B: RejectBody>(response: &mut Response<B>, id: Option<&RequestId>, renderer: Option<&Renderer>) {
    // First, since most answers are no problems, and to look a header up costs more.
    if response.extensions().get::<Problem>().is_none() {
        return;
    }
    let content = response.headers().get(CONTENT_TYPE).cloned();
    let Some(problem) = response.extensions_mut().get_mut::<Problem>() else {
        return;
    };
    let named = match id {
        Some(id) if problem.request_id().is_none() => {
            problem.name(id.clone());
            true
        }
        _ => false,
    };
    let (content_type, body) = match renderer {
        Some(renderer) => renderer.render(problem),
        None if named => (PROBLEM_JSON, problem.to_json()),
        None => return,
    };
    // What an inner call of this function has rendered is of the renderer's type.
    if content.is_none_or(|content| content != PROBLEM_JSON && content != content_type) {
        return;
    }
    *response.body_mut() = B::reject(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.remove(CONTENT_LENGTH);
    // A layer in between may have compressed the body that is replaced.
    headers.remove(CONTENT_ENCODING);
}
