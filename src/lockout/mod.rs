//! Guessing passwords made slow.

mod attempt;
mod builder;
mod error;
mod failures;
mod handle;
mod memory;
mod policy;
#[cfg(feature = "redis")]
mod redis;
mod store;
#[cfg(test)]
mod tests;

pub use self::attempt::{Attempt, Failed};
pub use self::builder::LockoutBuilder;
pub use self::error::{Reason, Refusal, StoreError};
pub use self::failures::Failures;
pub use self::handle::{Lockout, StoreFailure};
pub use self::policy::{Charge, Delay, Next, Question, Record, Rule, Settlement, Subject, Verdict};
pub use self::store::{LockoutStore, StoreFuture};
