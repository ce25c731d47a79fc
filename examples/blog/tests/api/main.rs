//! The blog from outside: requests through the whole router, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod browser;
mod process;
mod redis;
#[cfg(any(feature = "otel", feature = "sentry"))]
mod stand_in;
mod support;

mod accounts;
mod aggregates;
mod bulk;
mod comments;
mod database;
mod endings;
mod gate;
mod hooks;
mod hostile;
mod lockout;
mod operations;
mod posts;
mod profiles;
mod removal;
#[cfg(feature = "sentry")]
mod reports;
mod servers;
mod sessions;
mod socket;
mod threads;
#[cfg(feature = "otel")]
mod traces;
mod transactions;
