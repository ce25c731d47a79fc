use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::failures::{Failures, millis};
use super::handle::{Inner, Lockout, StoreFailure};
use super::memory::{MemoryStore, WAYS};
use super::record::Rule;
use super::store::LockoutStore;
use crate::caller::Salt;
use crate::config_error::{ConfigError, Faults};

const NAME: &str = "lockout";

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MOST_KEYS: usize = 10_000_000;

/// Collects the settings of a [`Lockout`].
#[must_use = "call `build`"]
pub struct LockoutBuilder {
    faults: Faults,
    pair: Option<Failures>,
    address: Option<Failures>,
    account: Option<Failures>,
    known_for: Duration,
    ipv6_prefix: u8,
    max_keys: usize,
    store: Option<Arc<dyn LockoutStore>>,
    on_failure: StoreFailure,
    deadline: Duration,
}

impl Default for LockoutBuilder {
    fn default() -> Self {
        let half_minute = Duration::from_secs(30);
        Self {
            faults: ConfigError::collector(),
            pair: Some(Failures::new(5, HOUR / 4).delays(half_minute, 2, HOUR)),
            address: Some(Failures::new(100, DAY)),
            account: Some(Failures::new(100, DAY).delays(half_minute, 2, HOUR / 4)),
            known_for: 30 * DAY,
            ipv6_prefix: 64,
            max_keys: 100_000,
            store: None,
            on_failure: StoreFailure::CountHere,
            deadline: Duration::from_millis(500),
        }
    }
}

impl LockoutBuilder {
    /// Failures of one account from one address. Default 5 within 15 minutes, then delays of 30 seconds, doubling, to an hour
    /// (NIST SP 800-63B section 5.2.2). `None` counts none.
    pub fn pair(mut self, failures: impl Into<Option<Failures>>) -> Self {
        self.pair = failures.into();
        self
    }

    /// Failures of one address, on whatever accounts. Default 100 within a day, and none more until the day is over. A success does not
    /// reset it. Where thousands stand behind one address (CGNAT), more. `None` counts none.
    pub fn address(mut self, failures: impl Into<Option<Failures>>) -> Self {
        self.address = failures.into();
        self
    }

    /// Failures of one account, from all addresses. Default 100 within a day (NIST SP 800-63B section 5.2.2: no more than 100 in a
    /// row), then delays of 30 seconds, doubling, to 15 minutes. Strangers can bring them about: they must not exceed an hour, or
    /// be [`captcha_instead`](Failures::captcha_instead). `None` counts none.
    pub fn account(mut self, failures: impl Into<Option<Failures>>) -> Self {
        self.account = failures.into();
        self
    }

    /// How long an address from which an account was signed in to is known: what holds for the account does not hold from there, but
    /// what holds for the pair does. Default 30 days; at most 365, and 0 is never.
    pub fn known_for(mut self, time: Duration) -> Self {
        self.known_for = time;
        self
    }

    /// How many leading bits of an IPv6 address make one. Default 64, since a subscriber chooses the rest; from 32 to 128.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_prefix = bits;
        self
    }

    /// How many pairs, how many addresses and how many accounts are remembered in memory at most. Default 100 000 of each, of 48
    /// bytes, which are allocated as they come: some 14 MB; from 32 to 10 000 000. See the [module page](crate::lockout) for what
    /// happens when there are more.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Counts in this process, which is the default: other processes do not know, and a restart forgets.
    pub fn memory(mut self) -> Self {
        self.store = None;
        self
    }

    /// Counts in Redis or Valkey, under keys that begin with `{prefix}`: through a `ConnectionManager`, or in cluster mode a
    /// `ClusterConnection`. The braces put all keys into one slot of a cluster. It must not evict (`maxmemory-policy noeviction`).
    #[cfg(feature = "redis")]
    pub fn redis<C>(mut self, connection: C, prefix: &str) -> Self
    where
        C: redis::aio::ConnectionLike + Clone + Send + Sync + 'static,
    {
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            let reason =
                "the prefix is empty or has a brace; it is put into braces, which decide the slot of a cluster";
            self.faults.add(NAME, "redis", reason);
        }
        self.store(super::redis::RedisStore::new(connection, prefix))
    }

    /// Counts in a store of your own.
    pub fn store(mut self, store: impl LockoutStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// What becomes of attempts while the store is down or slow. Default [`StoreFailure::CountHere`]. Of no effect in memory.
    pub fn on_store_failure(mut self, choice: StoreFailure) -> Self {
        self.on_failure = choice;
        self
    }

    /// How long an attempt waits for the store, twice where it succeeds. Default 500 milliseconds; from 1 millisecond to 30 seconds.
    pub fn store_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every number and time out of its bounds, an account that strangers could lock for more than an hour, a lockout that counts
    /// nothing, and a prefix that is empty or has braces.
    pub fn build(mut self) -> Result<Lockout, ConfigError> {
        let bounded = |failures: &Failures| failures.longest_lock().is_none_or(|longest| longest <= HOUR);
        if !self.account.as_ref().is_none_or(bounded) {
            let reason = "strangers could lock its owner out for more than an hour; use `delays` up to an hour, or \
                          `captcha_instead`";
            self.faults.add(NAME, "account", reason);
        }
        let rules = [
            self.rule("pair", self.pair.clone()),
            self.rule("address", self.address.clone()),
            self.rule("account", self.account.clone()),
        ];
        if self.pair.is_none() && self.address.is_none() && self.account.is_none() {
            self.faults
                .add(NAME, "pair", "neither pair nor address nor account is counted");
        }
        if self.known_for > 365 * DAY {
            self.faults.add(NAME, "known_for", "exceeds 365 days");
        }
        if !(32..=128).contains(&self.ipv6_prefix) {
            self.faults.add(NAME, "ipv6_prefix", "lies between 32 and 128");
        }
        if !(WAYS..=MOST_KEYS).contains(&self.max_keys) {
            self.faults
                .add(NAME, "max_keys", format!("lies between {WAYS} and {MOST_KEYS}"));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(30)).contains(&self.deadline) {
            self.faults
                .add(NAME, "store_deadline", "lies between a millisecond and 30 seconds");
        }
        self.faults.finish()?;
        let shared = self.store.is_some();
        Ok(Lockout::new(Inner {
            // Only the account's rule asks who is known.
            known_for: self.account.map_or(0, |_| millis(self.known_for)),
            rules,
            ipv6_prefix: self.ipv6_prefix,
            salt: if shared { Salt::Shared } else { Salt::secret() },
            memory: MemoryStore::new(self.max_keys),
            store: self.store,
            on_failure: self.on_failure,
            deadline: self.deadline,
            down: AtomicBool::new(false),
            outage: Mutex::default(),
        }))
    }

    fn rule(&mut self, setting: &'static str, failures: Option<Failures>) -> Option<Rule> {
        match failures?.rule() {
            Ok(rule) => Some(rule),
            Err(faults) => {
                for fault in faults {
                    self.faults.add(NAME, setting, fault);
                }
                None
            }
        }
    }
}

impl fmt::Debug for LockoutBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockoutBuilder")
            .field("faults", &self.faults)
            .field("pair", &self.pair)
            .field("address", &self.address)
            .field("account", &self.account)
            .field("known_for", &self.known_for)
            .field("on_store_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
