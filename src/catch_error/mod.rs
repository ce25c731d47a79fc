//! Errors and panics become Problems, so that nothing inside can break a connection or leave a request without an answer.
//!
//! What it decides:
//!
//! 1. An error of the inner service becomes a `500`; one that is a [`Problem`](crate::Problem), or has one among its sources,
//!    becomes that problem.
//! 2. A panic in `call`, in the future or in `poll_ready` becomes a `500`.
//! 3. An error of `poll_ready` becomes a `503` for the request that was waiting; the service is asked anew for the next.
//! 4. A panic or an error in a streaming body comes after the headers are out: the body ends with a [`BodyError`], on which
//!    hyper aborts the connection (HTTP/1) or resets the stream (HTTP/2). A client can tell it from a complete answer.
//! 5. A response that carries a [`Problem`](crate::Problem) without a request id, such as a handler's, is given the id. With
//!    a [`Renderer`](crate::problem::Renderer) every problem is rendered by it.
//!
//! The client never learns more than the status: title and detail are fixed. The log does: an `error` record with target
//! `portcullis::catch_error` names the cause (an error with its sources, or the panic's message), the request's id, method,
//! path without query, and route. The cause of a handler's `?` ([`Cause`](crate::problem::Cause)) is logged in the same way.
//! The failure is noted on the [`Trail`](crate::Trail).
//!
//! The error type of the service becomes [`Infallible`](std::convert::Infallible), as axum and hyper want it. The body is
//! wrapped in [`ResponseBody`], not boxed; its length stays known.
//!
//! It costs no allocation on a request that succeeds: what a record may need of the request is shared, not copied. A binary
//! built with `panic = "abort"` ends at a panic before this layer sees it.
//!
//! It stands inside `request_log`, which records what became of the request, and outside everything else: only what is
//! within can be caught. On an axum `Router`, `Router::layer` keeps the route's template visible to it.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portcullis::catch_error::CatchErrorLayer;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = ServiceBuilder::new()
//!     .layer(CatchErrorLayer::new())
//!     .service_fn(async |_: Request<Full<Bytes>>| Err::<Response<Full<Bytes>>, _>(std::io::Error::other("disk on fire")));
//!
//! let answer: Result<_, Infallible> = service.oneshot(Request::default()).await;
//! assert_eq!(answer.unwrap().status(), 500);
//! # }
//! ```
//!
//! With member names of the app's own:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::{BodyExt, Full};
//! use portcullis::Problem;
//! use portcullis::catch_error::CatchErrorLayer;
//! use portcullis::problem::Renderer;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let renderer = Renderer::members(|problem, members| {
//!     let message = if problem.status() == 500 { "Something went wrong!" } else { problem.title() };
//!     members.insert("message".into(), message.into());
//! });
//! let service = ServiceBuilder::new()
//!     .layer(CatchErrorLayer::new().renderer(renderer))
//!     .service_fn(async |_: Request<Full<Bytes>>| -> Result<Response<Full<Bytes>>, Problem> { panic!("bug") });
//!
//! let response = service.oneshot(Request::default()).await.unwrap();
//! let body = response.into_body().collect().await.unwrap().to_bytes();
//! assert!(std::str::from_utf8(&body).unwrap().contains(r#""message":"Something went wrong!""#));
//! # }
//! ```

mod body;
mod conclude;
mod context;
mod error;
mod fault;
mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::body::ResponseBody;
pub(crate) use self::conclude::conclude;
pub(crate) use self::context::Context;
pub use self::error::BodyError;
pub(crate) use self::fault::{Fault, guarded, readiness};
pub use self::future::ResponseFuture;
pub use self::layer::CatchErrorLayer;
pub use self::service::CatchError;
