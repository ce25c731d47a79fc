use std::fmt;
use std::time::Duration;

use super::count::Counts;
use super::headers::Stamp;
use super::limit::{Predicate, Weigh};
use super::policy::{Counting, Pace, Standing};
use super::quota::Quota;
use super::refusals::Refusals;
use super::store::Charge;
use crate::caller::{Key, Missing, MissingKey, Salt};
use crate::request_view::RequestView;

/// A limit as its layer applies it.
pub(super) struct Rule {
    pub(super) quota: Quota,
    /// As it is counted: what may wait beyond the quota is part of the burst.
    pub(super) pace: Pace,
    /// How much of the burst has to wait.
    pub(super) extra: u32,
    pub(super) step: Duration,
    pub(super) key: Key,
    pub(super) on_missing_key: MissingKey,
    pub(super) when: Vec<Predicate>,
    pub(super) weight: Option<Weigh>,
    pub(super) counts: Counts,
    pub(super) stamp: Stamp,
    pub(super) refusals: Refusals,
}

/// Why a request is refused before anything is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bar {
    /// It lacks what it would be counted by.
    NoKey,
    /// No layer has said whom to count it for.
    Misplaced(Missing),
    /// It costs more than the quota ever holds.
    TooHeavy,
}

impl Rule {
    /// What the request takes from the quota, which is the layer's `place`th. `None` where it is not counted.
    pub(super) fn charge(&self, place: usize, request: &RequestView<'_>, salt: &Salt) -> Result<Option<Charge>, Bar> {
        if !self.when.iter().all(|applies| applies(*request)) {
            return Ok(None);
        }
        let weight = self.weight.as_ref().map_or(1, |weight| weight(*request));
        if weight == 0 {
            return Ok(None);
        }
        let caller = match (self.key.caller(request, salt), self.on_missing_key) {
            (Ok(Some(caller)), _) => Ok(caller),
            (Ok(None), MissingKey::Admit) => return Ok(None),
            (Ok(None), MissingKey::Refuse) => return Err(Bar::NoKey),
            (Ok(None), MissingKey::ByAddress) => self.key.address(request, salt),
            (Err(missing), _) => Err(missing),
        };
        let caller = caller.map_err(Bar::Misplaced)?;
        if weight > self.pace.burst() {
            return Err(Bar::TooHeavy);
        }
        Ok(Some(Charge {
            caller,
            quota: place,
            weight,
        }))
    }

    /// How many requests may come at once, without waiting.
    pub(super) fn limit(&self) -> u32 {
        self.pace.burst() - self.extra
    }

    /// Whether an answer may give back what its request took.
    pub(super) fn gives_back(&self) -> bool {
        matches!(self.counts, Counts::If(_))
    }

    /// Whether an admission has no consequence beyond the count: nobody is told, nothing given back, and nobody waits.
    pub(super) fn is_silent(&self) -> bool {
        self.extra == 0 && !self.stamp.writes() && !self.gives_back()
    }

    /// How long a request that was admitted waits.
    pub(super) fn delay(&self, standing: Standing) -> Duration {
        match self.extra.saturating_sub(standing.remaining) {
            0 => Duration::ZERO,
            beyond => self.step.saturating_mul(beyond),
        }
    }

    /// The standing as callers are told of it, who know of no requests but those without delay.
    pub(super) fn shown(&self, standing: Standing) -> Standing {
        if self.extra == 0 {
            return standing;
        }
        let beyond = self.extra.saturating_sub(standing.remaining);
        let more_in = match self.pace.counting() {
            Counting::Gcra => standing.more_in + self.pace.interval().saturating_mul(beyond.into()),
            Counting::FixedWindow => standing.more_in,
        };
        Standing {
            remaining: standing.remaining.saturating_sub(self.extra),
            more_in,
            ..standing
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("quota", &self.quota)
            .field("key", &self.key)
            .field("on_missing_key", &self.on_missing_key)
            .field("when", &self.when.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
