//! Whether an attempt may be made. All times and spans are milliseconds; when 0 is, does not matter.

use super::record::{Charge, Record, Rule};

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
