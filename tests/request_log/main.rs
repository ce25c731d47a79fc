//! One record for every request, however it ends, seen through a subscriber of the test's own and over real sockets.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod capture;
mod endings;
#[path = "../log/mod.rs"]
mod log;
mod records;
mod sockets;
