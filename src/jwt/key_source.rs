//! Where the keys of an issuer are.

use std::ops::Deref;

use tokio::time::Instant;

use super::jwks::{Current, Jwks};
use super::keys::Keys;

pub(super) enum KeySource {
    Own(Keys),
    Fetched(Jwks),
}

/// The keys as they are at this moment.
pub(super) enum Held<'k> {
    Own(&'k Keys),
    Fetched(Current),
}

impl KeySource {
    /// `None`: there are none, or they are too old.
    pub(super) fn hold(&self, steady: Option<Instant>) -> Option<Held<'_>> {
        match self {
            Self::Own(keys) => Some(Held::Own(keys)),
            Self::Fetched(jwks) => jwks.keys(steady?).map(Held::Fetched),
        }
    }

    pub(super) fn jwks(&self) -> Option<&Jwks> {
        match self {
            Self::Own(_) => None,
            Self::Fetched(jwks) => Some(jwks),
        }
    }
}

impl Held<'_> {
    /// Another number for other keys.
    pub(super) fn generation(&self) -> u64 {
        match self {
            Self::Own(_) => 0,
            Self::Fetched(snapshot) => snapshot.generation,
        }
    }
}

impl Deref for Held<'_> {
    type Target = Keys;

    fn deref(&self) -> &Keys {
        match self {
            Self::Own(keys) => keys,
            Self::Fetched(snapshot) => &snapshot.keys,
        }
    }
}
