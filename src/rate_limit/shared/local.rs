use std::sync::OnceLock;

use super::super::memory::Memory;
use super::super::policy::{Counting, Pace};
use super::super::store::{Charge, Refund, Taken};

/// This process's share of the quotas, while the store is down.
#[derive(Debug)]
pub(super) struct Local {
    paces: Box<[Pace]>,
    keys: usize,
    /// Made when the store fails for the first time.
    memory: OnceLock<Memory>,
}

impl Local {
    pub(super) fn new(paces: impl Iterator<Item = Pace>, processes: u32, keys: usize) -> Self {
        Self {
            paces: paces.map(|pace| share(pace, processes)).collect(),
            keys,
            memory: OnceLock::new(),
        }
    }

    pub(super) fn take(&self, charges: &[Charge], now: u64) -> Taken {
        let memory = self
            .memory
            .get_or_init(|| Memory::new(self.paces.iter().copied(), self.keys));
        match memory.take(charges, now) {
            Ok(standings) => Taken::Admitted(standings.into_iter().take(charges.len()).collect()),
            Err((by, standing)) => Taken::Refused { by, standing },
        }
    }

    pub(super) fn give_back(&self, refunds: &[Refund], now: u64) {
        if let Some(memory) = self.memory.get() {
            for refund in refunds {
                memory.refund(*refund, now);
            }
        }
    }
}

/// One of so many equal parts, but no less than one request.
pub(super) fn share(pace: Pace, processes: u32) -> Pace {
    let burst = pace.burst().checked_div(processes).unwrap_or_default().max(1);
    let share = match pace.counting() {
        Counting::Gcra => Pace::gcra(pace.interval().saturating_mul(processes.into()), burst),
        Counting::FixedWindow => Pace::fixed(pace.window(), burst),
    };
    share.unwrap_or(pace)
}
