use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "bcrypt")]
use super::bcrypt::Bcrypt;
use super::builder::PasswordsBuilder;
use super::error::PasswordError;
use super::policy::Stored;
use super::queue::Queue;
use super::scheme::Scheme;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Hashes and verifies passwords. Cloning costs reference counts, and clones share their queue. See the
/// [module page](crate::password).
#[derive(Debug, Clone)]
pub struct Passwords {
    scheme: Arc<Scheme>,
    queue: Queue,
    max_bytes: usize,
    #[cfg(feature = "bcrypt")]
    accept_bcrypt: bool,
}

/// A stored hash that may be verified.
enum Known {
    Argon2(Box<Stored>),
    #[cfg(feature = "bcrypt")]
    Bcrypt(Bcrypt),
}

impl Passwords {
    /// OWASP's minimum cost, as many hashes at once as there are cores, no pepper.
    pub fn builder() -> PasswordsBuilder {
        PasswordsBuilder::new()
    }

    pub(super) fn new(scheme: Scheme, queue: Queue, max_bytes: usize) -> Self {
        Self {
            scheme: Arc::new(scheme),
            queue,
            max_bytes,
            #[cfg(feature = "bcrypt")]
            accept_bcrypt: false,
        }
    }

    #[cfg(feature = "bcrypt")]
    pub(super) fn accepting_bcrypt(mut self, accept: bool) -> Self {
        self.accept_bcrypt = accept;
        self
    }

    /// The PHC string to store: algorithm, cost, a new random salt and the hash, about 97 characters.
    ///
    /// Dropping the future while it waits gives up the place in the queue; dropping it later stops nothing.
    ///
    /// # Errors
    /// [`TooLong`](PasswordError::TooLong), [`Busy`](PasswordError::Busy), [`Internal`](PasswordError::Internal).
    pub async fn hash(&self, password: impl Into<String>) -> Result<String, PasswordError> {
        let password = self.admit(password.into())?;
        let scheme = Arc::clone(&self.scheme);
        self.queue
            .run(move || scheme.hash(&password))
            .await?
            .map_err(|error| PasswordError::Internal(error.into()))
    }

    /// Whether the password is that of the stored hash. Without a stored hash, for a user who is unknown or has no password, it
    /// does the same work and never matches.
    ///
    /// Dropping the future while it waits gives up the place in the queue; dropping it later stops nothing.
    ///
    /// # Errors
    /// All of [`PasswordError`]. A wrong password is none: it is a [`Verdict`].
    pub async fn verify(&self, password: impl Into<String>, stored: Option<&str>) -> Result<Verdict, PasswordError> {
        let password = self.admit(password.into())?;
        let stored = stored
            .map(|text| self.read(text))
            .transpose()
            .map_err(PasswordError::Malformed)?;
        let scheme = Arc::clone(&self.scheme);
        self.queue
            .run(move || judge(&scheme, &password, stored.as_ref()))
            .await?
            .map_err(PasswordError::Internal)
    }

    /// How many hashes are computed just now, for a metric.
    pub fn running(&self) -> usize {
        self.queue.running()
    }

    /// How many callers are waiting just now, for a metric.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// How many hashes may be computed at once.
    pub fn concurrency(&self) -> usize {
        self.queue.concurrency()
    }

    fn read(&self, stored: &str) -> Result<Known, BoxError> {
        #[cfg(feature = "bcrypt")]
        if self.accept_bcrypt && Bcrypt::is_meant(stored) {
            return Bcrypt::read(stored).map(Known::Bcrypt);
        }
        Stored::read(stored, self.scheme.cost()).map(|stored| Known::Argon2(Box::new(stored)))
    }

    fn admit(&self, password: String) -> Result<String, PasswordError> {
        if password.len() > self.max_bytes {
            return Err(PasswordError::TooLong);
        }
        Ok(password)
    }
}

fn judge(scheme: &Scheme, password: &str, stored: Option<&Known>) -> Result<Verdict, BoxError> {
    let (matches, outdated) = match stored {
        None => {
            scheme.pretend(password)?;
            (false, false)
        }
        Some(Known::Argon2(stored)) => (scheme.matches(password, stored)?, stored.outdated),
        #[cfg(feature = "bcrypt")]
        Some(Known::Bcrypt(old)) => (old.matches(password)?, true),
    };
    let rehash = (matches && outdated).then(|| scheme.hash(password)).transpose()?;
    Ok(Verdict { matches, rehash })
}

/// The outcome of [`Passwords::verify`].
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use = "a verification that nobody looks at lets everybody in"]
pub struct Verdict {
    matches: bool,
    rehash: Option<String>,
}

impl Verdict {
    /// Whether the password is the right one.
    pub fn matches(&self) -> bool {
        self.matches
    }

    /// A PHC string to store in place of the old one, where the password matches and the old hash has another cost or algorithm
    /// than hashes are made with now.
    pub fn rehash(&self) -> Option<&str> {
        self.rehash.as_deref()
    }

    /// [`rehash`](Self::rehash), to keep.
    pub fn into_rehash(self) -> Option<String> {
        self.rehash
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The hash itself belongs into no log.
        f.debug_struct("Verdict")
            .field("matches", &self.matches)
            .field("outdated", &self.rehash.is_some())
            .finish()
    }
}
