use std::borrow::Cow;
use std::time::Duration;

use super::policy::Pace;

/// A window's longest, and the longest time in which a burst may come back.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// How many requests a caller may make in which time.
///
/// It is counted by GCRA, not in windows: `100 per 15 minutes` admits 100 requests at once and from then on one more each 9
/// seconds. That is up to 200 in the first 15 minutes and 100 in each that follows; a smaller [`burst`](Self::burst) brings
/// the first nearer to the others. Where the plain count is wanted there is [`fixed_window`](Self::fixed_window).
///
/// As text it is written `100 per 15 minutes`, `10 per second`, `10/s`, `100 per hour, burst 20` or `100 per 15 minutes, fixed`.
///
/// ```
/// use std::time::Duration;
/// use portcullis::rate_limit::Quota;
///
/// let quota: Quota = "100 per 15 minutes".parse()?;
/// assert_eq!(quota, Quota::new(100, Duration::from_secs(900)));
/// assert_eq!(quota.to_string(), "100 per 15 minutes");
/// assert_eq!("10/s".parse::<Quota>()?.to_string(), "10 per second");
/// # Ok::<(), portcullis::rate_limit::ParseQuotaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a quota does nothing until a layer applies it"]
pub struct Quota {
    pub(super) requests: u32,
    pub(super) window: Duration,
    pub(super) burst: u32,
    pub(super) fixed: bool,
    pub(super) name: Cow<'static, str>,
}

impl Quota {
    /// So many requests in each window, all of them at once if the caller likes, under the name `default`.
    pub const fn new(requests: u32, window: Duration) -> Self {
        Self {
            requests,
            window,
            burst: requests,
            fixed: false,
            name: Cow::Borrowed("default"),
        }
    }

    /// How many requests may come at once. Default: as many as in a whole window. Fewer smooth the traffic, more forgive a rush
    /// after a long silence.
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Counts in windows: so many requests from a caller's first one until the window has passed, and then anew.
    ///
    /// At the turn of a window twice as many may pass within a moment, the last of the one and the first of the next. There is
    /// no [`burst`](Self::burst) beside it.
    pub const fn fixed_window(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// The name in headers and refusals: 1 to 64 visible ASCII characters without quotes and backslashes. Default `default`.
    /// Where two layers stand on one route it tells them apart.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The pace to count by, or all that is wrong with the quota.
    pub(super) fn pace(&self) -> Result<Pace, Vec<String>> {
        let mut faults = Vec::new();
        if self.requests == 0 {
            faults.push("a quota of no requests admits nobody; it must be 1 or more".to_owned());
        }
        if self.burst == 0 {
            faults.push("a burst of 0 admits nobody; it must be 1 or more".to_owned());
        }
        if self.window.is_zero() {
            faults.push("the window must not be empty; write `per second`, `per 15 minutes`".to_owned());
        }
        if self.window > LONGEST {
            faults.push("the window must not exceed 365 days".to_owned());
        }
        let visible = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if !(1..=64).contains(&self.name.len()) || !self.name.bytes().all(visible) {
            let name = self.name.escape_debug();
            faults.push(format!(
                "`{name}` is no name; use 1 to 64 visible ASCII characters without quotes and backslashes"
            ));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let window = u64::try_from(self.window.as_nanos()).unwrap_or(u64::MAX);
        let interval = window / u64::from(self.requests);
        if interval == 0 {
            faults.push("more than one request a nanosecond is no limit".to_owned());
        }
        if self.fixed && self.burst != self.requests {
            faults.push("a fixed window has no burst; leave out one of them".to_owned());
        }
        if u128::from(interval) * u128::from(self.burst) > LONGEST.as_nanos() {
            faults.push("the burst is so large that it would take more than 365 days to come back".to_owned());
        }
        let pace = if self.fixed {
            Pace::fixed(window, self.requests)
        } else {
            Pace::gcra(interval, self.burst)
        };
        pace.filter(|_| faults.is_empty()).ok_or(faults)
    }
}
