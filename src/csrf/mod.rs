//! Cross-site request forgery: what other sites make a browser send is refused.
//!
//! What it decides, by the algorithm of Go's `CrossOriginProtection`, and in this order:
//!
//! 1. `GET`, `HEAD` and `OPTIONS` pass, since they must not change anything; a WebSocket upgrade does not count among them.
//! 2. `Sec-Fetch-Site: same-origin` or `none` passes: the browser itself vouches for it.
//! 3. An exempt route passes, and so does a trusted origin.
//! 4. Any other `Sec-Fetch-Site` is refused.
//! 5. Without it, a request with no `Origin` passes: no browser sent it, or one before 2020 from the same origin.
//! 6. An `Origin` whose host and port are those of the request passes; any other is refused.
//!
//! A refusal is a `403` [`Problem`](crate::Problem) with a [`Refusal`] in the response's extensions. In report-only mode it is a
//! warning with target `portcullis::csrf`, and the request passes.
//!
//! No tokens, no cookies, no state: that needs a browser with fetch metadata, which all have had since 2023, or the `Origin` that they
//! have sent with every `POST` since 2020. Step 6 cannot tell `http` from `https`; HSTS of `security_headers` closes that.
//!
//! It costs no allocation.
//!
//! It goes inside `cors` and the limit by address, and outside `jwt`: it is cheaper than a signature.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::csrf::CsrfLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = CsrfLayer::default().layer(hello);
//! let forged = Request::post("/transfer").header("sec-fetch-site", "cross-site").body(())?;
//! assert_eq!(service.clone().oneshot(forged).await?.status(), 403);
//!
//! let own = Request::post("/transfer").header("sec-fetch-site", "same-origin").body(())?;
//! assert_eq!(service.oneshot(own).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! Customised:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::csrf::CsrfLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = CsrfLayer::builder().trust_origin("https://app.example.com").exempt("/webhooks/payment").build()?;
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let upgrade = Request::get("/chat")
//!     .header("upgrade", "websocket")
//!     .header("origin", "https://evil.example")
//!     .header("host", "example.com")
//!     .body(())?;
//! assert_eq!(layer.layer(hello).oneshot(upgrade).await?.status(), 403);
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod layer;
mod policy;
mod service;
#[cfg(test)]
mod tests;

pub use self::layer::{CsrfLayer, CsrfLayerBuilder};
pub(crate) use self::policy::Policy;
pub use self::policy::Refusal;
pub use self::service::Csrf;
pub use crate::checkpoint::ResponseFuture;
