//! Repeated failures to sign in: guessing is made slow, and the owner of an account is not kept out by strangers.
//!
//! [`Lockout`] is asked before a password is looked at, and told how it ended. What it decides:
//!
//! 1. Failures are counted on three subjects: the *pair* of an account and an address, the *address*, and the *account*. Each has
//!    its [`Failures`] in the builder, and one that has too many is enough for a refusal.
//! 2. An attempt is counted when it [begins](Lockout::begin), in one step with the decision: of 64 at once a limit of 5 passes 5.
//!    One that [succeeds](Attempt::succeeded) is taken back; one that is dropped, such as where the client has gone, has failed.
//! 3. A success forgets the failures of its pair and of its account. Those of the address stay, or an attacker with one account would
//!    begin anew at will.
//! 4. A subject with too many is locked until its failures are forgotten, or for [delays](Failures::delays) that grow
//!    with each further failure, or needs a [CAPTCHA](Failures::captcha_instead) for each attempt. A CAPTCHA may also be demanded
//!    [before](Failures::captcha_after). An attempt that is refused is not counted.
//! 5. No stranger locks an account for good. Its delays last an hour at most, or a CAPTCHA takes their place; and what strangers do to the
//!    account does not hold for an address from which it was signed in to within 30 days
//!    ([`known_for`](LockoutBuilder::known_for)), where only the pair is counted. Who shares that address can still lock the pair.
//! 6. The refusal is a `429` [`Problem`](crate::Problem) with `Retry-After`: seconds until one more may be made, rounded up, never 0. For
//!    a CAPTCHA it is a `403` with the member `captcha`. Both are the same for accounts that exist and for those that do not, and for
//!    all three subjects: which it was stands in [`Refusal::reason`]. So ask also for names that you do not know, and
//!    hash a password for them as well.
//! 7. A failure that locks is a warning with target `portcullis::lockout` that names the address. It never names the account, since
//!    people type passwords in its place.
//!
//! The account is what your database compares: bring it into one form first, as by trimming and lower case, or `Ada` has five guesses
//! and `ada` five more. IPv6 addresses count by their first 64 bits.
//!
//! The defaults are those of the [OWASP Authentication Cheat
//! Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html) (a threshold, a window, a duration that grows)
//! with the numbers of [NIST SP 800-63B](https://pages.nist.gov/800-63-3/sp800-63b.html#throttle) section 5.2.2: no more than 100 failures
//! of an account in a row, delays of 30 seconds up to an hour, known addresses, and the CAPTCHA. NIST would have the authenticator
//! disabled beyond 100; here a stranger could do that, so that the 100 of the account begin its delays instead.
//!
//! A window begins with its first failure. Between the end of one and the start of the next twice as many can lie close together.
//!
//! # Stores
//!
//! Only hashes of accounts and addresses are kept. In memory they are made with a secret of the process. In a shared store they are
//! SHA-256 without one, which hides names from a glance and not from somebody who tries names.
//!
//! *Memory* has a bound and no task: 100 000 each of pairs, addresses and accounts, in tables of their own, so that fresh accounts
//! crowd out no address and no pair an account. Where there is no place, the newcomer takes that of a subject, of 32 that chance has
//! put together, which is forgotten already; then one that is merely known; then the one with the fewest failures; and only where all
//! 32 are locked that of the one that is free soonest. A flood of fresh subjects with a failure each thus pushes out one another, and
//! neither a lock nor a high count. To push out a lock takes about as many other locks as the table has places, each of which costs
//! five failures from an address that has a hundred a day: whoever has so many addresses has five guesses from each anyway.
//!
//! *Redis* or Valkey, with the feature `redis`, is shared by all processes: a failure costs one round trip, a success two, each a
//! script that changes all three at once by the server's clock. All keys of a lockout lie in one slot of a cluster, and all have a time to
//! live. Where it is down, or takes longer than half a second, [`StoreFailure`] decides: attempts are counted in this process instead,
//! refused with a `503`, or admitted. The log gets one line when that begins and one when it ends, and
//! hears of one outage a minute at most.
//!
//! Any other is a [`LockoutStore`] of your own. Stores other than memory need a tokio runtime with its clock.
//!
//! In memory it costs three hashes and a lock that all attempts share, and no allocation where the three are known already; a refusal costs
//! its problem. It is no layer: it goes inside the handler that signs in. Put [`rate_limit`](crate::rate_limit) by address outside
//! it, for those who are refused and ask on.
//!
//! ```
//! use std::net::IpAddr;
//!
//! use portcullis::lockout::Lockout;
//!
//! /// The same answer for a wrong password and an account that does not exist.
//! async fn login(lockout: &Lockout, account: &str, password: &str, address: IpAddr) -> portcullis::Result<&'static str> {
//!     let account = account.trim().to_lowercase();
//!     let attempt = lockout.begin(&account, address).await?;
//!     if (account.as_str(), password) == ("ada", "correct horse") {
//!         attempt.succeeded().await;
//!         Ok("welcome")
//!     } else {
//!         attempt.failed();
//!         Err(portcullis::Problem::new(http::StatusCode::UNAUTHORIZED).into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lockout = Lockout::builder().build()?;
//! let (home, elsewhere) = ("192.0.2.1".parse()?, "198.51.100.2".parse()?);
//! for _ in 0..5 {
//!     let wrong = login(&lockout, "ada", "a guess", elsewhere).await.unwrap_err();
//!     assert_eq!(wrong.status(), 401);
//! }
//! let locked = login(&lockout, " Ada", "correct horse", elsewhere).await.unwrap_err();
//! assert_eq!(locked.status(), 429);
//! assert_eq!(login(&lockout, "ada", "correct horse", home).await.unwrap(), "welcome");
//! # Ok(())
//! # }
//! ```
//!
//! A CAPTCHA after three failures, and never a lock on the account:
//!
//! ```
//! use std::time::Duration;
//!
//! use portcullis::lockout::{Failures, Lockout, Reason};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (second, hour, day) = (Duration::from_secs(1), Duration::from_secs(3600), Duration::from_secs(24 * 3600));
//! let lockout = Lockout::builder()
//!     .pair(Failures::new(10, hour).captcha_after(3).delays(second, 2, hour))
//!     .address(Failures::new(1000, day))
//!     .account(Failures::new(50, day).captcha_instead())
//!     .build()?;
//!
//! let address = "192.0.2.1".parse()?;
//! for _ in 0..2 {
//!     assert!(!lockout.begin("ada", address).await?.failed().captcha);
//! }
//! let third = lockout.begin("ada", address).await?;
//! assert!(third.failed().captcha, "the page shows one from now on");
//!
//! let refusal = lockout.begin("ada", address).await.unwrap_err();
//! assert!(matches!(refusal.reason(), Reason::Captcha { .. }));
//! assert_eq!(refusal.problem().status(), 403);
//! // The app has verified the one that the client sent.
//! lockout.begin_with_captcha("ada", address).await?.succeeded().await;
//! assert!(lockout.begin("ada", address).await.is_ok());
//! # Ok(())
//! # }
//! ```

mod attempt;
mod builder;
mod error;
mod failures;
mod handle;
mod memory;
mod outage;
mod policy;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod store;
#[cfg(test)]
mod tests;

pub use self::attempt::{Attempt, Failed};
pub use self::builder::LockoutBuilder;
pub use self::error::{Reason, Refusal, StoreError};
pub use self::failures::Failures;
pub use self::handle::{Lockout, StoreFailure};
pub use self::policy::{Next, Question, Settlement, Subject, Verdict};
pub use self::record::{Charge, Delay, Record, Rule};
pub use self::store::{LockoutStore, StoreFuture};
