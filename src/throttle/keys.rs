use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::{Fingerprint, Key, MissingKey, Salt};

/// Parts with a lock each, so that hardly two requests wait for the same.
const PARTS: usize = 64;

/// How many requests of one caller are under way. Whoever has none takes no place, so that nothing need be forgotten.
pub(super) struct Keys {
    pub(super) key: Key,
    pub(super) on_missing: MissingKey,
    pub(super) salt: Salt,
    concurrent: usize,
    queued: usize,
    parts: Box<[Mutex<Part>]>,
}

type Part = HashMap<Fingerprint, Caller>;

struct Caller {
    /// Requests that are served or wait.
    requests: usize,
    /// One permit for each that may be served.
    semaphore: Arc<Semaphore>,
}

/// One request among those of its caller, until it is dropped.
pub(super) struct Place {
    keys: Arc<Keys>,
    caller: Fingerprint,
}

/// What a request is served by. The permit goes first: with the last place goes the semaphore.
#[derive(Debug)]
pub(super) struct KeyPermit {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// What becomes of a request where its caller has others.
pub(super) enum Entrance {
    Served(KeyPermit),
    Waits(Place, Arc<Semaphore>),
    /// As many wait as may.
    Full,
}

impl Keys {
    pub(super) fn new(key: Key, on_missing: MissingKey, concurrent: usize, queued: usize) -> Self {
        Self {
            key,
            on_missing,
            salt: Salt::secret(),
            concurrent,
            queued,
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
        }
    }

    pub(super) fn enter(self: &Arc<Self>, caller: Fingerprint) -> Entrance {
        let Some(mut part) = self.part(caller) else {
            return Entrance::Full;
        };
        let entry = part.entry(caller).or_insert_with(|| Caller {
            requests: 0,
            semaphore: Arc::new(Semaphore::new(self.concurrent)),
        });
        if entry.requests >= self.concurrent.saturating_add(self.queued) {
            return Entrance::Full;
        }
        entry.requests += 1;
        let semaphore = Arc::clone(&entry.semaphore);
        drop(part);
        let keys = Arc::clone(self);
        let place = Place { keys, caller };
        match Arc::clone(&semaphore).try_acquire_owned() {
            Ok(permit) => Entrance::Served(KeyPermit::new(permit, place)),
            Err(_) => Entrance::Waits(place, semaphore),
        }
    }

    fn part(&self, caller: Fingerprint) -> Option<MutexGuard<'_, Part>> {
        let parts = u128::try_from(self.parts.len()).ok()?;
        let part = self.parts.get(usize::try_from(caller.checked_rem(parts)?).ok()?)?;
        Some(part.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.parts.iter().map(|part| part.lock().unwrap().len()).sum()
    }
}

impl KeyPermit {
    fn new(permit: OwnedSemaphorePermit, place: Place) -> Self {
        Self {
            _permit: permit,
            _place: place,
        }
    }
}

impl Place {
    /// In the order in which they came. `None` where the semaphore is closed, which it never is.
    pub(super) async fn wait(self, semaphore: Arc<Semaphore>) -> Option<KeyPermit> {
        let permit = semaphore.acquire_owned().await.ok()?;
        Some(KeyPermit::new(permit, self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(mut part) = self.keys.part(self.caller) else {
            return;
        };
        if let Entry::Occupied(mut entry) = part.entry(self.caller) {
            entry.get_mut().requests -= 1;
            if entry.get().requests == 0 {
                entry.remove();
            }
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("key", &self.key)
            .field("concurrent", &self.concurrent)
            .field("queued", &self.queued)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
