//! Argon2id, off the async threads and no more at once than there are cores.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use portcullis::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// A hash of today's parameters that no password fits: verified for unknown users, so that they cost the same time.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies passwords. Cloning costs one reference count.
#[derive(Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
}

/// The outcome of a verification.
pub(crate) struct Verified {
    pub(crate) matches: bool,
    /// A new hash to store, where the stored one was made with other parameters.
    pub(crate) rehashed: Option<String>,
}

impl Passwords {
    pub(crate) fn new() -> portcullis::Result<Self> {
        let cores = available_parallelism()?.get();
        Ok(Self {
            permits: Arc::new(Semaphore::new(cores)),
        })
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: String) -> portcullis::Result<String> {
        let _permit = self.permits.acquire().await?;
        spawn_blocking(move || hash_now(&password)).await?
    }

    /// Whether the password fits the stored hash; the same work is done where there is none.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> portcullis::Result<Verified> {
        let _permit = self.permits.acquire().await?;
        spawn_blocking(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODY);
            let parsed = PasswordHash::new(hash)?;
            let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
            let matches = known && fits;
            let outdated = !hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$");
            let rehashed = (matches && outdated).then(|| hash_now(&password)).transpose()?;
            Ok::<_, Error>(Verified { matches, rehashed })
        })
        .await?
    }
}

fn hash_now(password: &str) -> portcullis::Result<String> {
    // The defaults are OWASP's minimum: 19 MiB, two passes, one lane.
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}
