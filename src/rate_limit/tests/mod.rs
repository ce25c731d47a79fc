use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::memory::Memory;
use super::policy::{Pace, Standing};
use super::quota::Quota;
use super::store::Charge;

mod headers;
mod keys;
mod measure;
mod memory;
mod model;
mod policy;
mod quotas;
mod shared;

const SECOND: u64 = 1_000_000_000;

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

fn pace(text: &str) -> Pace {
    quota(text).pace().unwrap()
}

/// A hash that nobody has chosen.
fn hash(caller: u64) -> u64 {
    let mut mixed = caller.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A store of one quota, and a clock that stands still.
struct Counter {
    memory: Memory,
    pace: Pace,
    now: AtomicU64,
}

impl Counter {
    fn new(pace: Pace, keys: usize) -> Self {
        Self {
            memory: Memory::new([pace], keys),
            pace,
            now: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn advance(&self, pause: Duration) {
        let pause = u64::try_from(pause.as_nanos()).unwrap();
        self.now.fetch_add(pause, Ordering::Relaxed);
    }

    fn take(&self, caller: u64) -> Result<Standing, Standing> {
        self.weigh(caller, 1)
    }

    fn weigh(&self, caller: u64, weight: u32) -> Result<Standing, Standing> {
        let now = self.now();
        let taken = self.memory.take_one(charge(caller, weight), now);
        let standing = |account| self.pace.standing(account, now);
        taken.map(standing).map_err(standing)
    }
}

fn charge(caller: u64, weight: u32) -> Charge {
    Charge {
        caller: caller.into(),
        quota: 0,
        weight,
    }
}
