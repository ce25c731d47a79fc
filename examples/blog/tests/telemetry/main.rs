//! Traces and errors as those receive them to whom the blog sends them. A binary of its own, so that with the features that it needs
//! nothing else has to be tested again.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../api/process.rs"]
#[allow(dead_code, reason = "these tests need no more than a process that serves")]
mod process;
mod stand_in;

mod reports;
mod traces;
