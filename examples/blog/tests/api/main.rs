//! The blog from outside: requests through the whole router, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod browser;
mod process;
mod redis;
#[cfg(any(feature = "otel", feature = "sentry"))]
mod stand_in;
mod support;

mod accounts;
mod comments;
mod database;
mod endings;
mod gate;
mod hostile;
mod include;
mod injection;
mod lists;
mod lockout;
mod operations;
mod posts;
#[cfg(feature = "sentry")]
mod reports;
mod search;
mod servers;
mod sessions;
mod socket;
mod tags;
#[cfg(feature = "otel")]
mod traces;
