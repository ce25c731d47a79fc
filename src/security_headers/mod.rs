//! The response headers that make a browser careful: what helmet 8 sets, and what an API or a stricter page wants beside it.
//!
//! What it decides:
//!
//! 1. A header that the handler has set wins; the layer only fills in what is absent.
//! 2. [`SecurityHeadersLayer::default`] is helmet's twelve with helmet's values. [`SecurityHeadersLayer::api`] is for JSON: nothing
//!    may be loaded, framed or cached.
//! 3. `Strict-Transport-Security` is sent only over HTTPS, as RFC 6797 section 7.2 demands: eleven headers over plain HTTP,
//!    twelve over HTTPS. A request came over HTTPS when its URI says so, when an outer layer has put [`Https`] into its extensions,
//!    or when the builder trusts `X-Forwarded-Proto`. [`hsts_always`](SecurityHeadersBuilder::hsts_always) sends it regardless, for
//!    a proxy that says nothing.
//! 4. `X-Powered-By` and `Server` are removed: they help nobody but a scanner.
//! 5. A directive that wants a nonce gets a new one for each response. The handler finds it as [`CspNonce`] in the request's
//!    extensions.
//! 6. A value that no browser would understand is a [`ConfigError`](crate::ConfigError).
//!
//! It costs one growth of the response's header map, or where that has few headers a copy of a prepared one, which may have to grow
//! once: the values are made once. A nonce costs four allocations more and a system call for its randomness.
//!
//! It goes outside whatever refuses, so that refusals carry the headers too, and inside `request_log`.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::security_headers::SecurityHeadersLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = SecurityHeadersLayer::default().layer(hello);
//!
//! let response = service.clone().oneshot(Request::get("http://example.com/").body(())?).await?;
//! assert_eq!(response.headers()["x-frame-options"], "SAMEORIGIN");
//! assert_eq!(response.headers().len(), 11);
//!
//! let response = service.oneshot(Request::get("https://example.com/").body(())?).await?;
//! assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
//! # Ok(())
//! # }
//! ```
//!
//! A page with a nonce, whose policy is only tried out at first:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::security_headers::{Csp, CspNonce, FrameOptions, SecurityHeadersLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = SecurityHeadersLayer::builder()
//!     .content_security_policy(Csp::new().directive("script-src", ["'self'"]).nonce("script-src").report_only())
//!     .frame_options(FrameOptions::Deny)
//!     .build()?;
//!
//! let page = service_fn(async |request: Request<()>| {
//!     let nonce = request.extensions().get::<CspNonce>().unwrap();
//!     let html = format!("<script nonce=\"{nonce}\">alert(1)</script>");
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(html)))
//! });
//! let response = layer.layer(page).oneshot(Request::new(())).await?;
//! let policy = response.headers()["content-security-policy-report-only"].to_str()?;
//! assert!(policy.starts_with("script-src 'self' 'nonce-"));
//! assert_eq!(response.headers()["x-frame-options"], "DENY");
//! # Ok(())
//! # }
//! ```
//!
//! Logging out, [`CLEAR_SITE_DATA`] empties the browser; on every response it would log everybody out.

mod builder;
mod csp;
mod future;
mod layer;
mod policy;
mod prepared;
mod service;
#[cfg(test)]
mod tests;
mod value;

pub use self::builder::SecurityHeadersBuilder;
pub use self::csp::{Csp, CspNonce};
pub use self::future::ResponseFuture;
pub use self::layer::SecurityHeadersLayer;
pub(crate) use self::policy::{Policy, Promised};
pub use self::service::SecurityHeaders;
pub use self::value::{
    CLEAR_SITE_DATA, CacheControl, CrossDomainPolicies, EmbedderPolicy, FrameOptions, Hsts, OpenerPolicy,
    ReferrerPolicy, ResourcePolicy, SecurityHeader,
};
pub use crate::request_view::Https;
