use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::error::JwksError;
use super::flight::{Current, Driver, Flight, Inner, Opened, Settings, lock};
use super::policy::Step;

/// Waits until a fetch has ended.
pub(crate) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The keys of an issuer, fetched from where it publishes them and kept up to date. See [key sets](crate::jwt#key-sets).
///
/// Cloning costs one reference count, and the clones share what was fetched: give one `Jwks` to every layer of the issuer.
#[derive(Clone)]
pub struct Jwks {
    inner: Arc<Inner>,
}

impl Jwks {
    pub(super) fn new(source: Opened, settings: Settings) -> Self {
        let inner = Arc::new(Inner::new(source, settings));
        Self { inner }
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
    pub(in crate::jwt) fn keys(&self, now: Instant) -> Option<Current> {
        self.drive();
        let snapshot = self.inner.snapshot.load();
        let loaded = snapshot.loaded?;
        (now.duration_since(loaded) <= self.inner.settings.timing.max_stale).then_some(snapshot)
    }

    /// What to do for a token whose key is not there. `Ok`: wait, and look again.
    pub(in crate::jwt) fn missing(&self, kid: Option<&str>, now: Instant) -> Result<Wait, Absent> {
        let step = lock(&self.inner.schedule).missing(kid, now);
        match step {
            Step::Join(flight) | Step::Begin(flight) => self.follow(step, flight).ok_or(Absent::Unavailable),
            Step::Refuse => Err(Absent::Unknown),
            Step::Unavailable => Err(Absent::Unavailable),
        }
    }

    /// It is still not there, after a fetch.
    pub(in crate::jwt) fn still_missing(&self, kid: Option<&str>, now: Instant) -> Absent {
        match lock(&self.inner.schedule).still_missing(kid, now) {
            Step::Unavailable => Absent::Unavailable,
            _ => Absent::Unknown,
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
pub(in crate::jwt) enum Absent {
    /// The issuer has no such key.
    Unknown,
    /// The source does not answer, so that nobody knows.
    Unavailable,
}
