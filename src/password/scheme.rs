use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use super::policy::{Cost, Stored};

/// Computes hashes; each call takes the cost's time and memory of the thread that makes it.
pub(super) struct Scheme {
    cost: Cost,
    pepper: Option<Box<[u8]>>,
}

impl Scheme {
    pub(super) fn new(cost: Cost, pepper: Option<Box<[u8]>>) -> Self {
        Self { cost, pepper }
    }

    pub(super) fn cost(&self) -> Cost {
        self.cost
    }

    /// A PHC string with a new salt.
    pub(super) fn hash(&self, password: &str) -> Result<String, Error> {
        Ok(self.argon2()?.hash_password(password.as_bytes())?.to_string())
    }

    /// Does the work of a verification for nothing: the hash is nobody's.
    pub(super) fn pretend(&self, password: &str) -> Result<PasswordHash, Error> {
        self.argon2()?.hash_password_with_salt(password.as_bytes(), &[0; 16])
    }

    pub(super) fn matches(&self, password: &str, stored: &Stored) -> Result<bool, Error> {
        match self.argon2()?.verify_password(password.as_bytes(), &stored.hash) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn argon2(&self) -> Result<Argon2<'_>, Error> {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, None)?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Ok(match &self.pepper {
            Some(pepper) => Argon2::new_with_secret(pepper, algorithm, version, params)?,
            None => Argon2::new(algorithm, version, params),
        })
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheme")
            .field("cost", &self.cost)
            .field("peppered", &self.pepper.is_some())
            .finish()
    }
}
