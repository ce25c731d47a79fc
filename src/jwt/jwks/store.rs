use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::error::JwksError;
use super::policy::{Schedule, Step, Timing};
use super::set::Set;
use super::source::Fetch;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::keys::Keys;
use crate::problem::{Chain, OneLine};

const TARGET: &str = "portcullis::jwt";

/// Waits until a fetch has ended.
pub(in crate::jwt) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The keys of an issuer, fetched from where it publishes them and kept up to date. See [key sets](crate::jwt#key-sets).
///
/// Cloning costs one reference count, and the clones share what was fetched: give one `Jwks` to every layer of the issuer.
#[derive(Clone)]
pub struct Jwks {
    inner: Arc<Inner>,
}

struct Inner {
    source: Opened,
    settings: Settings,
    snapshot: ArcSwap<Snapshot>,
    schedule: Mutex<Schedule>,
    last: Mutex<Last>,
    /// The number of the last fetch that has ended.
    ended: watch::Sender<u64>,
    driven: AtomicBool,
}

/// Where the keys come from.
pub(super) struct Opened {
    /// For the log.
    pub(super) name: String,
    /// The issuer whose keys they are, where that was discovered.
    pub(super) issuer: Option<String>,
    pub(super) fetch: Box<dyn Fetch>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    /// The longest document in bytes.
    pub(super) most: usize,
    /// The algorithm of RSA keys that name none.
    pub(super) rsa: Algorithm,
    pub(super) timing: Timing,
}

/// What was fetched last.
pub(in crate::jwt) struct Snapshot {
    pub(in crate::jwt) keys: Keys,
    /// Another number for other keys.
    pub(in crate::jwt) generation: u64,
    document: Bytes,
    loaded: Option<Instant>,
}

impl Jwks {
    pub(super) fn new(source: Opened, settings: Settings) -> Self {
        let nothing = Snapshot {
            keys: Keys::default(),
            generation: 0,
            document: Bytes::new(),
            loaded: None,
        };
        let inner = Inner {
            source,
            settings,
            snapshot: ArcSwap::from_pointee(nothing),
            schedule: Mutex::new(Schedule::new(settings.timing)),
            last: Mutex::default(),
            ended: watch::Sender::new(0),
            driven: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Fetches the keys where none are there yet, and waits for them. The first request does the same, and waits; before a server
    /// listens is the better time, and shows a wrong address at once. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Why the keys could not be had. They are fetched again all the same: a server that starts without them answers `503` until
    /// they are there.
    pub async fn preload(&self) -> Result<(), JwksError> {
        let now = Instant::now();
        if self.keys(now).is_some() {
            return Ok(());
        }
        self.drive();
        let step = lock(&self.inner.schedule).begin(now);
        let (Step::Join(flight) | Step::Begin(flight)) = step else {
            return Ok(());
        };
        if let Some(wait) = self.follow(step, flight) {
            wait.await;
        }
        if self.keys(Instant::now()).is_some() {
            return Ok(());
        }
        Err(lock(&self.inner.last).error.clone().unwrap_or(JwksError::Abandoned))
    }

    /// The issuer that was discovered, for the builder to compare.
    pub(in crate::jwt) fn issuer(&self) -> Option<&str> {
        self.inner.source.issuer.as_deref()
    }

    pub(in crate::jwt) fn cooldown(&self) -> Duration {
        self.inner.settings.timing.cooldown
    }

    /// The keys, unless there are none or they are too old. Takes no lock.
    pub(in crate::jwt) fn keys(&self, now: Instant) -> Option<Guard<Arc<Snapshot>>> {
        self.drive();
        let snapshot = self.inner.snapshot.load();
        let loaded = snapshot.loaded?;
        (now.duration_since(loaded) <= self.inner.settings.timing.max_stale).then_some(snapshot)
    }

    /// What to do for a token whose key is not there. `Ok`: wait, and look again.
    pub(in crate::jwt) fn missing(&self, kid: Option<&str>, now: Instant) -> Result<Wait, Missing> {
        let step = lock(&self.inner.schedule).missing(kid, now);
        match step {
            Step::Join(flight) | Step::Begin(flight) => self.follow(step, flight).ok_or(Missing::Unavailable),
            Step::Refuse => Err(Missing::Unknown),
            Step::Unavailable => Err(Missing::Unavailable),
        }
    }

    /// It is still not there, after a fetch.
    pub(in crate::jwt) fn still_missing(&self, kid: Option<&str>, now: Instant) -> Missing {
        match lock(&self.inner.schedule).still_missing(kid, now) {
            Step::Unavailable => Missing::Unavailable,
            _ => Missing::Unknown,
        }
    }

    /// Sees to it that a fetch ends that was begun, and waits for it. `None`: there is no runtime to fetch in.
    fn follow(&self, step: Step, flight: u64) -> Option<Wait> {
        let mut ended = self.inner.ended.subscribe();
        let begun = matches!(step, Step::Begin(_)).then(|| Flight::new(Arc::clone(&self.inner), flight));
        let runtime = Handle::try_current().ok()?;
        if let Some(flight) = begun {
            runtime.spawn(flight.fly());
        }
        // A fetch ends within its timeout, unless another runtime, in which it is, stands still.
        let limit = self.inner.settings.timeout.saturating_mul(2);
        Some(Box::pin(async move {
            let _ = timeout(limit, ended.wait_for(|ended| *ended >= flight)).await;
        }))
    }

    /// Keeps the keys up to date from now on, in a task that ends with the last clone. Should the task's runtime end before, the
    /// next request starts another.
    fn drive(&self) {
        if self.inner.driven.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.inner.driven.swap(true, Ordering::Relaxed) {
            let driver = Driver(Arc::downgrade(&self.inner));
            runtime.spawn(driver.drive());
        }
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("source", &self.inner.source.name)
            .field("keys", &self.inner.snapshot.load().keys.own.len())
            .finish_non_exhaustive()
    }
}

/// Why a key is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jwt) enum Missing {
    /// The issuer has no such key.
    Unknown,
    /// The source does not answer, so that nobody knows.
    Unavailable,
}

/// Fetches when it is due.
struct Driver(Weak<Inner>);

impl Driver {
    async fn drive(self) {
        // Nothing is held while it sleeps: the last clone of the `Jwks` ends it.
        while let Some(due) = self.step().await {
            sleep_until(due).await;
        }
    }

    /// Fetches where it is due, and says when it is due again.
    async fn step(&self) -> Option<Instant> {
        let inner = self.0.upgrade()?;
        let now = Instant::now();
        let (due, step) = {
            let mut schedule = lock(&inner.schedule);
            let due = schedule.due(now);
            (due, (due <= now).then(|| schedule.begin(now)))
        };
        match step {
            Some(Step::Begin(flight)) => Flight::new(Arc::clone(&inner), flight).fly().await,
            Some(Step::Join(flight)) => {
                let _ = inner.ended.subscribe().wait_for(|ended| *ended >= flight).await;
            }
            _ => return Some(due),
        }
        let now = Instant::now();
        Some(lock(&inner.schedule).due(now))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.driven.store(false, Ordering::Relaxed);
        }
    }
}

/// A fetch that was begun. However it ends, by a panic or with its runtime, those who wait are told.
struct Flight {
    inner: Arc<Inner>,
    number: u64,
    began: Instant,
    error: Option<JwksError>,
}

impl Flight {
    fn new(inner: Arc<Inner>, number: u64) -> Self {
        Self {
            inner,
            number,
            began: Instant::now(),
            error: Some(JwksError::Abandoned),
        }
    }

    async fn fly(mut self) {
        let settings = &self.inner.settings;
        let fetched = timeout(settings.timeout, self.inner.source.fetch.fetch(settings.most)).await;
        let document = fetched.unwrap_or(Err(JwksError::Timeout(settings.timeout)));
        let taken = document.and_then(|document| self.inner.take(document, self.began));
        self.error = taken.err();
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let error = self.error.take();
        let usable = {
            let now = Instant::now();
            let mut schedule = lock(&self.inner.schedule);
            schedule.end(error.is_none(), now);
            schedule.usable(now)
        };
        let change = lock(&self.inner.last).change(error, usable);
        self.inner.ended.send_replace(self.number);
        self.inner.tell(change);
    }
}

impl Inner {
    fn take(&self, document: Bytes, began: Instant) -> Result<(), JwksError> {
        let before = self.snapshot.load();
        let same = before.loaded.is_some() && before.document == document;
        let set = Set::read(&document, self.settings.rsa)?;
        if !same {
            let (keys, skipped) = (set.keys.own.len(), set.skipped.join("; "));
            let (source, skipped) = (OneLine(&self.source.name), OneLine(&skipped));
            if keys == 0 {
                tracing::warn!(target: TARGET, %source, %skipped, "the key set has no key that can be used");
            } else {
                tracing::info!(target: TARGET, %source, keys, %skipped, "a new key set");
            }
        }
        self.snapshot.store(Arc::new(Snapshot {
            keys: set.keys,
            generation: before.generation + u64::from(!same),
            document,
            loaded: Some(began),
        }));
        Ok(())
    }

    fn tell(&self, change: Option<Change>) {
        let source = OneLine(&self.source.name);
        match change {
            Some(Change::NoKeys(error)) => {
                tracing::error!(target: TARGET, %source, cause = %Chain(&error), "no keys: tokens are answered with 503");
            }
            Some(Change::Stale(error)) => {
                let cause = Chain(&error);
                tracing::warn!(target: TARGET, %source, %cause, "the key set cannot be refreshed; its last keys serve on");
            }
            Some(Change::Well) => tracing::info!(target: TARGET, %source, "the key set can be refreshed again"),
            None => {}
        }
    }
}

/// How the last fetch ended, and what the log was told.
#[derive(Default)]
struct Last {
    error: Option<JwksError>,
    /// There were no keys that may still be used.
    bare: bool,
}

/// What is worth a record: one for each change, not one for each fetch.
enum Change {
    NoKeys(JwksError),
    Stale(JwksError),
    Well,
}

impl Last {
    fn change(&mut self, error: Option<JwksError>, usable: bool) -> Option<Change> {
        let failed = self.error.is_some();
        let change = match &error {
            Some(_) if failed && (usable || self.bare) => None,
            Some(error) if usable => Some(Change::Stale(error.clone())),
            Some(error) => Some(Change::NoKeys(error.clone())),
            None => failed.then_some(Change::Well),
        };
        self.bare = !usable;
        self.error = error;
        change
    }
}

/// What is under the locks is whole at every moment, so that a panic of another thread spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
