//! Who is calling, behind trusted proxies.
//!
//! What it decides:
//!
//! 1. Without trusted proxies the client is the connection's peer, and no header is read.
//! 2. With them, by network or by a number of hops, the walk goes from the peer to the right-most element of the one header that
//!    the builder chose, and on to the left; the first address that is not trusted is the client.
//! 3. Something that is no address ends the walk at the last address that is known. Garbage never refuses a request, and never
//!    lets a client choose its address.
//! 4. `192.0.2.1:80`, `[2001:db8::1]:80`, quotes, zones and IPv4-mapped IPv6 come out in one canonical form.
//! 5. A request without a peer address gets a `500`, and the log says how to serve with one.
//!
//! The address is in the request's extensions as [`ClientIp`] and on the [`Trail`](crate::Trail). As a key, IPv6 is grouped by
//! prefix: [`ClientIp::key`].
//!
//! It costs one allocation, the address's place in the extensions.
//!
//! It goes inside `cors`, so that its refusal is readable, and outside `rate_limit`.
//!
//! The peer's address comes from `server`, from axum's
//! `into_make_service_with_connect_info::<SocketAddr>()` with the feature `axum`, or from a [`PeerAddr`] that your own accept loop
//! inserts.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::client_ip::{ClientIp, ClientIpLayer, PeerAddr};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let whoami = service_fn(async |request: Request<()>| {
//!     let client = request.extensions().get::<ClientIp>().unwrap();
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(client.address().to_string())))
//! });
//!
//! let mut request = Request::get("/").header("x-forwarded-for", "203.0.113.9").body(())?;
//! request.extensions_mut().insert(PeerAddr("198.51.100.7:4711".parse()?));
//! let response = ClientIpLayer::peer().layer(whoami).oneshot(request).await?;
//! assert_eq!(format!("{:?}", response.body()), format!("{:?}", Full::<Bytes>::from("198.51.100.7")));
//! # Ok(())
//! # }
//! ```
//!
//! Behind a proxy in the private network:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::client_ip::{ClientIp, ClientIpLayer, PeerAddr};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = ClientIpLayer::builder().trust_networks(["10.0.0.0/8"]).x_forwarded_for().build()?;
//! # let whoami = service_fn(async |request: Request<()>| {
//! #     let client = request.extensions().get::<ClientIp>().unwrap();
//! #     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(client.key(64).to_string())))
//! # });
//! let mut request = Request::get("/").header("x-forwarded-for", "1.1.1.1, [2001:db8::7]:99, 10.0.0.2").body(())?;
//! request.extensions_mut().insert(PeerAddr("10.0.0.1:4711".parse()?));
//! let response = layer.layer(whoami).oneshot(request).await?;
//! assert_eq!(format!("{:?}", response.body()), format!("{:?}", Full::<Bytes>::from("2001:db8::")));
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod layer;
mod peer;
mod policy;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use self::layer::Config;
pub use self::layer::{ClientIpLayer, ClientIpLayerBuilder};
pub use self::peer::{ClientIp, PeerAddr};
#[cfg(feature = "server")]
pub(crate) use self::policy::parse_network;
pub use self::service::ResolveClientIp;
pub use crate::checkpoint::ResponseFuture;
