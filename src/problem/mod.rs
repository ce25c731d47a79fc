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

mod details;
mod error;
mod renderer;
mod shared;

pub use self::details::Problem;
pub use self::error::{Cause, Error, Result};
pub(crate) use self::error::{Chain, OneLine};
pub use self::renderer::{Renderer, complete};
