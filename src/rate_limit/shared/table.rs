use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::store::Charge;
use super::rule::{Level, Rule};
use crate::caller::Fingerprint;

/// Entries that share a lock, and compete for places.
const WAYS: usize = 8;

/// Levels that this process keeps: of callers whom the store has refused, or of its share while the store is down.
///
/// It has a fixed size, and no operation allocates. A caller belongs to one set of places. Where they are taken, the entry that
/// would be forgotten soonest makes room. Times are microseconds of one clock.
pub(super) struct Table {
    sets: Box<[Mutex<Set>]>,
}

type Set = [Entry; WAYS];

#[derive(Clone, Copy)]
struct Entry {
    caller: Fingerprint,
    quota: usize,
    level: Level,
    /// When the level was that.
    at: u64,
    /// When the entry is forgotten; 0 for a free place.
    until: u64,
}

const FREE: Entry = Entry {
    caller: 0,
    quota: 0,
    level: Level::WHOLE,
    at: 0,
    until: 0,
};

impl Table {
    /// With so many places at least, of 56 bytes each, which are all allocated now.
    pub(super) fn new(places: usize) -> Self {
        let sets = (0..places.div_ceil(WAYS).max(1)).map(|_| Mutex::new([FREE; WAYS]));
        Self { sets: sets.collect() }
    }

    /// What the caller has used by now, as far as this table knows.
    pub(super) fn level(&self, charge: &Charge, rule: &Rule, now: u64) -> Level {
        self.set(charge)
            .map_or(Level::WHOLE, |set| level(&set, charge, rule, now))
    }

    /// Replaces what the caller has used; the entry is forgotten after so many microseconds.
    pub(super) fn put(&self, charge: &Charge, level: Level, at: u64, lasts: u64) {
        if let Some(mut set) = self.set(charge) {
            put(&mut set, charge, level, at, lasts);
        }
    }

    /// What the caller has used by now becomes what `alter` makes of it, unless that is an error.
    pub(super) fn change<E>(
        &self,
        charge: &Charge,
        rule: &Rule,
        now: u64,
        alter: impl FnOnce(Level) -> Result<Level, E>,
    ) -> Result<Level, E> {
        let Some(mut set) = self.set(charge) else {
            return alter(Level::WHOLE);
        };
        let after = alter(level(&set, charge, rule, now))?;
        put(&mut set, charge, after, now, after.left);
        Ok(after)
    }

    fn set(&self, charge: &Charge) -> Option<MutexGuard<'_, Set>> {
        let place = charge.caller % self.sets.len() as u128;
        let set = self.sets.get(usize::try_from(place).ok()?)?;
        Some(set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn level(set: &Set, charge: &Charge, rule: &Rule, now: u64) -> Level {
    let own = set.iter().find(|entry| entry.is_of(charge));
    own.map_or(Level::WHOLE, |own| own.level_at(rule, now))
}

fn put(set: &mut Set, charge: &Charge, level: Level, at: u64, lasts: u64) {
    let place = match set.iter().position(|entry| entry.is_of(charge)) {
        Some(own) => set.get_mut(own),
        None => set.iter_mut().min_by_key(|entry| entry.until),
    };
    if let Some(place) = place {
        *place = Entry {
            caller: charge.caller,
            quota: charge.quota,
            level,
            at,
            until: at.saturating_add(lasts),
        };
    }
}

impl Entry {
    fn is_of(&self, charge: &Charge) -> bool {
        self.caller == charge.caller && self.quota == charge.quota
    }

    fn level_at(&self, rule: &Rule, now: u64) -> Level {
        if now >= self.until {
            return Level::WHOLE;
        }
        rule.after(self.level, now.saturating_sub(self.at))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.sets.len() * WAYS;
        f.debug_struct("Table").field("places", &places).finish_non_exhaustive()
    }
}
