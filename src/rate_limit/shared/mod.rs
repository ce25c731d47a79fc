//! Counts that many processes share, in Redis or Valkey.

mod breaker;
mod builder;
mod circuit;
mod counts;
mod error;
mod link;
mod local;
mod outage;
mod rule;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use self::builder::RedisStoreBuilder;
pub(super) use self::error::StoreFailure;
pub use self::outage::OnFailure;
pub use self::store::RedisStore;
