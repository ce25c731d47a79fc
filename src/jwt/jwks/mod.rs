//! Key sets (RFC 7517) that are fetched, and kept up to date.

#[cfg(feature = "jwks")]
mod address;
mod builder;
#[cfg(feature = "jwks")]
mod client;
#[cfg(feature = "jwks")]
mod discovery;
mod error;
mod flight;
mod policy;
mod set;
mod source;
mod store;
#[cfg(test)]
mod tests;

pub use self::builder::JwksBuilder;
pub use self::error::JwksError;
pub(super) use self::flight::Current;
pub use self::store::Jwks;
pub(super) use self::store::{Absent, Wait};
