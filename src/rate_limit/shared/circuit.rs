//! The pure decision: whether the store is asked, by how it answered before. Times are nanoseconds of any one clock.

/// Failures in a row that open the circuit.
pub(super) const FAILURES: u32 = 5;
/// From the opening to the first probe.
pub(super) const FIRST_PAUSE: u64 = 100_000_000;
/// What the pause between two probes grows to.
pub(super) const LONGEST_PAUSE: u64 = 5_000_000_000;
/// An outage that begins so soon after another is the same one: a server that is too slow for all requests may answer a lone probe.
const RELAPSE: u64 = 2 * LONGEST_PAUSE;
/// Between two words about failures that did not open the circuit.
pub(super) const SILENCE: u64 = 60_000_000_000;

/// Closed, every request asks. After [`FAILURES`] in a row it opens: none asks but one each pause, the probe. A probe that fails, or
/// is never heard of again since its client has gone, is followed by another one; a probe that is answered closes the circuit.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    /// Failures in a row, while it is closed.
    failures: u32,
    /// Failures that the log has not had.
    untold: u64,
    told: Option<u64>,
    open: Option<Open>,
    /// When the last outage ended, and the pause that it had come to.
    closed: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Open {
    since: u64,
    /// The time of the next probe.
    next: u64,
    pause: u64,
}

/// A question to the store that may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Usual,
    Probe,
}

/// What the log should hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    /// After so many nanoseconds.
    Closed(u64),
    /// So many questions were not answered since the log heard last, but never enough in a row to open the circuit.
    Stumbled(u64),
}

impl Circuit {
    /// Nothing has failed since the last answer, so that the next answer changes nothing.
    pub(super) fn is_calm(&self) -> bool {
        self.open.is_none() && self.failures == 0
    }

    pub(super) fn attempt(&mut self, now: u64) -> Option<Attempt> {
        let Some(open) = &mut self.open else {
            return Some(Attempt::Usual);
        };
        if now < open.next {
            return None;
        }
        open.next = now.saturating_add(open.pause);
        Some(Attempt::Probe)
    }

    pub(super) fn answered(&mut self, attempt: Attempt, now: u64) -> Option<Change> {
        match (&self.open, attempt) {
            // It was asked before all failed, and says nothing about now.
            (Some(_), Attempt::Usual) => None,
            (Some(open), Attempt::Probe) => {
                let lasted = now.saturating_sub(open.since);
                *self = Self {
                    told: Some(now),
                    closed: Some((now, open.pause)),
                    ..Self::default()
                };
                Some(Change::Closed(lasted))
            }
            (None, _) => {
                self.failures = 0;
                let due = self.told.is_none_or(|told| now.saturating_sub(told) >= SILENCE);
                if self.untold == 0 || !due {
                    return None;
                }
                self.told = Some(now);
                Some(Change::Stumbled(std::mem::take(&mut self.untold)))
            }
        }
    }

    pub(super) fn failed(&mut self, attempt: Attempt, now: u64) -> Option<Change> {
        match (&mut self.open, attempt) {
            (Some(_), Attempt::Usual) => None,
            (Some(open), Attempt::Probe) => {
                open.pause = open.pause.saturating_mul(2).min(LONGEST_PAUSE);
                open.next = now.saturating_add(open.pause);
                None
            }
            (None, _) => {
                self.failures += 1;
                self.untold += 1;
                if self.failures < FAILURES {
                    return None;
                }
                let relapse = self.closed.filter(|(closed, _)| now.saturating_sub(*closed) < RELAPSE);
                let pause = relapse.map_or(FIRST_PAUSE, |(_, pause)| pause.saturating_mul(2).min(LONGEST_PAUSE));
                self.open = Some(Open {
                    since: now,
                    next: now.saturating_add(pause),
                    pause,
                });
                Some(Change::Opened)
            }
        }
    }
}
