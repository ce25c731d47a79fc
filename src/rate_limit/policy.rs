//! The pure decision: from what is used up of a quota, what the caller is told.

use std::num::NonZeroU32;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::field::value;
use crate::problem::Problem;

const SECOND: u64 = 1_000_000_000;

/// How requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// So many requests at once, and one more each interval.
    Gcra,
    /// So many requests from a caller's first one until the window has passed.
    FixedWindow,
}

/// A quota as it is counted. Times are nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    interval: u64,
    window: u64,
    burst: u32,
    counting: Counting,
}

/// Where a caller stands after a request, admitted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// `interval` in nanoseconds; neither may be 0.
    pub(super) fn new(interval: u64, burst: u32) -> Option<Self> {
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

    pub(super) fn governed(self) -> governor::Quota {
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        let quota = governor::Quota::with_period(Duration::from_nanos(self.interval));
        quota.unwrap_or(governor::Quota::per_second(burst)).allow_burst(burst)
    }

    /// In nanoseconds: the time until one more request may come, by GCRA.
    pub(super) fn interval(self) -> u64 {
        self.interval
    }

    /// How many may come at once, or in a fixed window.
    pub(super) fn burst(self) -> u32 {
        self.burst
    }

    /// In nanoseconds: the length of a fixed window, or by GCRA the time in which a burst comes back.
    pub(super) fn window(self) -> u64 {
        self.window
    }

    pub(super) fn counting(self) -> Counting {
        self.counting
    }

    /// `debt` is the time until the whole quota is back; a refusal leaves it as it was.
    pub(super) fn standing(self, debt: u64) -> Standing {
        let interval = self.interval();
        let burst = u64::from(self.burst());
        // A clock that goes backwards could make it more.
        let debt = debt.min(interval.saturating_mul(burst));
        let missing = debt.div_ceil(interval);
        Standing {
            remaining: u32::try_from(burst - missing).unwrap_or(u32::MAX),
            more_in: debt - interval * missing.saturating_sub(1),
            whole_in: debt,
        }
    }
}

impl Standing {
    /// Of a refusal, the value of `Retry-After`: rounded up, or a client would come back too early.
    pub(super) fn more_in_seconds(self) -> u64 {
        whole_seconds(self.more_in)
    }

    /// The answer to one request too many.
    pub(super) fn refusal(self, quota: &str) -> Problem {
        let seconds = self.more_in_seconds();
        Problem::new(StatusCode::TOO_MANY_REQUESTS)
            .with_detail(format!("too many requests; try again in {seconds} s"))
            .with_member("quota", quota)
            .with_member("retry_after", seconds)
            .with_header(RETRY_AFTER, value(format_args!("{seconds}")))
    }
}

/// Rounded up and never zero: RFC 9110 section 10.2.3 knows no fractions.
pub(super) fn whole_seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND).max(1)
}
