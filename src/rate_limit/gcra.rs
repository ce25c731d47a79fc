use std::fmt;

use governor::RateLimiter;
use governor::clock::{Clock, QuantaClock};
use governor::middleware::NoOpMiddleware;

use super::policy::{Pace, Standing};
use super::store::{MemoryStore, Probe};

/// governor over our store. The clock is made once: making one anew costs more than any decision.
pub(super) struct Gcra<C: Clock = QuantaClock> {
    limiter: RateLimiter<Probe, MemoryStore, C, NoOpMiddleware<C::Instant>>,
    pace: Pace,
}

impl<C: Clock> Gcra<C> {
    pub(super) fn new(pace: Pace, keys: usize, clock: C) -> Self {
        Self {
            limiter: RateLimiter::new(pace.governed(), MemoryStore::new(keys), clock),
            pace,
        }
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    /// Takes one request from the caller's quota, or refuses; in both cases says where the caller stands then.
    pub(super) fn take(&self, hash: u64) -> Result<Standing, Standing> {
        let probe = Probe::new(hash);
        let taken = self.limiter.check_key(&probe);
        let standing = self.pace.standing(probe.debt(self.pace.interval()));
        taken.map(|()| standing).map_err(|_| standing)
    }

    #[cfg(test)]
    pub(super) fn into_store(self) -> MemoryStore {
        self.limiter.into_state_store()
    }
}

impl<C: Clock> fmt::Debug for Gcra<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gcra").field("pace", &self.pace).finish_non_exhaustive()
    }
}
