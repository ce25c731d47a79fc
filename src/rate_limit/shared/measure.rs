//! The pure part: a quota in the units of the scripts.

use std::borrow::Cow;

use super::super::policy::{Account, Counting, Pace, Standing};
use super::super::store::Refund;

const MICROSECOND: u64 = 1_000;

/// A quota as the scripts count it, in microseconds of debt or in requests of a window.
///
/// Lua has no integers, only doubles, which are exact up to 2^53. The time in microseconds since 1970, with the longest quota's 365
/// days on top, is below that until the year 2254.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) name: Cow<'static, str>,
    /// In whole microseconds.
    pub(super) pace: Pace,
}

/// What is used of a quota: the two numbers of which the answers of the scripts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// Microseconds of debt, or requests.
    pub(super) used: u64,
    /// Microseconds until nothing is.
    pub(super) left: u64,
}

impl Measure {
    /// Or what is wrong with the quota for a store that counts in microseconds.
    pub(super) fn new(name: Cow<'static, str>, pace: Pace) -> Result<Self, String> {
        // Rounded up: rather a request too few than one too many.
        let round = |time: u64| time.div_ceil(MICROSECOND).saturating_mul(MICROSECOND);
        let interval = round(pace.interval());
        let rounded = match pace.counting() {
            Counting::FixedWindow => Pace::fixed(round(pace.window()), pace.burst()),
            Counting::Gcra if (interval - pace.interval()).saturating_mul(100) <= pace.interval() => {
                Pace::gcra(interval, pace.burst())
            }
            Counting::Gcra => None,
        };
        match rounded {
            Some(pace) => Ok(Self { name, pace }),
            None => Err(format!(
                "quota `{name}`: Redis counts in microseconds, and {} ns a request cannot be rounded to them within 1 %; use a \
                 slower quota, or a coarser weight",
                pace.interval()
            )),
        }
    }

    /// What the scripts are told: the window or 0 for GCRA, the most that may be used, and what is asked.
    pub(super) fn args(&self, weight: u32) -> [u64; 3] {
        let (window, unit) = match self.pace.counting() {
            Counting::FixedWindow => (self.pace.window() / MICROSECOND, 1),
            Counting::Gcra => (0, self.pace.interval() / MICROSECOND),
        };
        let burst = u64::from(self.pace.burst());
        // What is heavier than the whole quota is refused however heavy it is.
        [window, burst * unit, u64::from(weight).min(burst + 1) * unit]
    }

    /// What the script that gives back is told: of what was taken by GCRA, no more than time has left of it.
    pub(super) fn refund_args(&self, refund: &Refund) -> [u64; 3] {
        let [window, most, cost] = self.args(refund.charge.weight);
        match self.pace.counting() {
            Counting::FixedWindow => [window, most, cost],
            Counting::Gcra => [window, most, cost.min(refund.left / MICROSECOND)],
        }
    }

    /// What the server has said at this time of this process's clock, in nanoseconds.
    pub(super) fn account(&self, level: Level, now: u64) -> Account {
        Account {
            whole: now.saturating_add(level.left.saturating_mul(MICROSECOND)),
            used: match self.pace.counting() {
                Counting::FixedWindow => u32::try_from(level.used).unwrap_or(u32::MAX),
                Counting::Gcra => 0,
            },
        }
    }

    pub(super) fn standing(&self, level: Level) -> Standing {
        self.pace.standing(self.account(level, 0), 0)
    }
}
