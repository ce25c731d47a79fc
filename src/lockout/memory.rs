use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::failures::millis;
use super::policy::{Question, Settlement, Verdict};
use super::record::{Record, Rule};

/// Subjects that compete for places when a table is full.
pub(super) const WAYS: usize = 32;

/// Failures in this process: a table for each of pairs, addresses and accounts, so that none can crowd out another.
///
/// All are behind one lock, since an attempt is judged by three records at once. It is held for less than a microsecond, and whoever
/// passes goes on to a password's hash, which takes a hundred thousand times as long.
pub(super) struct MemoryStore {
    tables: Mutex<[Table; 3]>,
    hasher: RandomState,
    start: Instant,
}

/// Sets of up to [`WAYS`] places. A hash that nobody outside can aim decides which set is a subject's.
struct Table {
    sets: Vec<Vec<Place>>,
    /// Places in a set, and how many sets have one more.
    even: usize,
    odd: usize,
}

#[derive(Clone, Copy)]
struct Place {
    key: u128,
    record: Record,
}

impl MemoryStore {
    /// With at most so many places for each of the three, which are allocated as they are needed.
    pub(super) fn new(keys: usize) -> Self {
        Self {
            tables: Mutex::new(std::array::from_fn(|_| Table::new(keys))),
            hasher: RandomState::new(),
            start: Instant::now(),
        }
    }

    pub(super) fn begin(&self, question: &Question, now: u64) -> Verdict {
        let mut tables = self.tables();
        let mut records = self.read(&tables, question.keys);
        let verdict = question.judge(&mut records, now);
        if matches!(verdict, Verdict::Begun { .. }) {
            self.write(&mut tables, question.keys, question.rules, records, now);
        }
        verdict
    }

    pub(super) fn settle(&self, settlement: &Settlement, now: u64) {
        let mut tables = self.tables();
        let mut records = self.read(&tables, settlement.keys);
        settlement.apply(&mut records, now);
        self.write(&mut tables, settlement.keys, settlement.rules, records, now);
    }

    fn tables(&self) -> MutexGuard<'_, [Table; 3]> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the store was made: nobody is let in or kept out by a clock that is set.
    pub(super) fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn read(&self, tables: &[Table; 3], keys: [u128; 3]) -> [Record; 3] {
        let mut records = [Record::default(); 3];
        for ((table, key), record) in tables.iter().zip(keys).zip(&mut records) {
            *record = table.get(key, self.hasher.hash_one(key));
        }
        records
    }

    fn write(
        &self,
        tables: &mut [Table; 3],
        keys: [u128; 3],
        rules: [Option<Rule>; 3],
        records: [Record; 3],
        now: u64,
    ) {
        for (((table, key), rule), record) in tables.iter_mut().zip(keys).zip(rules).zip(records) {
            table.set(Place { key, record }, self.hasher.hash_one(key), rule, now);
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> [usize; 3] {
        let tables = self.tables();
        std::array::from_fn(|index| tables[index].sets.iter().map(Vec::len).sum())
    }
}

impl Table {
    fn new(keys: usize) -> Self {
        let count = keys.div_ceil(WAYS).max(1);
        Self {
            sets: vec![Vec::new(); count],
            even: keys / count,
            odd: keys % count,
        }
    }

    /// The upper half of the product is below the number of sets, whatever that is.
    fn index(&self, hash: u64) -> usize {
        let scaled = (u128::from(hash) * self.sets.len() as u128) >> 64;
        usize::try_from(scaled).unwrap_or_default()
    }

    fn get(&self, key: u128, hash: u64) -> Record {
        let mut places = self.sets.get(self.index(hash)).into_iter().flatten();
        places
            .find(|place| place.key == key)
            .map_or(Record::default(), |place| place.record)
    }

    fn set(&mut self, new: Place, hash: u64, rule: Option<Rule>, now: u64) {
        let index = self.index(hash);
        let most = self.even + usize::from(index < self.odd);
        let Some(set) = self.sets.get_mut(index) else {
            return;
        };
        let nothing = new.record == Record::default();
        let own = set.iter().position(|place| place.key == new.key);
        match own {
            Some(own) if nothing => {
                set.swap_remove(own);
            }
            Some(own) => {
                if let Some(place) = set.get_mut(own) {
                    *place = new;
                }
            }
            None if nothing => {}
            None if set.len() < most => set.push(new),
            None => {
                if let Some(place) = set.iter_mut().min_by_key(|place| worth(&place.record, rule, now)) {
                    *place = new;
                }
            }
        }
    }
}

/// Which record goes first when there is no place: one that says nothing any more, then one that only spares its owner a wait, then
/// the one with the fewest failures, and of those that are locked the one that is free soonest.
fn worth(record: &Record, rule: Option<Rule>, now: u64) -> (u8, u64) {
    let counts = record.failures > 0 && rule.is_some_and(|rule| rule.forgotten(record) > now);
    if counts && record.blocked > now {
        (3, record.blocked)
    } else if counts {
        (2, record.failures.into())
    } else if record.known > now {
        (1, record.known)
    } else {
        (0, 0)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
