//! The two routes, as a router of axum and as a service of hyper.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use e2e_contract::Post;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/posts/{id}", get(async |Path(id): Path<u32>| Json(Post::sample(id))))
        .route("/posts", get(async || Json(Post::list())))
}

/// An empty 404 where there is no such route.
pub(crate) fn answer<B>(request: &http::Request<B>) -> Response<Full<Bytes>> {
    let json = match request.uri().path() {
        "/posts" => serde_json::to_vec(&Post::list()).ok(),
        path => path
            .strip_prefix("/posts/")
            .and_then(|id| id.parse().ok())
            .and_then(|id| serde_json::to_vec(&Post::sample(id)).ok()),
    };
    let Some(json) = json else {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Full::from(json));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
