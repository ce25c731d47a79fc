use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::attempt::{Attempt, Counted};
use super::builder::LockoutBuilder;
use super::error::{Refusal, StoreError};
use super::memory::MemoryStore;
use super::outage::Outage;
use super::policy::{Next, Question, Settlement, Verdict};
use super::record::{Charge, Rule};
use super::store::{LockoutStore, StoreFuture};
use crate::caller::Salt;
use crate::client_ip::ClientIp;

/// What becomes of attempts while the store is down or slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFailure {
    /// They are counted in this process: each process then allows what all of them allow together otherwise.
    CountHere,
    /// Nobody signs in: a `503` with `Retry-After`.
    Refuse,
    /// They are made and not counted: passwords can be guessed without a limit for as long as it lasts.
    Admit,
}

/// Counts failed attempts to sign in. Cloning costs one reference count. See the [module page](crate::lockout).
#[derive(Debug, Clone)]
pub struct Lockout {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) rules: [Option<Rule>; 3],
    pub(super) known_for: u64,
    pub(super) ipv6_prefix: u8,
    pub(super) salt: Salt,
    pub(super) memory: MemoryStore,
    pub(super) store: Option<Arc<dyn LockoutStore>>,
    pub(super) on_failure: StoreFailure,
    pub(super) deadline: Duration,
    /// Whether the store failed when it was asked last. While it answers, no request locks what all of them share.
    pub(super) down: AtomicBool,
    pub(super) outage: Mutex<Outage>,
}

/// Hashed before the rest, so that no account is taken for an address.
#[derive(Hash)]
enum Kind {
    Pair,
    Address,
    Account,
}

impl Lockout {
    /// In memory; 5 failures of a pair, 100 of an address and 100 of an account, as [`LockoutBuilder`] says of each.
    pub fn builder() -> LockoutBuilder {
        LockoutBuilder::default()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Asks whether somebody may try to sign in, and counts the attempt: 64 at once pass a limit of 5 five times.
    ///
    /// The account is what the client named, also where there is none of that name, in the one form in which your database
    /// compares names: `Ada` and `ada ` are two accounts here. The address is the client's, as from
    /// [`ClientIp::address`](crate::client_ip::ClientIp::address), never the proxy's.
    ///
    /// # Errors
    /// Too many have failed, a CAPTCHA is needed, or the store is down and the builder said to refuse.
    pub async fn begin(&self, account: &str, address: IpAddr) -> Result<Attempt, Refusal> {
        self.ask(account, address, false).await
    }

    /// The same for an attempt that came with a CAPTCHA which the app has verified. It does not lift a lock.
    ///
    /// # Errors
    /// Too many have failed, or the store is down and the builder said to refuse.
    pub async fn begin_with_captcha(&self, account: &str, address: IpAddr) -> Result<Attempt, Refusal> {
        self.ask(account, address, true).await
    }

    /// As if an attempt had succeeded: such as where a password was reset by mail. The failures of the account, and of it from this
    /// address, are forgotten, and the address is known.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reset(&self, account: &str, address: IpAddr) -> Result<(), StoreError> {
        let inner = &*self.inner;
        let (keys, _) = inner.keys(account, address);
        let settlement = Settlement {
            keys,
            rules: inner.rules,
            charges: [Charge::default(); 3],
            succeeded: Some(inner.known_for),
        };
        inner.memory.settle(&settlement, inner.memory.now());
        match &inner.store {
            Some(store) => inner.answer(store.settle(settlement)).await,
            None => Ok(()),
        }
    }

    async fn ask(&self, account: &str, address: IpAddr, solved: bool) -> Result<Attempt, Refusal> {
        let inner = &*self.inner;
        let (keys, address) = inner.keys(account, address);
        let rules = inner.rules;
        let question = Question { keys, rules, solved };
        let (verdict, counted) = match &inner.store {
            None => (inner.memory.begin(&question, inner.memory.now()), Counted::Here),
            Some(store) => match (inner.answer(store.begin(question)).await, inner.on_failure) {
                (Ok(verdict), _) => (verdict, Counted::Shared),
                (Err(_), StoreFailure::CountHere) => (inner.memory.begin(&question, inner.memory.now()), Counted::Here),
                (Err(_), StoreFailure::Admit) => (uncounted(), Counted::Nowhere),
                (Err(error), StoreFailure::Refuse) => return Err(Refusal::store(error)),
            },
        };
        match verdict {
            Verdict::Begun { charges, next } => {
                let inner = Arc::clone(&self.inner);
                Ok(Attempt::new(inner, keys, charges, next, counted, address))
            }
            Verdict::Locked { subject, wait } => Err(Refusal::locked(subject, wait)),
            Verdict::Captcha { subject } => Err(Refusal::captcha(subject)),
        }
    }
}

fn uncounted() -> Verdict {
    Verdict::Begun {
        charges: [Charge::default(); 3],
        next: Next::default(),
    }
}

impl Inner {
    /// Of the pair, the address and the account; and the address that is counted.
    fn keys(&self, account: &str, address: IpAddr) -> ([u128; 3], IpAddr) {
        let address = ClientIp::from_address(address).key(self.ipv6_prefix);
        let keys = [
            self.salt.fingerprint((Kind::Pair, account, address)),
            self.salt.fingerprint((Kind::Address, address)),
            self.salt.fingerprint((Kind::Account, account)),
        ];
        (keys, address)
    }

    /// What the store says, or that it took too long. The log gets each change.
    pub(super) async fn answer<T>(&self, work: StoreFuture<T>) -> Result<T, StoreError> {
        let answer = timeout(self.deadline, work).await.unwrap_or(Err(StoreError::TimedOut));
        match &answer {
            Ok(_) => {
                let again = self.down.load(Ordering::Relaxed) && self.down.swap(false, Ordering::Relaxed);
                if again && self.outage().answered() {
                    tracing::info!(target: "portcullis::lockout", "the store of failures answers again");
                }
            }
            Err(error) => {
                let told = self.outage().failed(self.memory.now());
                // After it, or an answer between the two would miss what was told.
                self.down.store(true, Ordering::Relaxed);
                if told {
                    tracing::error!(
                        target: "portcullis::lockout",
                        error = %crate::problem::Chain(error),
                        on_failure = ?self.on_failure,
                        "the store of failures is down",
                    );
                }
            }
        }
        answer
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("rules", &self.rules)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
