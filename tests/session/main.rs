//! Sessions over their public interface: the same rules on every store.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod layer;
#[path = "../log/mod.rs"]
mod log;
mod model;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[path = "../redis_server/mod.rs"]
mod redis_server;
mod rules;
