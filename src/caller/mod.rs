//! Whom a request is counted for: what limits per caller, in this process or in a store that many share, tell callers apart by.

mod fingerprint;
mod key;
mod missing;
#[cfg(any(feature = "lockout", feature = "redis"))]
mod shared;
mod value;

pub(crate) use self::fingerprint::{Fingerprint, Salt};
pub use self::key::Key;
pub use self::missing::MissingKey;
pub(crate) use self::missing::{Missing, Reports};
