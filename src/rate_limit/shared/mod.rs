//! Counts that many processes share, in Redis or Valkey.

mod breaker;
mod builder;
mod circuit;
mod ledger;
mod link;
mod local;
mod measure;
mod outage;
mod refused;
mod store;
#[cfg(test)]
mod tests;
mod unanswered;

pub use self::builder::RedisStoreBuilder;
pub use self::outage::OnFailure;
pub use self::store::RedisStore;
