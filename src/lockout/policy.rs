//! What is counted, and what follows from it. All times and spans are milliseconds; when 0 is, does not matter.

/// What failures are counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One account from one address.
    Pair,
    /// One address, whatever the account.
    Address,
    /// One account, from wherever.
    Account,
}

impl Subject {
    /// All three, in the order in which keys, rules and records of a [`Question`] stand.
    pub const ALL: [Self; 3] = [Self::Pair, Self::Address, Self::Account];

    /// The name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pair => "account and address",
            Self::Address => "address",
            Self::Account => "account",
        }
    }
}

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

    fn forget(&self, record: &mut Record, now: u64) {
        if self.forgotten(record) <= now {
            *record = Record {
                known: record.known,
                ..Record::default()
            };
        }
    }

    fn charge(&self, record: &mut Record, now: u64) -> Charge {
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
    fn give_back(&self, record: &mut Record, charge: Charge) {
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

/// The question whether somebody may try to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Hashes of the pair, the address and the account.
    pub keys: [u128; 3],
    /// The rules of the pair, the address and the account.
    pub rules: [Option<Rule>; 3],
    /// Whether a CAPTCHA has been solved for it.
    pub solved: bool,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The attempt may be made, and has been counted as if it had failed already.
    Begun {
        /// What was added.
        charges: [Charge; 3],
        /// What holds if it fails.
        next: Next,
    },
    /// Too many have failed.
    Locked {
        /// On what: of several, the one that is locked for longest.
        subject: Subject,
        /// For how many milliseconds more.
        wait: u64,
    },
    /// It needs a CAPTCHA.
    Captcha {
        /// On what too many have failed.
        subject: Subject,
    },
}

/// What holds for the attempt after one that fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Next {
    /// What is locked then, and for how many milliseconds.
    pub locked: Option<(Subject, u64)>,
    /// Whether it needs a CAPTCHA.
    pub captcha: bool,
}

impl Question {
    /// Decides, and charges the records where the attempt may be made. The order is that of [`Subject::ALL`].
    pub fn judge(&self, records: &mut [Record; 3], now: u64) -> Verdict {
        for (rule, record) in self.rules.iter().zip(records.iter_mut()) {
            if let Some(rule) = rule {
                rule.forget(record, now);
            }
        }
        // Who has signed in to this account from here before is not held up by those who try from elsewhere.
        let [pair, ..] = records;
        let known = pair.known > now;
        if let Some((subject, wait)) = self.locked(records, known, now) {
            return Verdict::Locked { subject, wait };
        }
        if let Some(subject) = self.captcha(records, known).filter(|_| !self.solved) {
            return Verdict::Captcha { subject };
        }
        let mut charges = [Charge::default(); 3];
        for ((rule, record), charge) in self.rules.iter().zip(records.iter_mut()).zip(&mut charges) {
            if let Some(rule) = rule {
                *charge = rule.charge(record, now);
            }
        }
        let next = Next {
            locked: self.locked(records, known, now),
            captcha: self.captcha(records, known).is_some(),
        };
        Verdict::Begun { charges, next }
    }

    fn judged<'a>(&'a self, records: &'a [Record; 3], known: bool) -> impl Iterator<Item = (Subject, Rule, Record)> {
        let all = Subject::ALL.into_iter().zip(self.rules).zip(records);
        let ruled = all.filter_map(|((subject, rule), record)| Some((subject, rule?, *record)));
        ruled.filter(move |(subject, ..)| !known || *subject != Subject::Account)
    }

    fn locked(&self, records: &[Record; 3], known: bool, now: u64) -> Option<(Subject, u64)> {
        let waits = self
            .judged(records, known)
            .map(|(subject, _, record)| (subject, record.blocked.saturating_sub(now)));
        // Of equal ones the first.
        let longest = waits.reduce(|one, other| if other.1 > one.1 { other } else { one });
        longest.filter(|(_, wait)| *wait > 0)
    }

    fn captcha(&self, records: &[Record; 3], known: bool) -> Option<Subject> {
        let mut judged = self.judged(records, known);
        judged
            .find(|(_, rule, record)| record.failures >= rule.captcha)
            .map(|(subject, ..)| subject)
    }
}

/// How an attempt ended that did not fail; one that failed has been counted already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// As in the [`Question`].
    pub keys: [u128; 3],
    /// As in the [`Question`].
    pub rules: [Option<Rule>; 3],
    /// As in the [`Verdict`].
    pub charges: [Charge; 3],
    /// How long the pair is known from now on, where the attempt succeeded: its failures and the account's are forgotten. `None`
    /// where nothing was tried, so that what was charged is given back.
    pub succeeded: Option<u64>,
}

impl Settlement {
    /// Changes the records.
    pub fn apply(&self, records: &mut [Record; 3], now: u64) {
        let all = Subject::ALL.into_iter().zip(self.rules).zip(records).zip(self.charges);
        for (((subject, rule), record), charge) in all {
            match (self.succeeded, subject) {
                (Some(lasts), Subject::Pair) => {
                    let known = if lasts == 0 { 0 } else { now.saturating_add(lasts) };
                    *record = Record {
                        known,
                        ..Record::default()
                    };
                }
                (Some(_), Subject::Account) => *record = Record::default(),
                (Some(_), Subject::Address) | (None, _) => {
                    if let Some(rule) = rule {
                        rule.give_back(record, charge);
                    }
                }
            }
        }
    }
}
