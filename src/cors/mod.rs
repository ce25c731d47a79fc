//! Cross-origin resource sharing (Fetch standard section 3.3): which web pages of other origins may read the answers.
//!
//! What it decides:
//!
//! 1. A preflight is `OPTIONS` with `Origin` and `Access-Control-Request-Method`, and nothing else is. It is answered here:
//!    `204` with what is allowed, or a `403` [`Problem`](crate::Problem) without a single CORS header.
//! 2. Any other request goes on to the service, whatever its origin: CORS protects readers, not writers (for those see
//!    `csrf`).
//! 3. The response to an allowed origin gets `Access-Control-Allow-Origin`, also where it is a refusal or an error of an inner
//!    layer. A response to a disallowed origin, to `null`, to several `Origin` lines or to none gets no CORS header at all.
//! 4. Where the answer depends on the origin, `Vary` says so: merged into the line that is there, never doubled. Where any origin
//!    is allowed it does not depend: every response gets the same `*`, also one to `null` or to a request without `Origin`, so that
//!    a cache may give it to all.
//! 5. A wildcard together with credentials is a [`ConfigError`](crate::ConfigError), for every kind of wildcard.
//!
//! Origins are exact values, patterns for sub-domains (`https://*.example.com`, at least one label deep) or for ports
//! (`http://localhost:*`), a closure, or an async closure.
//!
//! **Cost.** No allocation for exact origins, patterns and closures beyond the growth of the response's header map; one line
//! more where the service has its own `Vary`. An async closure costs its boxed future and runs beside the service, not before it.
//!
//! **Order.** Inside `security_headers`, outside everything that may refuse: a browser can only read a `401` or `429` that
//! carries CORS headers, and a preflight carries no credentials, so it must end before authentication and limits.
//!
//! Private Network Access is left out, since its successor needs no header. To hand preflights on to the service, do not put
//! the layer on that route.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Method, Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::cors::CorsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cors = CorsLayer::builder().origin("https://app.example.com").build()?;
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let request = Request::get("/").header("origin", "https://app.example.com").body(())?;
//! let response = cors.layer(hello).oneshot(request).await?;
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//! # Ok(())
//! # }
//! ```
//!
//! Customised, with a preflight:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Method, Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::cors::CorsLayer;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cors = CorsLayer::builder()
//!     .origin("https://*.example.com")
//!     .credentials(true)
//!     .methods([Method::GET, Method::PUT])
//!     .headers(["content-type", "x-tenant"])
//!     .expose(["x-total-count"])
//!     .max_age(Duration::from_secs(3600))
//!     .build()?;
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let preflight = Request::options("/")
//!     .header("origin", "https://shop.example.com")
//!     .header("access-control-request-method", "PUT")
//!     .body(())?;
//! let response = cors.layer(hello).oneshot(preflight).await?;
//! assert_eq!(response.status(), 204);
//! assert_eq!(response.headers()["access-control-allow-methods"], "GET, PUT");
//! assert_eq!(response.headers()["access-control-allow-credentials"], "true");
//!
//! let error = CorsLayer::builder().any_origin().credentials(true).build().unwrap_err();
//! assert_eq!(error.faults()[0].setting(), "credentials");
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod preflight;
mod service;
#[cfg(test)]
mod tests;

pub use self::future::ResponseFuture;
pub use self::layer::{CorsLayer, CorsLayerBuilder};
pub(crate) use self::policy::{Policy, Preflight, Verdict};
pub(crate) use self::preflight::answer;
pub use self::service::Cors;
