//! The blog from outside: requests through the whole router, each test on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod process;
mod support;

mod accounts;
mod comments;
mod gate;
mod hostile;
mod operations;
mod posts;
mod sessions;
mod socket;
