//! The blog from outside: requests through the whole router, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod browser;
mod redis;
mod support;

mod accounts;
mod comments;
mod gate;
mod hostile;
mod lockout;
mod posts;
mod sessions;
mod socket;
