//! When a key set is fetched: at most once at a time, and for unknown keys at most once per cooldown.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use tokio::time::Instant;

/// So many unknown ids are remembered. Further ones are held back by the cooldown that all share.
const MOST_MISSING: usize = 256;

/// After a failure the next attempt waits for so long, and twice as long after each further one, up to the cooldown.
const FIRST_RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) every: Duration,
    pub(super) cooldown: Duration,
    pub(super) max_stale: Duration,
}

/// What to do about a key that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// This fetch is under way.
    Join(u64),
    /// Fetch, under this number.
    Begin(u64),
    /// There is no such key.
    Refuse,
    /// The source does not answer, so that nobody knows.
    Unavailable,
}

#[derive(Debug)]
pub(super) struct Schedule {
    timing: Timing,
    /// How many fetches were begun; the number of the latest.
    begun: u64,
    flying: bool,
    /// When the last success ended, as of its beginning: what was withdrawn since may be missing in it.
    loaded: Option<Instant>,
    began: Option<Instant>,
    ended: Option<Instant>,
    /// Failures since the last success.
    failures: u32,
    searched: Option<Instant>,
    missing: Missing,
}

impl Schedule {
    pub(super) fn new(timing: Timing) -> Self {
        Self {
            timing,
            begun: 0,
            flying: false,
            loaded: None,
            began: None,
            ended: None,
            failures: 0,
            searched: None,
            missing: Missing::default(),
        }
    }

    pub(super) fn failing(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn usable(&self, now: Instant) -> bool {
        self.loaded
            .is_some_and(|loaded| now.duration_since(loaded) <= self.timing.max_stale)
    }

    /// When the next fetch is due of itself.
    pub(super) fn due(&self, now: Instant) -> Instant {
        match (self.ended, self.failures) {
            (None, _) => now,
            (Some(ended), 0) => ended + self.timing.every,
            (Some(ended), failures) => ended + self.retry(failures),
        }
    }

    fn retry(&self, failures: u32) -> Duration {
        let doubled = FIRST_RETRY.saturating_mul(1 << (failures - 1).min(16));
        doubled.min(self.timing.cooldown)
    }

    /// Begins a fetch of itself, where none is under way.
    pub(super) fn begin(&mut self, now: Instant) -> Step {
        if self.flying {
            return Step::Join(self.begun);
        }
        self.flying = true;
        self.begun += 1;
        self.began = Some(now);
        Step::Begin(self.begun)
    }

    /// The set has no key of this id, or none that could have signed a token without an id.
    pub(super) fn missing(&mut self, kid: Option<&str>, now: Instant) -> Step {
        if self.flying {
            return Step::Join(self.begun);
        }
        if !self.usable(now) {
            return if now >= self.due(now) {
                self.begin(now)
            } else {
                Step::Unavailable
            };
        }
        let resting = self
            .searched
            .is_some_and(|searched| now.duration_since(searched) < self.timing.cooldown);
        // Tokens without an id share one rest, which does not grow: whoever forges one must not hold back the others.
        if resting || kid.is_some_and(|kid| self.missing.resting(kid, now)) {
            return self.refuse();
        }
        self.searched = Some(now);
        self.begin(now)
    }

    /// The id was not in the set that was fetched for it either.
    pub(super) fn still_missing(&mut self, kid: Option<&str>, now: Instant) -> Step {
        if !self.usable(now) {
            return Step::Unavailable;
        }
        if let (Some(kid), false) = (kid, self.failing()) {
            self.missing.note(kid, now, self.timing);
        }
        self.refuse()
    }

    /// Of a source that does not answer nobody knows whether it has a new key.
    fn refuse(&self) -> Step {
        if self.failing() {
            Step::Unavailable
        } else {
            Step::Refuse
        }
    }

    pub(super) fn end(&mut self, loaded: bool, now: Instant) {
        self.flying = false;
        self.ended = Some(now);
        if self.searched.is_some_and(|searched| self.began == Some(searched)) {
            self.searched = Some(now);
        }
        if loaded {
            self.loaded = self.began;
            self.failures = 0;
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// Ids that were looked for in vain, by a keyed hash, so that the length of an id costs no memory. Each rests for a cooldown,
/// and for twice as long each time that it was looked for again: a client with an old token is no reason to fetch for ever.
#[derive(Debug, Default)]
struct Missing {
    hasher: RandomState,
    rest: HashMap<u64, Rest>,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    until: Instant,
    length: Duration,
}

impl Missing {
    fn resting(&self, kid: &str, now: Instant) -> bool {
        let found = self.rest.get(&self.hasher.hash_one(kid));
        found.is_some_and(|rest| now < rest.until)
    }

    fn note(&mut self, kid: &str, now: Instant, timing: Timing) {
        let hash = self.hasher.hash_one(kid);
        let length = match self.rest.get(&hash) {
            // Many were waiting for the same fetch.
            Some(rest) if now < rest.until => return,
            Some(rest) => rest.length.saturating_mul(2).min(timing.every.max(timing.cooldown)),
            None => timing.cooldown,
        };
        if self.rest.len() >= MOST_MISSING {
            self.rest.retain(|_, rest| now < rest.until);
        }
        if self.rest.len() < MOST_MISSING || self.rest.contains_key(&hash) {
            let until = now + length;
            self.rest.insert(hash, Rest { until, length });
        }
    }
}
