use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use super::fingerprint::Fingerprint;

/// The first 128 bits of the key's SHA-256.
pub(super) fn fingerprint(key: impl Hash) -> Fingerprint {
    let mut digest = Sha(Sha256::new());
    key.hash(&mut digest);
    let digest = digest.0.finalize();
    let (first, _) = digest.split_at(size_of::<Fingerprint>());
    Fingerprint::from_le_bytes(first.try_into().unwrap_or_default())
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
