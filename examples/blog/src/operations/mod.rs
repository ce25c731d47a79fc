//! For those who run the blog, on a port of its own that callers do not reach: metrics, probes, the log's level.
//!
//! It has no accounts: whoever reaches the port may use it. By default it listens on the loopback address only.

mod handlers;
mod healthcheck;
mod listener;
mod routes;

pub use self::healthcheck::healthcheck;
pub use self::listener::listen;
pub use self::routes::router;
