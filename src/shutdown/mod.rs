//! Graceful shutdown: a controller that ends a server in phases, and a layer that counts what is in flight.
//!
//! What it decides, from the moment of SIGTERM, SIGINT (Ctrl-C) or a trigger of the app's own:
//!
//! 1. Readiness turns false: [`Readiness`], on a route such as `/readyz`, answers `503`. Everything else is served as before.
//! 2. A grace passes (default 0 s), in which a load balancer sees that and sends its requests elsewhere.
//! 3. The server stops accepting connections ([`Handle::stop_accepting`]). Requests on open connections are still answered;
//!    over HTTP/1 with `Connection: close`, so that clients do not reuse them (RFC 9110 section 7.6.1).
//! 4. The drain: until the last response body has ended, but no longer than the deadline (default 30 s).
//! 5. What is still in flight is aborted: the server's future is dropped.
//! 6. Hooks close databases and the like, in the order given, each with a deadline (default 10 s). Errors, panics and
//!    missed deadlines are logged and do not stop the next.
//! 7. A [`Report`] says what was drained, what was cut and how long it took.
//!
//! A second signal or trigger skips to the abort; a third skips the hooks that have not ended.
//!
//! The layer costs no allocation: two atomic operations a request and a reference count. It stands inside `catch_error` and
//! outside all that does the work, so that it counts a request until the last byte of its answer was handed over. Only
//! requests are counted, and with them streams of events: a WebSocket is counted while it holds a [`Guard`], a background task when
//! [`Handle::spawn`] began it. Both hear [`Handle::stop_accepting`] and say goodbye; a stream of events ends itself in the same way.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portcullis::shutdown::Shutdown;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), portcullis::ConfigError> {
//! let shutdown = Shutdown::builder().build()?;
//! let handle = shutdown.handle();
//! let service = ServiceBuilder::new()
//!     .layer(shutdown.layer())
//!     .service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
//!
//! let response = service.oneshot(Request::default()).await.unwrap();
//! assert_eq!(handle.in_flight(), 1);
//! drop(response);
//! assert_eq!(handle.in_flight(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! A server with grace, a shorter drain and a hook. [`Shutdown::run`] takes any server's future:
//! `axum::serve(listener, app).with_graceful_shutdown(handle.stop_accepting()).into_future()`, or the one of
//! `server`.
//!
//! ```
//! use std::time::Duration;
//!
//! use portcullis::shutdown::{HookOutcome, Shutdown};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), portcullis::ConfigError> {
//! let shutdown = Shutdown::builder()
//!     .grace(Duration::from_millis(5))
//!     .drain_deadline(Duration::from_secs(10))
//!     .hook("database", async || Ok::<_, std::io::Error>(()))
//!     .build()?;
//! let handle = shutdown.handle();
//! let server = handle.stop_accepting();
//! let stop = handle.stop_accepting();
//! handle.spawn("mails", async move {
//!     stop.await; // what is left in the queue goes out here
//! });
//!
//! handle.trigger();
//! let (report, _) = shutdown.run(server).await;
//! assert_eq!(report.drained(), 1);
//! assert!(!handle.is_ready());
//! assert!(report.is_clean());
//! assert_eq!(*report.hooks()[0].outcome(), HookOutcome::Done);
//! # Ok(())
//! # }
//! ```

mod body;
mod controller;
mod counted;
mod future;
mod handle;
mod hooks;
mod layer;
mod readiness;
mod report;
mod service;
mod signals;

pub use self::body::ResponseBody;
pub use self::controller::{Builder, Shutdown};
pub(crate) use self::counted::Counted;
pub use self::future::ResponseFuture;
pub use self::handle::{Guard, Handle};
pub use self::layer::ShutdownLayer;
pub use self::readiness::Readiness;
pub use self::report::{HookOutcome, HookReport, Report};
pub use self::service::InFlight;
