use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::policy::Account;
use super::super::store::Charge;
use crate::caller::Fingerprint;

/// Entries that share a lock, and compete for places.
const WAYS: usize = 8;
/// 512 KB in all.
const SETS: usize = 1024;

/// Whom the store has refused, and what they had used then: nothing but time lowers that, where no request is given back.
///
/// It has a fixed size, and no operation allocates. A caller belongs to one set of places. Where they are taken, the entry that
/// would be forgotten soonest makes room: its caller costs the store a question, and no count is lost. Times are nanoseconds of one
/// clock.
pub(super) struct Refused {
    sets: Box<[Mutex<Set>]>,
}

type Set = [Entry; WAYS];

#[derive(Clone, Copy)]
struct Entry {
    caller: Fingerprint,
    quota: usize,
    account: Account,
    /// When the entry is forgotten; 0 for a free place.
    until: u64,
}

const FREE: Entry = Entry {
    caller: 0,
    quota: 0,
    account: Account { whole: 0, used: 0 },
    until: 0,
};

impl Refused {
    pub(super) fn new() -> Self {
        Self {
            sets: (0..SETS).map(|_| Mutex::new([FREE; WAYS])).collect(),
        }
    }

    /// What the caller had used when the store refused.
    pub(super) fn recall(&self, charge: &Charge, now: u64) -> Option<Account> {
        let set = self.set(charge.caller)?;
        let own = set.iter().find(|entry| entry.is_of(charge) && now < entry.until)?;
        Some(own.account)
    }

    pub(super) fn note(&self, charge: &Charge, account: Account, until: u64) {
        let Some(mut set) = self.set(charge.caller) else {
            return;
        };
        let place = match set.iter().position(|entry| entry.is_of(charge)) {
            Some(own) => set.get_mut(own),
            None => set.iter_mut().min_by_key(|entry| entry.until),
        };
        if let Some(place) = place {
            *place = Entry {
                caller: charge.caller,
                quota: charge.quota,
                account,
                until,
            };
        }
    }

    pub(super) fn forget(&self, charge: &Charge) {
        if let Some(mut set) = self.set(charge.caller)
            && let Some(own) = set.iter_mut().find(|entry| entry.is_of(charge))
        {
            *own = FREE;
        }
    }

    fn set(&self, caller: Fingerprint) -> Option<MutexGuard<'_, Set>> {
        let place = caller % self.sets.len() as u128;
        let set = self.sets.get(usize::try_from(place).ok()?)?;
        Some(set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entry {
    fn is_of(&self, charge: &Charge) -> bool {
        self.caller == charge.caller && self.quota == charge.quota
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").finish_non_exhaustive()
    }
}
