use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};
use std::time::{Duration, SystemTime};

use super::check::StoreFailure;
use super::clock::Clock;
use super::inner::{Backend, Inner, Limits};
use super::memory::MemoryStore;
use super::sessions::Sessions;
use super::store::SessionStore;
use crate::config_error::{ConfigError, Faults};

const NAME: &str = "session";

/// Browsers keep no cookie longer (RFC 6265bis section 5.6.2).
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);
const LONGEST_GRACE: Duration = Duration::from_secs(60);
const LONGEST_DEADLINE: Duration = Duration::from_secs(30);
const MOST: usize = 10_000_000;

/// Collects the settings of [`Sessions`].
#[must_use = "call `build`"]
pub struct SessionsBuilder {
    faults: Faults,
    idle: Duration,
    absolute: Duration,
    grace: Duration,
    most: usize,
    on_failure: StoreFailure,
    check_deadline: Duration,
    store_deadline: Duration,
    max_sessions: usize,
    max_revocations: usize,
    store: Option<Arc<dyn SessionStore>>,
    clock: Option<Clock>,
}

impl Default for SessionsBuilder {
    fn default() -> Self {
        Self {
            faults: ConfigError::collector(),
            idle: Duration::from_secs(7 * 24 * 60 * 60),
            absolute: Duration::from_secs(30 * 24 * 60 * 60),
            grace: Duration::from_secs(10),
            most: 32,
            on_failure: StoreFailure::Refuse,
            check_deadline: Duration::from_millis(50),
            store_deadline: Duration::from_secs(2),
            max_sessions: 100_000,
            max_revocations: 100_000,
            store: None,
            clock: None,
        }
    }
}

impl SessionsBuilder {
    /// How long a session lasts without a refresh. Default 7 days; from a second to [`absolute`](Self::absolute). Who stays away for
    /// longer signs in again, and so does a thief who waits.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// How long a session lasts at most, however much it is used. Default 30 days; to 400 days, which is as long as browsers keep a
    /// cookie.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = absolute;
        self
    }

    /// For how long a spent refresh token still leads to the current one. Default 10 seconds, which covers two tabs and a request
    /// that is sent again; at most a minute. 0 is strict: whoever presents a token twice is signed out, also where the answer was lost.
    /// Clocks of processes that share a store should differ by less than this.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How many sessions a user may have. Default 32; 1 to 1000. With one more, the one that was used longest ago ends: who has
    /// lost a device can still sign in.
    pub fn max_per_user(mut self, sessions: usize) -> Self {
        self.most = sessions;
        self
    }

    /// What the layer does while the store is down or slow. Default [`StoreFailure::Refuse`]. Of no effect in memory.
    pub fn on_store_failure(mut self, choice: StoreFailure) -> Self {
        self.on_failure = choice;
        self
    }

    /// How long the layer waits for the store. Default 50 milliseconds, since every request waits; from 1 millisecond to 30 seconds.
    pub fn check_deadline(mut self, deadline: Duration) -> Self {
        self.check_deadline = deadline;
        self
    }

    /// How long all else waits for the store, such as a refresh. Default 2 seconds; from 1 millisecond to 30 seconds.
    pub fn store_deadline(mut self, deadline: Duration) -> Self {
        self.store_deadline = deadline;
        self
    }

    /// How many sessions the memory holds. Default 100 000, of some 500 bytes each, which are allocated as they come; to
    /// 10 000 000. With one more, the one that would expire first ends.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// How many revocations the memory holds: tokens, and users with a time from which they count. Default 100 000, of some 200 bytes
    /// each; to 10 000 000. One more is [`StoreError::Full`](super::StoreError::Full): none is forgotten before its time.
    pub fn max_revocations(mut self, revocations: usize) -> Self {
        self.max_revocations = revocations;
        self
    }

    /// Keeps sessions in this process, which is the default: they end when it does, and other processes do not know them.
    pub fn memory(mut self) -> Self {
        self.store = None;
        self
    }

    /// Keeps sessions in Redis or Valkey, under keys that begin with `prefix`: through a `ConnectionManager`, or in cluster mode a
    /// `ClusterConnection`. It must not evict (`maxmemory-policy noeviction`) and should persist: a revocation that it loses lets in
    /// whom it kept out.
    #[cfg(feature = "redis")]
    pub fn redis<C>(mut self, connection: C, prefix: &str) -> Self
    where
        C: redis::aio::ConnectionLike + Clone + Send + Sync + 'static,
    {
        if prefix.is_empty() || prefix.contains(['{', '}']) {
            let reason = "the prefix is empty or has a brace; braces decide in which slot of a cluster a key lies";
            self.faults.add(NAME, "redis", reason);
        }
        self.store(super::redis::RedisStore::new(connection, prefix))
    }

    /// Keeps sessions in a store of your own.
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Tells the time. Default the system's; another is for tests.
    pub fn clock<F>(mut self, clock: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every time and number out of its bounds, and a prefix that is empty or has braces.
    pub fn build(mut self) -> Result<Sessions, ConfigError> {
        let second = Duration::from_secs(1);
        if !(second..=LONGEST).contains(&self.absolute) {
            self.faults.add(NAME, "absolute", "lies between a second and 400 days");
        }
        if !(second..=self.absolute.max(second)).contains(&self.idle) {
            self.faults.add(NAME, "idle", "lies between a second and `absolute`");
        }
        if self.grace > LONGEST_GRACE {
            self.faults.add(NAME, "grace", "exceeds a minute");
        }
        if !(1..=1000).contains(&self.most) {
            self.faults.add(NAME, "max_per_user", "lies between 1 and 1000");
        }
        for (setting, deadline) in [
            ("check_deadline", self.check_deadline),
            ("store_deadline", self.store_deadline),
        ] {
            if !(Duration::from_millis(1)..=LONGEST_DEADLINE).contains(&deadline) {
                self.faults
                    .add(NAME, setting, "lies between a millisecond and 30 seconds");
            }
        }
        for (setting, number) in [
            ("max_sessions", self.max_sessions),
            ("max_revocations", self.max_revocations),
        ] {
            if !(1..=MOST).contains(&number) {
                self.faults.add(NAME, setting, format!("lies between 1 and {MOST}"));
            }
        }
        self.faults.finish()?;
        let memory = || Backend::Memory(MemoryStore::new(self.max_sessions, self.max_revocations));
        Ok(Sessions::new(Inner {
            backend: self.store.map_or_else(memory, Backend::Shared),
            limits: Limits {
                idle: millis(self.idle),
                absolute: millis(self.absolute),
                grace: millis(self.grace),
                most: self.most,
                on_failure: self.on_failure,
                check_deadline: self.check_deadline,
                store_deadline: self.store_deadline,
            },
            clock: self.clock,
            down: AtomicBool::new(false),
            misplaced: Once::new(),
        }))
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder")
            .field("faults", &self.faults)
            .field("idle", &self.idle)
            .field("absolute", &self.absolute)
            .field("grace", &self.grace)
            .field("max_per_user", &self.most)
            .field("on_store_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
