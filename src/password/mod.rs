//! Password hashing with argon2id (RFC 9106), off the async threads, with a bound on how much of it there is.
//!
//! What it decides:
//!
//! 1. A hash costs OWASP's minimum or more: 19 MiB and two passes by default. A configuration below it is a
//!    [`ConfigError`](crate::ConfigError), unless it is said to be [weak](PasswordsBuilder::weak_for_tests).
//! 2. No more hashes are computed at once than there are cores, and 32 callers for each core may wait their turn, by default. The
//!    next gets [`Busy`](PasswordError::Busy), which a handler's `?` turns into a `503`. A flood of logins takes neither all memory
//!    nor all threads, and nobody waits in a queue without end.
//! 3. A caller who goes away gives up the place in the queue. A hash that has begun runs to its end and counts until then.
//! 4. Without a stored hash, [`verify`](Passwords::verify) does the same work and never matches, so that a stranger does not learn
//!    from the clock who has an account.
//! 5. A stored hash of another cost, or of argon2i, argon2d or an older version, is verified as it is; where the password matches,
//!    the [`Verdict`] has a new hash to store. Until then that account takes the time of its own cost.
//! 6. A stored hash that is malformed, of another algorithm, above 256 MiB or above a second's work is
//!    [`Malformed`](PasswordError::Malformed): what the database says is not allocated unseen.
//! 7. With the feature `bcrypt`, and where the builder [accepts them](PasswordsBuilder::accept_bcrypt), bcrypt hashes of an older
//!    system are verified, and every one that matches has a new hash to store.
//! 8. A password of more than 1024 bytes is [`TooLong`](PasswordError::TooLong). It is never cut, trimmed or normalised. How short
//!    it may be is the app's to say (NIST SP 800-63B: 8 characters, better 15).
//!
//! It costs some 20 to 50 ms of a core and 19 MiB a hash at the default, on a thread of tokio's that may block; an outdated hash
//! that matches costs two. The password's text is freed when its hash is done, or when its caller goes away while it waits; the
//! memory is not overwritten.
//!
//! It goes inside the limit by address and a lockout by account: this bounds what guesses cost, those bound how many there are. It
//! needs a tokio runtime.
//!
//! ```
//! use portcullis::password::Passwords;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let passwords = Passwords::builder().build()?;
//! let stored = passwords.hash("correct horse battery staple").await?;
//! assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
//!
//! assert!(passwords.verify("correct horse battery staple", Some(&stored)).await?.matches());
//! assert!(!passwords.verify("Tr0ub4dor&3", Some(&stored)).await?.matches());
//! assert!(!passwords.verify("anything", None).await?.matches());
//! # Ok(())
//! # }
//! ```
//!
//! With another cost, a pepper, and hashes that are still of the old cost:
//!
//! ```
//! use portcullis::password::{PasswordError, Passwords};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pepper = "kept apart from the database";
//! let before = Passwords::builder().pepper(pepper).build()?;
//! let stored = before.hash("correct horse battery staple").await?;
//!
//! let now = Passwords::builder().memory_kib(47_104).passes(1).concurrency(2).queue(100).pepper(pepper).build()?;
//! let verdict = now.verify("correct horse battery staple", Some(&stored)).await?;
//! assert!(verdict.matches());
//! let stored = verdict.into_rehash().expect("the cost has changed");
//! assert!(stored.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"));
//!
//! let error = now.hash("x".repeat(1025)).await.unwrap_err();
//! assert!(matches!(error, PasswordError::TooLong));
//! assert_eq!(portcullis::Error::from(error).status(), 422);
//!
//! let error = Passwords::builder().memory_kib(4_096).build().unwrap_err();
//! assert_eq!(error.faults()[0].setting(), "memory_kib");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "bcrypt")]
mod bcrypt;
mod builder;
mod error;
mod passwords;
mod policy;
mod queue;
mod scheme;
#[cfg(test)]
mod tests;

pub use self::builder::PasswordsBuilder;
pub use self::error::PasswordError;
pub use self::passwords::{Passwords, Verdict};
