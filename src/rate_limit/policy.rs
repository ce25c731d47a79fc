//! The pure decision: from what a caller has used of a quota and the time, whether one more request may come. Times are
//! nanoseconds.

const SECOND: u64 = 1_000_000_000;
/// By how much a thread may be behind the others, that was held up after it read the clock.
const LATE: u64 = 60 * SECOND;

/// How requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// So many requests at once, and one more each interval.
    Gcra,
    /// So many requests from a caller's first one until the window has passed.
    FixedWindow,
}

/// A quota as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    interval: u64,
    window: u64,
    burst: u32,
    counting: Counting,
}

/// What is kept of a caller. That of a caller who was never seen is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Account {
    /// When the whole quota is back: the theoretical arrival time of GCRA, or the end of the window.
    pub(super) whole: u64,
    /// What is used of a fixed window. GCRA has no need of it.
    pub(super) used: u32,
}

/// Where a caller stands after a request, admitted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Standing {
    /// Requests that would be admitted now.
    pub(super) remaining: u32,
    /// Nanoseconds until one more would be.
    pub(super) more_in: u64,
    /// Nanoseconds until the whole quota is back.
    pub(super) whole_in: u64,
}

impl Pace {
    /// One request, and one more each hour: what a builder goes on with after a fault, which ends it.
    pub(super) const PLACEHOLDER: Self = Self {
        interval: 3600 * SECOND,
        window: 3600 * SECOND,
        burst: 1,
        counting: Counting::Gcra,
    };

    /// So many requests at once, and one more each interval. Neither may be 0.
    pub(super) fn gcra(interval: u64, burst: u32) -> Option<Self> {
        (interval > 0 && burst > 0).then_some(Self {
            interval,
            window: interval.saturating_mul(burst.into()),
            burst,
            counting: Counting::Gcra,
        })
    }

    /// So many requests in each window, which begins with a caller's first one. Neither may be 0.
    pub(super) fn fixed(window: u64, requests: u32) -> Option<Self> {
        let interval = window.checked_div(requests.into())?;
        (window > 0).then_some(Self {
            interval: interval.max(1),
            window,
            burst: requests,
            counting: Counting::FixedWindow,
        })
    }

    /// As much more at once.
    pub(super) fn widened(self, extra: u32) -> Option<Self> {
        let burst = self.burst.checked_add(extra)?;
        match self.counting {
            Counting::Gcra => Self::gcra(self.interval, burst),
            Counting::FixedWindow => Some(Self { burst, ..self }),
        }
    }

    /// The time until one more request may come, by GCRA.
    pub(super) fn interval(self) -> u64 {
        self.interval
    }

    /// How many may come at once, or in a fixed window.
    pub(super) fn burst(self) -> u32 {
        self.burst
    }

    /// The length of a fixed window, or by GCRA the time in which a burst comes back.
    pub(super) fn window(self) -> u64 {
        self.window
    }

    pub(super) fn counting(self) -> Counting {
        self.counting
    }

    /// The account as it can be at this time. What is kept of a caller may be of a clock that has gone back since, which must not lock
    /// anybody out for longer than the quota can.
    pub(super) fn plausible(self, account: Account, now: u64) -> Account {
        let latest = now.saturating_add(self.window);
        if account.whole <= latest.saturating_add(LATE) {
            return account;
        }
        Account {
            whole: latest,
            ..account
        }
    }

    /// The account after a request of this weight, or `None` where it would be too much.
    pub(super) fn take(self, account: Account, weight: u32, now: u64) -> Option<Account> {
        match self.counting {
            Counting::Gcra => {
                let debt = account.whole.saturating_sub(now);
                let after = debt.checked_add(self.interval.checked_mul(weight.into())?)?;
                (after <= self.window).then(|| Account {
                    whole: now.saturating_add(after),
                    used: 0,
                })
            }
            Counting::FixedWindow => {
                let (whole, used) = if account.whole > now {
                    (account.whole, account.used)
                } else {
                    (now.saturating_add(self.window), 0)
                };
                let used = used.checked_add(weight)?;
                (used <= self.burst).then_some(Account { whole, used })
            }
        }
    }

    /// Takes back what a request took, after which the quota was whole at `until`.
    ///
    /// What time has given back already is not given twice: of a slow request there may be nothing left to give, and that of a
    /// window which is over says nothing of the next.
    pub(super) fn give_back(self, account: Account, weight: u32, until: u64, now: u64) -> Account {
        match self.counting {
            Counting::Gcra => {
                let taken = self.interval.saturating_mul(weight.into());
                let left = taken.min(until.saturating_sub(now));
                Account {
                    whole: account.whole.saturating_sub(left),
                    used: 0,
                }
            }
            Counting::FixedWindow if account.whole == until && until > now => Account {
                used: account.used.saturating_sub(weight),
                ..account
            },
            Counting::FixedWindow => account,
        }
    }

    pub(super) fn standing(self, account: Account, now: u64) -> Standing {
        // Two cores may differ by some nanoseconds, which could make it more.
        let left = account.whole.saturating_sub(now).min(self.window);
        match self.counting {
            Counting::Gcra => {
                let missing = left.div_ceil(self.interval);
                Standing {
                    remaining: u32::try_from(u64::from(self.burst).saturating_sub(missing)).unwrap_or(u32::MAX),
                    more_in: left - self.interval * missing.saturating_sub(1),
                    whole_in: left,
                }
            }
            Counting::FixedWindow if left > 0 => Standing {
                remaining: self.burst.saturating_sub(account.used),
                more_in: left,
                whole_in: left,
            },
            Counting::FixedWindow => Standing {
                remaining: self.burst,
                more_in: 0,
                whole_in: 0,
            },
        }
    }

    /// The time until a request of this weight would be admitted, from where its caller stands.
    pub(super) fn wait(self, standing: Standing, weight: u32) -> u64 {
        let lacking = weight.saturating_sub(standing.remaining);
        match (self.counting, lacking.checked_sub(1)) {
            (_, None) => 0,
            (Counting::Gcra, Some(more)) => standing.more_in + self.interval.saturating_mul(more.into()),
            (Counting::FixedWindow, Some(_)) => standing.more_in,
        }
    }

    /// By how little is lost when the account is: of a full set the lowest goes. Those whose quota is whole lose nothing.
    pub(super) fn rank(self, account: Account, now: u64) -> (u32, u64) {
        match self.counting {
            Counting::FixedWindow if account.whole > now => (account.used, account.whole),
            _ => (0, account.whole),
        }
    }
}

/// Rounded up and never zero: RFC 9110 section 10.2.3 knows no fractions.
pub(super) fn whole_seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND).max(1)
}
