use std::time::Duration;

use super::record::{Delay, Rule};

/// A year: nothing is counted for longer.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many failures are too many, and what then.
///
/// ```
/// use std::time::Duration;
/// use portcullis::lockout::Failures;
///
/// let day = Duration::from_secs(24 * 60 * 60);
/// let (second, hour) = (Duration::from_secs(1), Duration::from_secs(60 * 60));
///
/// // A hundred in a day, and none more until the day is over.
/// let plain = Failures::new(100, day);
/// // Five, then one after a second, one after two, one after four, up to one an hour; a CAPTCHA for the fourth and all later.
/// let growing = Failures::new(5, hour).delays(second, 2, hour).captcha_after(3);
/// // Never locked: with ten failures in an hour a CAPTCHA is needed for each further attempt.
/// let captcha = Failures::new(10, hour).captcha_instead();
/// assert!(plain != growing && growing != captcha);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "hand it to the builder of a lockout"]
pub struct Failures {
    max: u32,
    within: Duration,
    delays: Option<(Duration, u32, Duration)>,
    captcha_after: Option<u32>,
    captcha_instead: bool,
}

impl Failures {
    /// With `max` failures `within` a time, which begins with the first of them, there may be no further attempt until that time is
    /// over. `max` lies between 1 and 1 000 000, the time between a second and 365 days.
    pub const fn new(max: u32, within: Duration) -> Self {
        Self {
            max,
            within,
            delays: None,
            captcha_after: None,
            captcha_instead: false,
        }
    }

    /// Locks for a while instead, which grows: with `max` failures for the `first` delay, and after it one attempt may be made. Where
    /// that fails, the next delay is `factor` times as long, up to the `longest`. All is forgotten once no attempt has failed for the
    /// time of [`new`](Self::new) after the end of a delay.
    ///
    /// From a millisecond to 24 hours, and the factor from 1 to 10. NIST SP 800-63B section 5.2.2 names 30 seconds to an hour.
    pub const fn delays(mut self, first: Duration, factor: u32, longest: Duration) -> Self {
        self.delays = Some((first, factor, longest));
        self
    }

    /// Demands a CAPTCHA for all attempts after so many failures, before the subject is locked. Default: never.
    pub const fn captcha_after(mut self, failures: u32) -> Self {
        self.captcha_after = Some(failures);
        self
    }

    /// Never locks: with `max` failures a CAPTCHA is demanded for each further attempt.
    pub const fn captcha_instead(mut self) -> Self {
        self.captcha_instead = true;
        self
    }

    /// Whether it locks, and for how long at most: `None` where it never does.
    pub(super) fn longest_lock(&self) -> Option<Duration> {
        let locks = self.delays.map_or(self.within, |(.., longest)| longest);
        (!self.captcha_instead).then_some(locks)
    }

    /// The rule, or all that is wrong with it.
    pub(super) fn rule(&self) -> Result<Rule, Vec<String>> {
        let mut faults = Vec::new();
        let mut check = |right: bool, fault: &str| {
            if !right {
                faults.push(fault.to_owned());
            }
        };
        check(
            (1..=1_000_000).contains(&self.max),
            "the failures lie between 1 and 1 000 000",
        );
        let times = Duration::from_secs(1)..=LONGEST;
        check(
            times.contains(&self.within),
            "the time lies between a second and 365 days",
        );
        if let Some((first, factor, longest)) = self.delays {
            let least = Duration::from_millis(1);
            let ordered = least <= first && first <= longest && longest <= LONGEST_DELAY;
            check(
                ordered,
                "delays lie between a millisecond and 24 hours, and the first is not above the longest",
            );
            check((1..=10).contains(&factor), "the factor of delays lies between 1 and 10");
        }
        let earlier = self.captcha_after.is_none_or(|failures| failures < self.max);
        check(earlier, "`captcha_after` lies below the number of failures that lock");
        check(
            !self.captcha_instead || (self.delays.is_none() && self.captcha_after.is_none()),
            "`captcha_instead` leaves no room for `delays` and `captcha_after`",
        );
        if !faults.is_empty() {
            return Err(faults);
        }
        let (max, captcha) = if self.captcha_instead {
            (u32::MAX, self.max)
        } else {
            (self.max, self.captcha_after.unwrap_or(u32::MAX))
        };
        let delay = self.delays.map(|(first, factor, longest)| Delay {
            first: millis(first),
            factor,
            longest: millis(longest),
        });
        Ok(Rule {
            max,
            captcha,
            within: millis(self.within),
            delay,
        })
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
