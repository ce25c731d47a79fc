use std::sync::OnceLock;

use super::super::store::{Charge, Taken};
use super::rule::Rule;
use super::table::Table;

/// This process's share of the quotas, while the store is down.
#[derive(Debug)]
pub(super) struct Local {
    rules: Box<[Rule]>,
    places: usize,
    /// Made when the store fails for the first time.
    table: OnceLock<Table>,
}

impl Local {
    pub(super) fn new(rules: &[Rule], processes: u32, places: usize) -> Self {
        Self {
            rules: rules.iter().map(|rule| rule.share(processes)).collect(),
            places,
            table: OnceLock::new(),
        }
    }

    /// `None` where a charge names no quota.
    pub(super) fn take(&self, charges: &[Charge], now: u64) -> Option<Taken> {
        let table = self.table.get_or_init(|| Table::new(self.places));
        let mut standings = Vec::with_capacity(charges.len());
        for (by, charge) in charges.iter().enumerate() {
            let rule = self.rules.get(charge.quota)?;
            match table.change(charge, rule, now, |level| rule.take(level, charge.weight)) {
                Ok(level) => standings.push(rule.admitted(level)),
                Err(level) => {
                    // Between the two somebody may be refused who need not have been. Nobody is admitted beyond a quota.
                    self.give_back(charges.get(..by)?, now);
                    let standing = rule.refused(level, charge.weight);
                    return Some(Taken::Refused { by, standing });
                }
            }
        }
        Some(Taken::Admitted(standings))
    }

    pub(super) fn give_back(&self, charges: &[Charge], now: u64) {
        let Some(table) = self.table.get() else {
            return;
        };
        for charge in charges {
            if let Some(rule) = self.rules.get(charge.quota) {
                let lowered = |level| Ok::<_, ()>(rule.give_back(level, charge.weight));
                let _ = table.change(charge, rule, now, lowered);
            }
        }
    }
}
