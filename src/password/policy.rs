//! The pure decisions: which cost is enough, which stored hash is verified, and which is outdated.

use std::error::Error as StdError;

use argon2::password_hash::phc::PasswordHash;
use argon2::{ARGON2ID_IDENT, Algorithm, Params, Version};

/// Pairs of KiB and passes that OWASP's Password Storage Cheat Sheet holds for equally strong.
const OWASP: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// More would be refused by most machines at the first login rather than at the start.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;

const MOST_PASSES: u32 = 64;

const MOST_LANES: u32 = 64;

/// The largest memory of a stored hash: 256 MiB, above the defaults of other libraries.
const STORED_MEMORY_KIB: u32 = 256 * 1024;

/// The most work of a stored hash, in KiB times passes: 1 GiB once, about a second.
const STORED_WORK: u64 = 1024 * 1024;

/// RFC 9106 section 3.1 and what [`Params`] does by default.
const OUTPUT_BYTES: usize = 32;

const SALT_BYTES: usize = 16;

/// What a hash costs to compute, for the service and for a thief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    pub(super) const OWASP: Self = Self {
        memory_kib: 19_456,
        passes: 2,
        lanes: 1,
    };

    /// The least that argon2 computes.
    pub(super) const WEAKEST: Self = Self {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn is_enough(self) -> bool {
        OWASP
            .iter()
            .any(|(memory_kib, passes)| self.memory_kib >= *memory_kib && self.passes >= *passes)
    }

    fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    /// Every fault, as a setting and its reason.
    pub(super) fn faults(self, weak: bool) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !(1..=MOST_LANES).contains(&self.lanes) {
            faults.push(("lanes", format!("must be 1 to {MOST_LANES}")));
        } else if self.memory_kib < 8 * self.lanes {
            faults.push(("memory_kib", "must be 8 KiB a lane or more".to_owned()));
        }
        if self.memory_kib > MOST_MEMORY_KIB {
            faults.push(("memory_kib", format!("must not exceed {MOST_MEMORY_KIB}")));
        }
        if !(1..=MOST_PASSES).contains(&self.passes) {
            faults.push(("passes", format!("must be 1 to {MOST_PASSES}")));
        }
        if faults.is_empty() && !weak && !self.is_enough() {
            let pairs = OWASP.map(|(memory_kib, passes)| format!("{memory_kib} with {passes}"));
            let reason = format!(
                "{} with {} passes is weaker than OWASP's minimum, which is any of {}",
                self.memory_kib,
                self.passes,
                pairs.join(", "),
            );
            faults.push(("memory_kib", reason));
        }
        faults
    }
}

/// A stored hash that may be verified.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) hash: PasswordHash,
    /// Made with another cost or algorithm than hashes are made with now.
    pub(super) outdated: bool,
}

impl Stored {
    /// Reads a PHC string, and refuses one that would cost more than anybody means it to: whoever can write into the
    /// database may not take the service's memory.
    pub(super) fn read(text: &str, today: Cost) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let mut hash = PasswordHash::new(text)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
        // Without `v` it is the first version, before there was such a field.
        let version = Version::try_from(*hash.version.get_or_insert(Version::V0x10.into()))?;
        // Where one of the three is absent, the crate would verify with a default that nobody has written.
        for name in ["m", "t", "p"] {
            hash.params.get(name).ok_or("a parameter is missing")?;
        }
        let params = Params::try_from(&hash)?;
        // The crate would say of a hash without either that the password is wrong.
        let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else {
            return Err("salt or hash is missing".into());
        };
        let cost = Cost {
            memory_kib: params.m_cost(),
            passes: params.t_cost(),
            lanes: params.p_cost(),
        };
        if cost.memory_kib > STORED_MEMORY_KIB.max(today.memory_kib) || cost.work() > STORED_WORK.max(today.work()) {
            return Err("its cost exceeds every bound".into());
        }
        let outdated = algorithm.ident() != ARGON2ID_IDENT
            || version != Version::V0x13
            || cost != today
            || salt.len() < SALT_BYTES
            || output.len() != OUTPUT_BYTES
            || !params.keyid().is_empty()
            || !params.data().is_empty();
        Ok(Self { hash, outdated })
    }
}
