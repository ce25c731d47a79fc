//! A bound on the requests that are served at once, with a short queue before it: what would be too late is refused early.
//!
//! What it decides, in this order:
//!
//! 1. A request for which a [`skip`](ThrottleLayerBuilder::skip) closure answers true goes on, uncounted.
//! 2. With [`per_key`](ThrottleLayerBuilder::per_key) a caller has so many requests under way, and as many again that wait. More of the
//!    same caller are refused at once, so that nobody fills the queue for all. A request that has no key is admitted, refused with a
//!    `400` or counted by its address, as [`MissingKey`] says; one that should have it and does not, since the layer that inserts it is
//!    missing, gets a `500`, and the log says which layer that is.
//! 3. Of all callers together [`max_concurrent`](ThrottleLayerBuilder::max_concurrent) are under way. The others wait, in the order in
//!    which they came: at most [`max_queued`](ThrottleLayerBuilder::max_queued) of them, each for
//!    [`max_wait`](ThrottleLayerBuilder::max_wait) at most.
//! 4. Who finds the queue full, or waits for too long, gets a `503` [`Problem`](crate::Problem) with `Retry-After`: seconds, rounded up,
//!    never 0.
//! 5. A request is under way until the body of its answer has ended, or its client has gone, also while it waits. A connection that is
//!    upgraded to another protocol is not counted from then on.
//!
//! Clones of a layer, and all services it makes, count together, in this process.
//!
//! **Memory.** Callers are kept only while they have requests under way or in the queue, and both have a bound: fresh keys cannot
//! fill a table, and nothing is left of a caller who has gone. Only a hash of the key is kept.
//!
//! **Beside tower.** `tower::limit::ConcurrencyLimit` counts by the same fair semaphore of tokio. It waits in `poll_ready`, where there
//! is no request yet to tell callers apart by, and where nothing bounds how many wait or for how long; and it lets go when the head of
//! the answer is there, although a long body is most of the work. `tower::load_shed` bounds the wait to nothing, and refuses by an
//! error in place of the service's own.
//!
//! It costs no allocation where the request is served at once; per key one, for the caller's first of those under way. One that waits
//! costs three and a clone of the inner service. There is no lock for requests that are served at once, beyond one that a 64th of
//! the callers share. Waiting needs a tokio runtime with its clock.
//!
//! It goes inside `client_ip` and `rate_limit` by address, whose refusals are cheaper and need no permit, and outside everything
//! that costs: parsing, tokens, the service. Outside `timeout`, so that its deadline is that of the work and not of the wait. With
//! [`Key::user`] it goes inside `jwt`.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::throttle::ThrottleLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = ThrottleLayer::builder().max_concurrent(1).max_queued(0).build()?.layer(hello);
//!
//! let first = service.clone().oneshot(Request::new(())).await?;
//! // Its body has not been read to its end.
//! let refused = service.clone().oneshot(Request::new(())).await?;
//! assert_eq!(refused.status(), 503);
//! assert_eq!(refused.headers()["retry-after"], "1");
//!
//! drop(first);
//! assert_eq!(service.oneshot(Request::new(())).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! Per address, with room for those who wait a moment:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use std::time::Duration;
//!
//! use portcullis::client_ip::PeerAddr;
//! use portcullis::throttle::{Key, ThrottleLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let layer = ThrottleLayer::builder()
//!     .max_concurrent(512)
//!     .max_queued(1024)
//!     .max_wait(Duration::from_secs(2))
//!     .per_key(Key::client_address(), 1)
//!     .max_queued_per_key(0)
//!     .skip(|request| request.uri().path() == "/healthz")
//!     .retry_after(Duration::from_secs(5))
//!     .build()?;
//! let service = layer.layer(hello);
//! let from = |address: &str| {
//!     let mut request = Request::new(());
//!     request.extensions_mut().insert(PeerAddr(address.parse().unwrap()));
//!     request
//! };
//!
//! let first = service.clone().oneshot(from("192.0.2.1:4711")).await?;
//! let second = service.clone().oneshot(from("192.0.2.1:4712")).await?;
//! assert_eq!(second.status(), 503);
//! assert_eq!(second.headers()["retry-after"], "5");
//! assert_eq!(service.oneshot(from("192.0.2.2:4711")).await?.status(), 200);
//! # drop(first);
//! # Ok(())
//! # }
//! ```

mod body;
mod checkpoint;
mod future;
mod gate;
mod keys;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
pub(crate) use self::gate::{Gate, Permits};
pub use self::layer::{ThrottleLayer, ThrottleLayerBuilder};
pub use self::service::Throttle;
pub use crate::caller::{Key, MissingKey};
