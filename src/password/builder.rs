use std::fmt;
use std::thread::available_parallelism;

use super::passwords::Passwords;
use super::policy::Cost;
use super::queue::Queue;
use super::scheme::Scheme;
use crate::config_error::ConfigError;

const NAME: &str = "password";

/// 112 bits are NIST's least for such a secret (SP 800-63B section 5.1.1.2); these are a few more.
const SHORTEST_PEPPER: usize = 16;

/// The threads that tokio has for work that blocks.
const MOST_CONCURRENCY: usize = 512;

const LONGEST_QUEUE: usize = 1_000_000;

/// Collects the settings of [`Passwords`].
#[must_use = "call `build`"]
pub struct PasswordsBuilder {
    memory_kib: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
    weak: bool,
    concurrency: Option<usize>,
    queue: Option<usize>,
    max_bytes: usize,
    pepper: Option<Box<[u8]>>,
    #[cfg(feature = "bcrypt")]
    accept_bcrypt: bool,
}

impl PasswordsBuilder {
    pub(super) fn new() -> Self {
        Self {
            memory_kib: None,
            passes: None,
            lanes: None,
            weak: false,
            concurrency: None,
            queue: None,
            max_bytes: 1024,
            pepper: None,
            #[cfg(feature = "bcrypt")]
            accept_bcrypt: false,
        }
    }

    /// The memory of one hash, in KiB, up to 1 GiB. Default 19456 (19 MiB), OWASP's minimum with two passes. More makes guessing
    /// dearer for a thief, and a flood of logins for you: the service needs this much for each hash that runs.
    pub fn memory_kib(mut self, kib: u32) -> Self {
        self.memory_kib = Some(kib);
        self
    }

    /// How many times that memory is gone over, 1 to 64. Default 2. The time of a login grows with it.
    pub fn passes(mut self, passes: u32) -> Self {
        self.passes = Some(passes);
        self
    }

    /// In how many lanes the memory is divided, 1 to 64. Default 1. They are computed one after the other, so that more of them
    /// gain nothing here; for hashes that are shared with another system.
    pub fn lanes(mut self, lanes: u32) -> Self {
        self.lanes = Some(lanes);
        self
    }

    /// Allows a cost below OWASP's minimum, and takes the least there is, 8 KiB and one pass, for what is not set. Default: below
    /// the minimum is a fault. Such hashes hardly slow a thief down; this is for tests that sign in a lot.
    pub fn weak_for_tests(mut self) -> Self {
        self.weak = true;
        self
    }

    /// How many hashes are computed at once, 1 to 512. Default: as many as there are cores, since more would only take turns and
    /// each of them needs its memory.
    pub fn concurrency(mut self, hashes: usize) -> Self {
        self.concurrency = Some(hashes);
        self
    }

    /// How many callers may wait for their turn, up to a million; the next gets [`Busy`](super::PasswordError::Busy). Default 32
    /// for each hash at once, who have their turn within one or two seconds at the default cost.
    pub fn queue(mut self, callers: usize) -> Self {
        self.queue = Some(callers);
        self
    }

    /// The longest password, in bytes of UTF-8. Default 1024. A longer one is an error and never cut: hashing is what a stranger
    /// can make the service do.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// A secret that is not in the database, of 16 bytes or more, without which a stolen database cannot be guessed at (argon2's
    /// secret, RFC 9106 section 3.1). Default none. Hashes do not say which pepper they were made with: with another one, or one
    /// where there was none, no stored hash matches any more.
    pub fn pepper(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.pepper = Some(secret.into().into_boxed_slice());
        self
    }

    /// Verifies the bcrypt hashes of an older system too (feature `bcrypt`), of a cost of 4 to 16. Default false. Each that matches
    /// has an argon2id hash to store in its place, so that they die out with the logins. As in that system, only the first 72 bytes
    /// of such a password count.
    #[cfg(feature = "bcrypt")]
    pub fn accept_bcrypt(mut self) -> Self {
        self.accept_bcrypt = true;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a cost that is weaker than OWASP's minimum or that argon2 does not know, a concurrency or queue out of bounds, a
    /// longest password below 64 bytes (ASVS 6.2.9), and a pepper that could be guessed.
    pub fn build(self) -> Result<Passwords, ConfigError> {
        let mut faults = ConfigError::collector();
        let default = if self.weak { Cost::WEAKEST } else { Cost::OWASP };
        let cost = Cost {
            memory_kib: self.memory_kib.unwrap_or(default.memory_kib),
            passes: self.passes.unwrap_or(default.passes),
            lanes: self.lanes.unwrap_or(default.lanes),
        };
        for (setting, reason) in cost.faults(self.weak) {
            faults.add(NAME, setting, reason);
        }
        let concurrency = self
            .concurrency
            .unwrap_or_else(|| available_parallelism().map_or(1, |cores| cores.get().min(MOST_CONCURRENCY)));
        if !(1..=MOST_CONCURRENCY).contains(&concurrency) {
            faults.add(NAME, "concurrency", format!("must be 1 to {MOST_CONCURRENCY}"));
        }
        let queue = self.queue.unwrap_or(32 * concurrency.min(MOST_CONCURRENCY));
        if queue > LONGEST_QUEUE {
            faults.add(NAME, "queue", format!("must not exceed {LONGEST_QUEUE}"));
        }
        if self.max_bytes < 64 {
            faults.add(NAME, "max_bytes", "must be 64 or more, or long passphrases are refused");
        }
        if self
            .pepper
            .as_ref()
            .is_some_and(|pepper| pepper.len() < SHORTEST_PEPPER)
        {
            faults.add(NAME, "pepper", format!("must have {SHORTEST_PEPPER} bytes or more"));
        }
        faults.finish()?;
        let passwords = Passwords::new(
            Scheme::new(cost, self.pepper),
            Queue::new(concurrency, queue),
            self.max_bytes,
        );
        #[cfg(feature = "bcrypt")]
        let passwords = passwords.accepting_bcrypt(self.accept_bcrypt);
        Ok(passwords)
    }
}

impl fmt::Debug for PasswordsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordsBuilder")
            .field("memory_kib", &self.memory_kib)
            .field("passes", &self.passes)
            .field("lanes", &self.lanes)
            .field("weak", &self.weak)
            .field("concurrency", &self.concurrency)
            .field("queue", &self.queue)
            .field("max_bytes", &self.max_bytes)
            .field("peppered", &self.pepper.is_some())
            .finish_non_exhaustive()
    }
}
