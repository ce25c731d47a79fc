use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

#[cfg(any(feature = "lockout", feature = "redis"))]
use super::shared;

/// What is kept of a caller's key instead of the key.
pub(crate) type Fingerprint = u128;

/// How keys become fingerprints.
pub(crate) enum Salt {
    /// With a secret of this process, so that nobody can choose a caller whose fingerprint is another's. 64 bits.
    Secret(RandomState),
    /// The same in every process of a build. SHA-256 stands in for the secret: 128 bits of it cannot be aimed at either.
    #[cfg(any(feature = "lockout", feature = "redis"))]
    Shared,
}

impl Salt {
    pub(crate) fn secret() -> Self {
        Self::Secret(RandomState::new())
    }

    pub(crate) fn fingerprint(&self, key: impl Hash) -> Fingerprint {
        match self {
            Self::Secret(state) => state.hash_one(key).into(),
            #[cfg(any(feature = "lockout", feature = "redis"))]
            Self::Shared => shared::fingerprint(key),
        }
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Salt::Secret",
            #[cfg(any(feature = "lockout", feature = "redis"))]
            Self::Shared => "Salt::Shared",
        })
    }
}
