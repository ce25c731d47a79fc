//! Serves any tower service on hyper, with the deadlines and bounds that a server on the open network needs.
//!
//! What it does:
//!
//! 1. HTTP/1.1 and HTTP/2 on one port: without TLS by prior knowledge (h2c), with the feature `tls` as ALPN has it; an upgrade to a
//!    WebSocket works. Certificates are reloaded under open connections ([`TlsReloader`]). A client that agreed upon one version
//!    and speaks the other is closed (RFC 9113 section 3.2); without TLS, what does not begin as HTTP/2 is answered as HTTP/1.1.
//! 2. A peer that is silent is not waited for: each silence has its deadline.
//!
//!    | what does not come | default | then |
//!    |---|---|---|
//!    | the first byte, a PROXY header, a TLS handshake, the rest of a head | 10 s | closed |
//!    | the next piece of a body that the service waits for | 30 s, 240 bytes a second | [`RequestBodyError`], `408` |
//!    | room for an answer that the peer does not take | 60 s | cut, HTTP/2: its stream (`CANCEL`) |
//!    | the next request of a kept connection | 75 s | closed, HTTP/2: `GOAWAY` |
//!    | the end of an answer | for ever | cut |
//!
//!    Over HTTP/2 a stream that stalls ends alone: an answer has the 60 s for each 16 KiB of its own, except where the link is so
//!    narrow that it waits for its turn. What the peer leaves of the last 16 KiB ends with the connection. A peer that is gone is
//!    found by a ping, over HTTP/1 by TCP's own probes after 2 minutes. An upgraded connection has none of these deadlines.
//! 3. A head above the bounds (default 64 KiB and 100 fields) is answered with `431`, one that is not HTTP, or names no host, two or
//!    none that can be one, with `400`, and the client may finish sending for 1 s, so that it sees the answer and not a reset.
//!    These answers have no body and no log record: most are hyper's, made before there is a request that a layer could see.
//! 4. Connections above the cap (default 10 000; upgraded ones count) wait in the system's queue, requests of one HTTP/2 connection above theirs (128) at
//!    the client. A client that opens and resets streams is sent away (`ENHANCE_YOUR_CALM`).
//! 5. An error of `accept`, such as too many open files, is logged and tried again after a pause, never in a spin.
//! 6. The peer's address is a [`PeerAddr`](crate::client_ip::PeerAddr) in the request's extensions, with the feature `axum`
//!    also a `ConnectInfo<SocketAddr>`. Trusted proxies may say whose a connection is ([`ProxyProtocol`]). A request over TLS carries
//!    [`Https`](crate::security_headers::Https). `TCP_NODELAY` is set.
//! 7. When told to stop it serves what waits in the queue, closes the listener, and every connection after the answer in flight
//!    (HTTP/2: `GOAWAY`). Over HTTP/1 a connection without a request is kept for 1 s more: a request that is already on its way is
//!    answered, with `Connection: close`, and not lost. The server's future ends when all are closed; dropping the future closes
//!    them at once. A deadline is [`shutdown`](crate::shutdown)'s part.
//!
//! An upgraded connection has left the server: it is told and waited for by a [`Guard`](crate::shutdown::Guard) of its own. A client
//! that shuts its sending side is taken for gone, and its request is dropped.
//!
//! It listens on ports ([`bind`]), unix sockets ([`bind_unix`]) and sockets that a supervisor holds open, so that a restart loses no
//! connection ([`inherited`], [`from_stdin`]); on several at once with [`Server::and`].
//!
//! It costs what hyper costs, one clone of the service and two boxed extensions a request, one task and one timer a connection.
//! The timer is not set anew at each request. An axum `Router` without state costs three allocations less a request after
//! `with_state(())`.
//!
//! With thousands of idle connections on glibc, its `malloc` can be what costs: it keeps seven free pieces of a size at hand, and a
//! request behind a gate frees more. `GLIBC_TUNABLES=glibc.malloc.tcache_count=64` in the environment, or another allocator, took
//! 6 us off a request beside 10 000 of them (`benches/README.md`).
//!
//! # Threads or workers
//!
//! [`Server::serve`] runs on tokio's threads, which share all work: a connection that keeps one busy holds up no other. With
//! [`Server::workers`] each thread is a runtime of its own and keeps its connections: nothing crosses threads. For a service that
//! answers at once, on two cores beside the load generator (`wrk -c 64`, `examples/workers.rs`), requests a second:
//!
//! | | kept connections | one connection a request | slowest 1 % |
//! |---|---|---|---|
//! | threads | 29 000 to 31 000 | 5 600 to 7 500 | 6 to 9 ms |
//! | workers, one listener | 35 000 to 38 000 | 6 800 to 8 200 | 7 to 8 ms |
//! | workers, `SO_REUSEPORT` | 39 000 to 47 000 | 9 300 to 9 700 | 24 to 26 ms |
//!
//! Workers win where requests are many, short and alike. Threads win where they are not: a worker that is busy or blocked holds up
//! all its connections, and with `SO_REUSEPORT` those that wait at its socket, as the last column shows.
//!
//! # Under attack
//!
//! h2spec finds all 146 of its cases answered as they should be over TLS, and 145 without: see 1 for the other. 1 000 rolling
//! restarts of `examples/cluster.rs` failed none of 159 000 requests. With slowhttptest 1.8 against `examples/blog` at its defaults,
//! while another client was answered within 0.1 s:
//!
//! | | what became of the connections |
//! |---|---|
//! | 2 000 slow heads (`-H`) | closed by the header timeout |
//! | 500 slow bodies (`-B`) | 400 refused by the bound on one address ([`throttle`](crate::throttle)), 100 answered after 30 s |
//! | 500 slow readers of 6 KB (`-X`) | answers that the system's buffer took; closed when idle for the keep-alive time |
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
#[cfg(feature = "tls")]
mod alpn;
mod bind;
mod connection;
mod linger;
mod listener;
mod piece;
mod policy;
mod proxy;
mod request_body;
mod response;
mod serve;
mod service;
mod settings;
mod socket;
mod stream;
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
