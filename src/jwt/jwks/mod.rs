//! Key sets (RFC 7517) that are fetched, and kept up to date.

#[cfg(any(feature = "jwks", test))]
mod address;
mod builder;
#[cfg(feature = "jwks")]
mod client;
#[cfg(feature = "jwks")]
mod discovery;
mod error;
mod policy;
mod set;
mod source;
mod store;
#[cfg(test)]
mod tests;

pub use self::builder::JwksBuilder;
pub use self::error::JwksError;
pub use self::store::Jwks;
pub(super) use self::store::{Missing, Snapshot, Wait};
