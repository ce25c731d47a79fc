//! What is kept of one subject, and how a failure changes it.

/// What a [`Failures`](super::Failures) says, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// With so many failures a subject is locked. `u32::MAX` is never.
    pub max: u32,
    /// With so many failures an attempt needs a CAPTCHA. `u32::MAX` is never.
    pub captcha: u32,
    /// How long failures are remembered: from the first of them, or from the end of the last delay.
    pub within: u64,
    /// How long a lock lasts. `None` is until the failures are forgotten.
    pub delay: Option<Delay>,
}

/// A delay that grows with each failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// The first.
    pub first: u64,
    /// Each is so many times the one before.
    pub factor: u32,
    /// None is longer.
    pub longest: u64,
}

impl Delay {
    fn after(self, growths: u32) -> u64 {
        let times = u64::from(self.factor).saturating_pow(growths);
        self.first.saturating_mul(times).min(self.longest)
    }
}

/// What is known of one subject. The default is one of which nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// Attempts that have failed, or may yet.
    pub failures: u32,
    /// When the first of them was.
    pub since: u64,
    /// Until when further ones are refused.
    pub blocked: u64,
    /// Of a pair: until when the address is one from which the account is used.
    pub known: u64,
}

/// What one attempt has added to a record, for when it is given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charge {
    /// [`Record::since`] after it: the failures it was counted among.
    pub since: u64,
    /// [`Record::failures`] after it.
    pub failures: u32,
    /// [`Record::blocked`] before it.
    pub blocked: u64,
}

impl Rule {
    /// When the failures of a record are forgotten.
    pub fn forgotten(&self, record: &Record) -> u64 {
        let from = self.delay.map_or(record.since, |_| record.since.max(record.blocked));
        from.saturating_add(self.within)
    }

    pub(super) fn forget(&self, record: &mut Record, now: u64) {
        if self.forgotten(record) <= now {
            *record = Record {
                known: record.known,
                ..Record::default()
            };
        }
    }

    pub(super) fn charge(&self, record: &mut Record, now: u64) -> Charge {
        let blocked = record.blocked;
        if record.failures == 0 {
            record.since = now;
        }
        record.failures = record.failures.saturating_add(1);
        if record.failures >= self.max {
            let until = match self.delay {
                Some(delay) => now.saturating_add(delay.after(record.failures - self.max)),
                None => self.forgotten(record),
            };
            record.blocked = record.blocked.max(until);
        }
        Charge {
            since: record.since,
            failures: record.failures,
            blocked,
        }
    }

    /// As if the attempt had not been. Where others came after it, the lock that they caused stays.
    pub(super) fn give_back(&self, record: &mut Record, charge: Charge) {
        if charge.failures == 0 || record.failures == 0 || record.since != charge.since {
            return;
        }
        let was_last = record.failures == charge.failures;
        record.failures -= 1;
        if record.failures == 0 {
            record.since = 0;
        }
        if record.failures < self.max {
            record.blocked = 0;
        } else if was_last {
            // What is past stays as well: the failures are remembered from there.
            record.blocked = charge.blocked;
        }
    }
}
