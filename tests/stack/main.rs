//! The stack runs its layers around one future. Whatever it is asked, it answers and records as they do one around the other.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod broken;
mod equal;
mod gates;
mod held;
mod keys;
#[path = "../log/mod.rs"]
mod log;
mod seen;
mod service;
