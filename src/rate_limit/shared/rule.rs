//! The pure decision: a quota in the units of the script, which decides the same.

use std::borrow::Cow;

use super::super::policy::{Counting, Pace, Standing};

const MICROSECOND: u64 = 1_000;

/// A quota as the script counts it: in microseconds of debt, or in requests of a window.
///
/// Lua has no integers, only doubles, which are exact up to 2^53. The time in microseconds since 1970, with the longest quota's 365
/// days on top, is below that until the year 2254.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: Cow<'static, str>,
    /// Microseconds, and 0 for GCRA.
    pub(super) window: u64,
    /// What a request of weight 1 uses.
    unit: u64,
    burst: u32,
}

/// What is used of a quota: the two numbers of which the script's answers are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// Microseconds of debt, or requests.
    pub(super) used: u64,
    /// Microseconds until nothing is.
    pub(super) left: u64,
}

impl Level {
    /// Nothing is used.
    pub(super) const WHOLE: Self = Self { used: 0, left: 0 };

    fn whole_in(self) -> u64 {
        if self.used == 0 { 0 } else { self.left }
    }
}

impl Rule {
    /// Or what is wrong with the quota for a store that counts in microseconds.
    pub(super) fn new(name: Cow<'static, str>, pace: Pace) -> Result<Self, String> {
        let burst = pace.burst();
        match pace.counting() {
            Counting::FixedWindow => Ok(Self {
                name,
                window: pace.window().div_ceil(MICROSECOND),
                unit: 1,
                burst,
            }),
            Counting::Gcra => {
                // Rounded up: rather a request too few than one too many.
                let unit = pace.interval().div_ceil(MICROSECOND);
                if (unit * MICROSECOND - pace.interval()).saturating_mul(100) > pace.interval() {
                    return Err(format!(
                        "quota `{name}`: Redis counts in microseconds, and {} ns a request are more than 1 % less than {unit} µs; \
                         use a slower quota, or a coarser weight",
                        pace.interval()
                    ));
                }
                Ok(Self {
                    name,
                    window: 0,
                    unit,
                    burst,
                })
            }
        }
    }

    /// What a request of this weight uses. One that is heavier than the whole quota always is.
    pub(super) fn cost(&self, weight: u32) -> u64 {
        u64::from(weight).min(u64::from(self.burst) + 1) * self.unit
    }

    pub(super) fn most(&self) -> u64 {
        u64::from(self.burst) * self.unit
    }

    pub(super) fn admits(&self, level: Level, weight: u32) -> bool {
        level.used + self.cost(weight) <= self.most()
    }

    /// The level after a request of this weight, or that which refuses it.
    pub(super) fn take(&self, level: Level, weight: u32) -> Result<Level, Level> {
        if !self.admits(level, weight) {
            return Err(level);
        }
        let used = level.used + self.cost(weight);
        let left = match (self.window, level.left) {
            _ if used == level.used => level.left,
            (0, _) => used,
            // A window begins with its first request.
            (window, 0) => window,
            (_, left) => left,
        };
        Ok(Level { used, left })
    }

    /// The level after a request of this weight was given back. A window goes on to its end.
    pub(super) fn give_back(&self, level: Level, weight: u32) -> Level {
        let used = level.used.saturating_sub(self.cost(weight));
        let left = if self.window == 0 { used } else { level.left };
        Level { used, left }
    }

    /// One of so many equal parts, but no less than one request.
    pub(super) fn share(&self, processes: u32) -> Self {
        Self {
            unit: match self.window {
                0 => self.unit * u64::from(processes),
                _ => 1,
            },
            burst: (self.burst / processes.max(1)).max(1),
            ..self.clone()
        }
    }

    /// The level after some time in which nothing was taken.
    pub(super) fn after(&self, level: Level, microseconds: u64) -> Level {
        let left = level.left.saturating_sub(microseconds);
        let used = match (self.window, left) {
            (0, _) | (_, 0) => left,
            _ => level.used,
        };
        Level { used, left }
    }

    /// Where the caller stands after a request that was admitted.
    pub(super) fn admitted(&self, level: Level) -> Standing {
        let missing = level.used.div_ceil(self.unit);
        let more_in = match self.window {
            0 => level.used - self.unit * missing.saturating_sub(1),
            _ => level.whole_in(),
        };
        Standing {
            remaining: self.burst.saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX)),
            more_in: more_in * MICROSECOND,
            whole_in: level.whole_in() * MICROSECOND,
        }
    }

    /// Where the caller stands after one that was not: more comes when a request of this weight would pass, or of one that never
    /// will, when the quota is whole.
    pub(super) fn refused(&self, level: Level, weight: u32) -> Standing {
        let excess = (level.used + self.cost(weight)).saturating_sub(self.most());
        let more_in = match self.window {
            0 => excess.min(level.left),
            _ => level.left,
        };
        Standing {
            more_in: more_in * MICROSECOND,
            ..self.admitted(level)
        }
    }
}
