use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::policy::{Account, Counting, Pace, Standing};
#[cfg(feature = "redis")]
use super::store::Refund;
use super::store::{Charge, MOST_QUOTAS};
use crate::caller::Fingerprint;

/// Callers that share a lock, and compete for places when a table is full.
pub(super) const WAYS: usize = 32;

/// A table for each quota of a layer.
#[derive(Debug)]
pub(super) struct Memory {
    tables: Box<[Table]>,
}

/// A table of fixed size in which callers are known by their hash.
///
/// A hash belongs to one set of up to [`WAYS`] places. Where the set is full the new caller takes the place of the one whose
/// quota is whole already, or else of the one who has used the least.
struct Table {
    pace: Pace,
    sets: Box<[Mutex<Set>]>,
}

/// A search reads the tags, which are half a cache line, and then hardly another place than the one that it is for.
struct Set {
    tags: [u8; WAYS],
    ways: usize,
    /// Empty where the quota has no need of it.
    used: Box<[u32]>,
    places: [Place; WAYS],
}

#[derive(Clone, Copy, Default)]
struct Place {
    hash: u64,
    /// A free place is one that is whole since ever.
    whole: u64,
}

/// A place in a set that is locked, and what will stand there if no quota refuses.
struct Held<'a> {
    set: MutexGuard<'a, Set>,
    place: usize,
    hash: u64,
    after: Account,
}

impl Memory {
    /// With exactly so many places for each quota, which are all allocated now.
    pub(super) fn new(paces: impl IntoIterator<Item = Pace>, keys: usize) -> Self {
        let tables = paces.into_iter().map(|pace| Table::new(pace, keys));
        Self {
            tables: tables.collect(),
        }
    }

    /// Takes everything or nothing. The charges are in the order of the quotas, so that no two requests wait for each other.
    ///
    /// # Errors
    /// The place of the first quota that refuses, and where the caller stands there.
    pub(super) fn take(&self, charges: &[Charge], now: u64) -> Result<[Standing; MOST_QUOTAS], (usize, Standing)> {
        let mut held = [const { None }; MOST_QUOTAS];
        let mut standings = [Standing::default(); MOST_QUOTAS];
        for ((charge, place), standing) in charges.iter().zip(&mut held).zip(&mut standings) {
            if let Some((table, hash, set)) = self.lock(charge.quota, charge.caller) {
                let standing_of = |account| table.pace.standing(account, now);
                let held = table
                    .hold(set, hash, charge.weight, now)
                    .map_err(|refused| (charge.quota, standing_of(refused)))?;
                *standing = standing_of(held.after);
                *place = Some(held);
            }
        }
        held.into_iter().flatten().for_each(Held::write);
        Ok(standings)
    }

    /// The same for a single charge. Where the caller stands with the account after it is for the quota's pace to say, if anybody
    /// wants to know: that takes a division.
    pub(super) fn take_one(&self, charge: Charge, now: u64) -> Result<Account, Account> {
        let Some((table, hash, set)) = self.lock(charge.quota, charge.caller) else {
            return Ok(Account::default());
        };
        let held = table.hold(set, hash, charge.weight, now)?;
        let after = held.after;
        held.write();
        Ok(after)
    }

    /// Gives back what was taken when the quota was then whole at `until`. Says where the caller stands, who may be forgotten.
    pub(super) fn give_back(&self, charge: Charge, until: u64, now: u64) -> Option<Standing> {
        let (table, hash, mut set) = self.lock(charge.quota, charge.caller)?;
        let place = set.find(hash)?;
        let after = table.pace.give_back(set.account(place), charge.weight, until, now);
        set.write(place, hash, after);
        Some(table.pace.standing(after, now))
    }

    /// The same where it is not known when the quota was to be whole, but for how long from now it would not be.
    #[cfg(feature = "redis")]
    pub(super) fn refund(&self, refund: Refund, now: u64) {
        let Refund { charge, left } = refund;
        if let Some((table, hash, mut set)) = self.lock(charge.quota, charge.caller)
            && let Some(place) = set.find(hash)
        {
            let account = set.account(place);
            let until = match table.pace.counting() {
                Counting::Gcra => now.saturating_add(left),
                Counting::FixedWindow => account.whole,
            };
            let after = table.pace.give_back(account, charge.weight, until, now);
            set.write(place, hash, after);
        }
    }

    /// The caller begins anew.
    pub(super) fn forget(&self, quota: usize, caller: Fingerprint) {
        if let Some((_, hash, mut set)) = self.lock(quota, caller)
            && let Some(place) = set.find(hash)
        {
            set.write(place, 0, Account::default());
        }
    }

    fn lock(&self, quota: usize, caller: Fingerprint) -> Option<(&Table, u64, MutexGuard<'_, Set>)> {
        let table = self.tables.get(quota)?;
        // The lower half, which is all there is of a secret hash.
        let hash = u64::try_from(caller & u128::from(u64::MAX)).unwrap_or_default();
        // The upper half of the product is below the number of sets, whatever that is.
        let scaled = (u128::from(hash) * table.sets.len() as u128) >> 64;
        let set = table.sets.get(usize::try_from(scaled).ok()?)?;
        Some((table, hash, set.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        let sets = self.tables.iter().flat_map(|table| &table.sets);
        sets.map(|set| {
            set.lock()
                .unwrap()
                .places
                .iter()
                .filter(|place| place.whole != 0)
                .count()
        })
        .sum()
    }
}

impl Table {
    fn new(pace: Pace, keys: usize) -> Self {
        let count = keys.div_ceil(WAYS).max(1);
        let (even, odd) = (keys / count, keys % count);
        let sets = (0..count).map(|index| {
            let ways = even + usize::from(index < odd);
            let used = match pace.counting() {
                Counting::Gcra => 0,
                Counting::FixedWindow => ways,
            };
            Mutex::new(Set {
                tags: [0; WAYS],
                ways,
                places: [Place::default(); WAYS],
                used: vec![0; used].into(),
            })
        });
        Self {
            pace,
            sets: sets.collect(),
        }
    }

    /// What a request would leave behind; or the account of the caller who is refused.
    fn hold<'a>(&self, mut set: MutexGuard<'a, Set>, hash: u64, weight: u32, now: u64) -> Result<Held<'a>, Account> {
        let (place, account) = match set.find(hash) {
            Some(place) => {
                let (kept, account) = (set.account(place), self.pace.plausible(set.account(place), now));
                if account != kept {
                    // Also where the request is refused, or the caller would wait for the old clock.
                    set.write(place, hash, account);
                }
                (place, account)
            }
            None => (set.least(self.pace, now), Account::default()),
        };
        let after = self.pace.take(account, weight, now).ok_or(account)?;
        Ok(Held {
            set,
            place,
            hash,
            after,
        })
    }
}

impl Held<'_> {
    fn write(mut self) {
        self.set.write(self.place, self.hash, self.after);
    }
}

impl Set {
    fn find(&self, hash: u64) -> Option<usize> {
        let tag = tag(hash);
        let places = self.tags.iter().zip(&self.places).take(self.ways);
        places
            .enumerate()
            .find_map(|(place, (own, held))| (*own == tag && held.hash == hash).then_some(place))
    }

    fn account(&self, place: usize) -> Account {
        Account {
            whole: self.places.get(place).map_or(0, |place| place.whole),
            used: self.used.get(place).copied().unwrap_or_default(),
        }
    }

    /// The place whose caller loses the least.
    fn least(&self, pace: Pace, now: u64) -> usize {
        (0..self.ways)
            .min_by_key(|place| pace.rank(self.account(*place), now))
            .unwrap_or_default()
    }

    fn write(&mut self, place: usize, hash: u64, account: Account) {
        if let (Some(own), Some(held)) = (self.tags.get_mut(place), self.places.get_mut(place)) {
            *own = tag(hash);
            *held = Place {
                hash,
                whole: account.whole,
            };
        }
        if let Some(used) = self.used.get_mut(place) {
            *used = account.used;
        }
    }
}

/// Of the bits that do not choose the set.
fn tag(hash: u64) -> u8 {
    hash.to_le_bytes()[0]
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("pace", &self.pace)
            .field("sets", &self.sets.len())
            .finish()
    }
}
