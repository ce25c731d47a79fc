//! What was fetched, and the fetch that is under way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
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

/// What the clones of a `Jwks` share.
pub(super) struct Inner {
    pub(super) source: Opened,
    pub(super) settings: Settings,
    pub(super) snapshot: ArcSwap<Snapshot>,
    pub(super) schedule: Mutex<Schedule>,
    pub(super) last: Mutex<Last>,
    /// The number of the last fetch that has ended.
    pub(super) ended: watch::Sender<u64>,
    pub(super) driven: AtomicBool,
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

/// What was fetched last, as it was when it was asked for.
pub(in crate::jwt) type Current = Guard<Arc<Snapshot>>;

/// What was fetched last.
pub(in crate::jwt) struct Snapshot {
    pub(in crate::jwt) keys: Keys,
    /// Another number for other keys.
    pub(in crate::jwt) generation: u64,
    document: Bytes,
    pub(super) loaded: Option<Instant>,
}

/// Fetches when it is due.
pub(super) struct Driver(pub(super) Weak<Inner>);

impl Driver {
    pub(super) async fn drive(self) {
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
pub(super) struct Flight {
    inner: Arc<Inner>,
    number: u64,
    began: Instant,
    error: Option<JwksError>,
}

impl Flight {
    pub(super) fn new(inner: Arc<Inner>, number: u64) -> Self {
        Self {
            inner,
            number,
            began: Instant::now(),
            error: Some(JwksError::Abandoned),
        }
    }

    pub(super) async fn fly(mut self) {
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
    pub(super) fn new(source: Opened, settings: Settings) -> Self {
        let nothing = Snapshot {
            keys: Keys::default(),
            generation: 0,
            document: Bytes::new(),
            loaded: None,
        };
        Self {
            source,
            settings,
            snapshot: ArcSwap::from_pointee(nothing),
            schedule: Mutex::new(Schedule::new(settings.timing)),
            last: Mutex::default(),
            ended: watch::Sender::new(0),
            driven: AtomicBool::new(false),
        }
    }

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
pub(super) struct Last {
    pub(super) error: Option<JwksError>,
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
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
