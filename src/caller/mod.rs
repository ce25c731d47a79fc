//! Whom a request is counted for: what limits per caller, in this process or in a store that many share, tell callers apart by.

mod fingerprint;
mod key;

pub(crate) use self::fingerprint::{Fingerprint, Salt};
pub use self::key::{Key, MissingKey};
pub(crate) use self::key::{Missing, Reports};
