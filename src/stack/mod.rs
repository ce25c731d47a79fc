//! Every layer in the one right order, from one builder, as one layer.
//!
//! What it decides:
//!
//! 1. The order, outermost first and whatever the order of the builder's calls: request id, trace context, request log, catch error,
//!    shutdown, security headers, CORS, catch error, client address, limit by address, throttle, CSRF, timeout, tokens, sessions,
//!    limit by user, authorization, not found.
//!    Errors are caught twice: within the headers and CORS, so that a browser can read the answer to a crash, and outside all that
//!    could crash. [`Stack::explain`] prints the order with the reason of each line.
//! 2. Without a word of yours it has what needs no policy: request id, request log, catch error, security headers and not found.
//!    What admits or refuses is added by name.
//! 3. A limit by address counts the peer, unless [`client_ip`](StackBuilder::client_ip) says which proxies are trusted.
//! 4. Sessions, a limit by user or a policy without `jwt` is a [`ConfigError`](crate::ConfigError): nothing would say who the caller is. So is
//!    a limit by user that counts by address, or whose quota has the name of the other limit's.
//! 5. The answer to an error, a crash or the deadline is marked as any other: it tells the quotas of both limits, and their
//!    [`count_if`](crate::rate_limit::RateLimitLayerBuilder::count_if) is asked about its status. Stacked by hand, a limit within has
//!    lost the request by then.
//! 6. The faults of all parts are listed at once, since the builder takes the parts' builders: see [`Part`].
//!
//! The error type becomes [`Infallible`](std::convert::Infallible), as axum and hyper want it; the response's body is wrapped in
//! named types by the layers that must see its end. A body limit is tower-http's: put it on the service before this layer goes
//! around it.
//!
//! It costs less than its layers do one around the other: they share one future, and one reference to what the builder settled. One
//! left out costs a branch. A request that has to wait in one of them, or for the service where there is a timeout, costs an
//! allocation more.
//!
//! It goes around the whole service, once. With axum that is `Router::layer`, after all routes, so that the log knows their
//! templates. A layer of yours that must stand between two of these is a reason to stack them by hand with `tower::ServiceBuilder`;
//! inside and outside there is room for any.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::stack::Stack;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<Full<Bytes>>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = Stack::builder().build()?.layer(hello);
//!
//! let response = service.oneshot(Request::default()).await?;
//! assert!(response.headers().contains_key("x-request-id"));
//! assert_eq!(response.headers()["x-content-type-options"], "nosniff");
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
//! use std::time::Duration;
//!
//! use portcullis::authorize::Policy;
//! use portcullis::client_ip::PeerAddr;
//! use portcullis::cors::CorsLayer;
//! use portcullis::jwt::{Algorithm, JwtLayer, Key};
//! use portcullis::rate_limit::{Quota, RateLimitLayer};
//! use portcullis::stack::Stack;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stack = Stack::builder()
//!     .authorize(Policy::authenticated())
//!     .jwt(JwtLayer::builder().key(Key::hmac(Algorithm::HS256, [7; 32])).issuer("https://id.example.com").audience("shop"))
//!     .rate_limit(RateLimitLayer::builder().quota(Quota::new(100, Duration::from_secs(15 * 60))))
//!     .cors(CorsLayer::builder().origin("https://app.example.com"))
//!     .build()?;
//! assert!(stack.explain().to_string().contains("cors              401 and 429 must be readable by the browser"));
//!
//! # let hello = service_fn(async |_: Request<Full<Bytes>>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let mut request = Request::get("/").header("origin", "https://app.example.com").body(Full::default())?;
//! request.extensions_mut().insert(PeerAddr("198.51.100.7:4711".parse()?));
//! let response = stack.layer(hello).oneshot(request).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//! assert_eq!(response.headers()["ratelimit"], "\"default\";r=99;t=9");
//!
//! let error = Stack::builder().cors(CorsLayer::builder().any_origin().credentials(true)).authorize(Policy::role("admin")).build();
//! assert_eq!(error.unwrap_err().faults().len(), 2);
//! # Ok(())
//! # }
//! ```

mod body;
mod builder;
mod crossing;
mod explain;
mod future;
mod kept;
mod layer;
mod layers;
mod part;
mod service;
mod work;

pub use self::body::ResponseBody;
pub use self::builder::StackBuilder;
pub use self::explain::{Explanation, Step};
pub use self::future::ResponseFuture;
pub use self::layer::Stack;
pub use self::part::Part;
pub use self::service::Gate;
