//! For axum: extractors that refuse in the voice of the gate, what the gate knows as extractors, and responses.
//!
//! What it decides:
//!
//! 1. [`Json`], [`Form`], [`Query`] and [`Path`] take what axum's extractors of the same names take. They refuse with a
//!    [`Problem`](crate::Problem) that bears the request's id:
//!
//!    | what is wrong | status |
//!    |---|---|
//!    | a body that is no JSON, or cannot be read to its end | `400` |
//!    | a body whose data do not fit | `422` |
//!    | a body of another content type | `415`, with `Accept` |
//!    | a body above the limit (2 MB, or axum's `DefaultBodyLimit`) | `413` |
//!    | a query that does not fit, or the form of a `GET` | `400` |
//!    | a parameter of the path that does not parse | `404` |
//!    | a path that is not UTF-8 | `400` |
//!
//! 2. The detail says where the fault is and what would be right, in the words of JSON: `author.age: invalid type: string, expected
//!    a whole number from 0 to 255`. It names no type of Rust, which is what axum's own text does, and repeats no value, which
//!    may be a secret in the wrong place. What a deserializer of the app's, or of another crate, says in words of its own is
//!    passed on, cut at 240 characters.
//! 3. [`Identity`](crate::Identity), [`Verified`](crate::jwt::Verified) claims, also as an `Option`,
//!    [`ClientIp`](crate::client_ip::ClientIp), [`RequestId`](crate::RequestId) and
//!    [`CspNonce`](crate::security_headers::CspNonce) are extractors. Where the layer that provides one is missing, or stands
//!    inside the route, the answer is a `500`, and an `error` record with target `portcullis::axum` names the layer. Without
//!    `client_ip` the client is the peer.
//! 4. A [`Path`] that does not fit its route is the app's mistake, and answered as such: `500` and a record.
//! 5. [`not_found`] and [`method_not_allowed`] are handlers for the fallbacks of a `Router`.
//! 6. [`Problem`](crate::Problem), [`Error`](crate::Error) and [`Json`] are responses, so that `?` works in a handler on any error.
//! 7. [`RefreshCookie`] takes the refresh token of a browser from its cookie, and sets or clears it in the answer.
//! 8. [`Routes`] is a router on which every route has a policy, and which lists them all.
//!
//! An extractor of axum's own, where an app still uses one, refuses in plain text, and nothing around it can tell why.
//!
//! It costs what axum's extractors cost: on a request that is taken, nothing is added but a reference count for the id.
//!
//! It goes inside all layers. The extractors of point 3 read what layers outside the route have put into the request.
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::routing::post;
//! use http::{Request, header::CONTENT_TYPE};
//! use portcullis::Problem;
//! use portcullis::axum::{Json, method_not_allowed, not_found};
//! use tower::ServiceExt;
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Post {
//!     title: String,
//!     stars: u8,
//! }
//!
//! async fn create(Json(post): Json<Post>) -> Json<Post> {
//!     Json(post)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new()
//!     .route("/posts", post(create))
//!     .fallback(not_found)
//!     .method_not_allowed_fallback(method_not_allowed);
//!
//! let request = Request::post("/posts").header(CONTENT_TYPE, "application/json");
//! let response = app.clone().oneshot(request.body(Body::from(r#"{"title": "Hi", "stars": 300}"#))?).await?;
//! assert_eq!(response.status(), 422);
//! let problem = response.extensions().get::<Problem>().unwrap();
//! assert_eq!(problem.detail(), Some("stars: invalid value: integer, expected a whole number from 0 to 255"));
//!
//! let response = app.oneshot(Request::delete("/posts").body(Body::empty())?).await?;
//! assert_eq!(response.status(), 405);
//! assert_eq!(response.headers()["allow"], "POST");
//! # Ok(())
//! # }
//! ```
//!
//! With what the gate knows, and an extractor of the app's own on top of it:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::extract::FromRequestParts;
//! use axum::routing::get;
//! use http::header::WWW_AUTHENTICATE;
//! use http::request::Parts;
//! use http::{HeaderValue, Request, StatusCode};
//! use portcullis::request_id::RequestIdLayer;
//! use portcullis::{Identity, Problem, RequestId};
//! use tower::ServiceExt;
//!
//! struct SignedIn {
//!     user: u64,
//! }
//!
//! impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
//!     type Rejection = Problem;
//!
//!     async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
//!         let identity = Identity::from_request_parts(parts, state).await?;
//!         match identity.subject().and_then(|subject| subject.parse().ok()) {
//!             Some(user) => Ok(Self { user }),
//!             None => Err(Problem::new(StatusCode::UNAUTHORIZED)
//!                 .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
//!                 .for_request(&parts.extensions)),
//!         }
//!     }
//! }
//!
//! async fn me(caller: SignedIn, id: RequestId) -> String {
//!     format!("user {} in request {id}", caller.user)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new().route("/me", get(me)).layer(RequestIdLayer::new());
//!
//! // As a layer that verifies callers does.
//! let mut request = Request::get("/me").body(Body::empty())?;
//! request.extensions_mut().insert(Identity::anonymous());
//! let response = app.clone().oneshot(request).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["www-authenticate"], "Bearer");
//!
//! let mut request = Request::get("/me").body(Body::empty())?;
//! request.extensions_mut().insert(Identity::user("42"));
//! assert_eq!(app.clone().oneshot(request).await?.status(), 200);
//!
//! // There is no such layer.
//! assert_eq!(app.oneshot(Request::get("/me").body(Body::empty())?).await?.status(), 500);
//! # Ok(())
//! # }
//! ```

mod audit;
pub(crate) mod extensions;
mod fallback;
mod form;
mod gate;
mod json;
mod path;
mod query;
#[cfg(feature = "session")]
mod refresh_cookie;
mod rejection;
mod response;
mod routes;
#[cfg(test)]
mod tests;
mod transparent;
mod wording;

pub use self::audit::{Audit, AuditedRoute};
pub use self::fallback::{method_not_allowed, not_found};
pub use self::form::Form;
pub use self::json::Json;
pub use self::path::Path;
pub use self::query::Query;
#[cfg(feature = "session")]
pub use self::refresh_cookie::{RefreshCookie, SetRefreshCookie};
pub use self::routes::Routes;
