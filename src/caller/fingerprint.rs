use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use sha2::{Digest, Sha256};

/// What is kept of a caller's key instead of the key.
pub(crate) type Fingerprint = u128;

/// How keys become fingerprints.
pub(crate) enum Salt {
    /// With a secret of this process, so that nobody can choose a caller whose fingerprint is another's. 64 bits.
    Secret(RandomState),
    /// The same in every process of a build. SHA-256 stands in for the secret: 128 bits of it cannot be aimed at either.
    Shared,
}

impl Salt {
    pub(crate) fn secret() -> Self {
        Self::Secret(RandomState::new())
    }

    pub(crate) fn fingerprint(&self, key: impl Hash) -> Fingerprint {
        match self {
            Self::Secret(state) => state.hash_one(key).into(),
            Self::Shared => {
                let mut digest = Sha(Sha256::new());
                key.hash(&mut digest);
                let digest = digest.0.finalize();
                let (first, _) = digest.split_at(size_of::<Fingerprint>());
                Fingerprint::from_le_bytes(first.try_into().unwrap_or_default())
            }
        }
    }
}

/// Takes in what a key hashes, for a digest that is read in full.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never asked: whoever hashes with it reads the digest.
    fn finish(&self) -> u64 {
        0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Salt::Secret",
            Self::Shared => "Salt::Shared",
        })
    }
}
