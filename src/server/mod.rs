//! Serves any tower service on hyper, with the deadlines and bounds that a server on the open network needs.
//!
//! What it does:
//!
//! 1. HTTP/1.1 and HTTP/2 without TLS (h2c, by prior knowledge) on one port; an upgrade to a WebSocket works.
//! 2. A connection that has not sent a whole request head within the header timeout (default 10 s) is closed. That also
//!    holds for the first byte and, over HTTP/1, between two requests of a kept connection. A dead HTTP/2 peer is found by
//!    a ping.
//! 3. A head above the bound (default 64 KiB) is answered with `431`, one that is not HTTP with `400`, and the client may
//!    finish sending for 1 s, so that it sees the answer and not a reset.
//! 4. Connections above the cap (default 10 000) wait in the system's queue.
//! 5. An error of `accept`, such as too many open files, is logged and tried again after a pause, never in a spin.
//! 6. The peer's address is a [`PeerAddr`](crate::client_ip::PeerAddr) in the request's extensions, with the feature `axum`
//!    also a `ConnectInfo<SocketAddr>`. `TCP_NODELAY` is set.
//! 7. When told to stop it closes the listener, and every connection after the answer in flight (HTTP/2: `GOAWAY`). Its
//!    future ends when all are closed; dropping the future closes them at once. A deadline is
//!    [`shutdown`](crate::shutdown)'s part.
//!
//! An upgraded connection has left the server: it is told and waited for by a [`Guard`](crate::shutdown::Guard) of its own.
//!
//! It costs what hyper costs, one clone of the service and a boxed extension a request, and one task a connection.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portcullis::client_ip::PeerAddr;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let service = tower::service_fn(async |request: Request<portcullis::server::RequestBody>| {
//!     let peer = request.extensions().get::<PeerAddr>().map(|peer| peer.0.ip().to_string());
//!     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(peer.unwrap_or_default())))
//! });
//! let server = portcullis::server::bind("127.0.0.1:0").await?;
//! let address = server.local_addr()?;
//! tokio::spawn(server.serve(service));
//!
//! let mut client = tokio::net::TcpStream::connect(address).await?;
//! client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?;
//! assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"));
//! # Ok(())
//! # }
//! ```
//!
//! With bounds of its own and a shutdown:
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portcullis::shutdown::Shutdown;
//! use tower::ServiceBuilder;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shutdown = Shutdown::builder().drain_deadline(Duration::from_secs(10)).build()?;
//! let handle = shutdown.handle();
//! let service = ServiceBuilder::new()
//!     .layer(shutdown.layer())
//!     .service_fn(async |_: Request<portcullis::server::RequestBody>| {
//!         Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
//!     });
//! let server = portcullis::server::bind("127.0.0.1:0")
//!     .await?
//!     .header_timeout(Duration::from_secs(5))
//!     .max_connections(500)
//!     .with_graceful_shutdown(handle.stop_accepting())
//!     .serve(service);
//!
//! handle.trigger(); // or SIGTERM
//! let (report, _) = shutdown.run(server).await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```

mod activity;
mod bind;
mod connection;
mod linger;
mod listener;
mod policy;
mod proxy;
mod request_body;
mod response;
mod serve;
mod service;
mod settings;
mod socket;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;
mod transport;
#[cfg(unix)]
mod unix;
mod workers;

pub use self::bind::bind;
#[cfg(unix)]
pub use self::bind::{bind_reuse_port, bind_unix, from_stdin, inherited};
pub use self::proxy::ProxyProtocol;
pub use self::request_body::{RequestBody, RequestBodyError};
pub use self::serve::Server;
#[cfg(feature = "tls")]
pub use self::tls::{TlsConfig, TlsError, TlsReloader};
pub use self::workers::Workers;
