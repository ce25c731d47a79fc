//! The pure decision: what the log hears of a store that fails. Times are milliseconds of any one clock.

/// Between two lines about the beginning of an outage: a store that fails now and then would fill the log.
const SILENCE: u64 = 60_000;

/// What the log has heard.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// That the store is down, and not yet that it answers again.
    told: bool,
    last: Option<u64>,
}

impl Outage {
    /// Whether the log should hear of this failure.
    pub(super) fn failed(&mut self, now: u64) -> bool {
        if self.told || self.last.is_some_and(|last| now.saturating_sub(last) < SILENCE) {
            return false;
        }
        self.told = true;
        self.last = Some(now);
        true
    }

    /// Whether the log should hear that the store answers again.
    pub(super) fn answered(&mut self) -> bool {
        std::mem::take(&mut self.told)
    }
}
