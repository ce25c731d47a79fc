use std::cell::Cell;
use std::fmt;
#[cfg(feature = "redis")]
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
#[cfg(feature = "redis")]
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;

#[cfg(feature = "redis")]
use super::policy::Standing;
#[cfg(feature = "redis")]
use super::shared::StoreFailure;
#[cfg(feature = "redis")]
use crate::caller::Fingerprint;

/// Callers that share a lock, and compete for places when the store is full.
pub(super) const WAYS: usize = 32;

/// A table of fixed size in which callers are known by their hash.
///
/// A hash belongs to one set of up to [`WAYS`] places. Where the set is full the new caller takes the place of the one whose
/// quota is whole soonest: of one whose quota is whole already, or else of the one who has used the least.
pub(super) struct MemoryStore {
    sets: Box<[Mutex<Set>]>,
}

/// Hashes apart from times, so that a search reads neighbouring lines only.
struct Set {
    ways: usize,
    hashes: [u64; WAYS],
    /// When the caller's quota is whole: the theoretical arrival time of GCRA. A free place is one that is whole since ever.
    whole: [u64; WAYS],
}

/// One question to the store, and room for what governor's answer leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    hash: u64,
    /// When the quota of a caller who now makes the first request is whole.
    fresh: Cell<u64>,
    /// When this caller's is.
    whole: Cell<u64>,
}

impl Probe {
    pub(super) fn new(hash: u64) -> Self {
        Self {
            hash,
            fresh: Cell::new(0),
            whole: Cell::new(0),
        }
    }

    /// How long until the caller's quota is whole, where one request uses `interval` of it.
    pub(super) fn debt(&self, interval: u64) -> u64 {
        self.whole
            .get()
            .saturating_add(interval)
            .saturating_sub(self.fresh.get())
    }
}

impl Hash for Probe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl MemoryStore {
    /// With exactly so many places, which are all allocated now.
    pub(super) fn new(keys: usize) -> Self {
        let count = keys.div_ceil(WAYS).max(1);
        let (even, odd) = (keys / count, keys % count);
        let sets = (0..count).map(|index| {
            Mutex::new(Set {
                ways: even + usize::from(index < odd),
                hashes: [0; WAYS],
                whole: [0; WAYS],
            })
        });
        Self { sets: sets.collect() }
    }

    fn set(&self, hash: u64) -> Option<&Mutex<Set>> {
        // The upper half of the product is below the number of sets, whatever that is.
        let scaled = (u128::from(hash) * self.sets.len() as u128) >> 64;
        self.sets.get(usize::try_from(scaled).ok()?)
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.sets
            .iter()
            .map(|set| set.lock().unwrap().whole.iter().filter(|whole| **whole != 0).count())
            .sum()
    }
}

impl StateStore for MemoryStore {
    type Key = Probe;

    fn measure_and_replace<T, F, E>(&self, probe: &Probe, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // The time is not handed to a store; a caller who was never seen tells it, and is always admitted.
        let (admitted, fresh) = decide(None)?;
        probe.fresh.set(fresh.as_u64());
        probe.whole.set(fresh.as_u64());
        let Some(set) = self.set(probe.hash) else {
            return Ok(admitted);
        };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let Set { ways, hashes, whole } = &mut *set;
        let mut places = hashes.iter_mut().zip(whole.iter_mut()).take(*ways);
        if let Some((_, whole)) = places.find(|(hash, _)| **hash == probe.hash) {
            probe.whole.set(*whole);
            let (admitted, after) = decide(Some(Nanos::new(*whole)))?;
            *whole = after.as_u64();
            probe.whole.set(*whole);
            return Ok(admitted);
        }
        let places = hashes.iter_mut().zip(whole.iter_mut()).take(*ways);
        if let Some((hash, whole)) = places.min_by_key(|(_, whole)| **whole) {
            *hash = probe.hash;
            *whole = fresh.as_u64();
        }
        Ok(admitted)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("sets", &self.sets.len())
            .finish_non_exhaustive()
    }
}

/// What a request takes of one quota.
#[cfg(feature = "redis")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charge {
    /// Made with [`Salt::Shared`](crate::caller::Salt::Shared).
    pub(super) caller: Fingerprint,
    /// The quota's place in the layer.
    pub(super) quota: usize,
    pub(super) weight: u32,
}

/// The answer of a [`SharedStore`].
#[cfg(feature = "redis")]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Where the caller stands in each quota now, in the order of the charges. Empty where nothing was counted, since the store is
    /// down and the builder was told to admit then.
    Admitted(Vec<Standing>),
    /// Nothing was taken from any quota. `by` is the first charge that was refused.
    Refused { by: usize, standing: Standing },
}

#[cfg(feature = "redis")]
pub(super) type TakeFuture = Pin<Box<dyn Future<Output = Result<Taken, StoreFailure>> + Send>>;

/// Counts that many processes share. No two charges of a call name the same quota.
#[cfg(feature = "redis")]
pub(super) trait SharedStore: Send + Sync + Debug {
    /// Takes from all quotas or from none.
    fn take(&self, charges: Vec<Charge>) -> TakeFuture;

    /// Gives back what was taken, some time soon or, where the store is down, never.
    fn give_back(&self, charges: Vec<Charge>);

    /// The charge that is refused, where this is known without a question to the store. `take` looks itself; who asks here first
    /// spares an attacker's requests the allocations of a future.
    fn refused(&self, charges: &[Charge]) -> Option<(usize, Standing)> {
        let _ = charges;
        None
    }
}
