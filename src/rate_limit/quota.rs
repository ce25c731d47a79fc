use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderValue;

use super::error::ParseQuotaError;
use super::field::value;
use super::policy::Pace;

/// A window's longest, and the longest time in which a burst may come back.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Units of time by name, abbreviations and nanoseconds, longest first.
const UNITS: &[(&str, &[&str], u64)] = &[
    ("day", &["d"], 86_400_000_000_000),
    ("hour", &["h"], 3_600_000_000_000),
    ("minute", &["m", "min", "mins"], 60_000_000_000),
    ("second", &["s", "sec", "secs"], 1_000_000_000),
    ("millisecond", &["ms"], 1_000_000),
    ("nanosecond", &["ns"], 1),
];

/// How many requests a caller may make in which time.
///
/// It is counted by GCRA, not in windows: `100 per 15 minutes` admits 100 requests at once and from then on one more each 9
/// seconds. That is up to 200 in the first 15 minutes and 100 in each that follows; a smaller [`burst`](Self::burst) brings
/// the first nearer to the others.
///
/// As text it is written `100 per 15 minutes`, `10 per second`, `10/s` or `100 per hour, burst 20`.
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
    requests: u32,
    window: Duration,
    burst: u32,
    pub(super) name: Cow<'static, str>,
}

impl Quota {
    /// So many requests in each window, all of them at once if the caller likes, under the name `default`.
    pub const fn new(requests: u32, window: Duration) -> Self {
        Self {
            requests,
            window,
            burst: requests,
            name: Cow::Borrowed("default"),
        }
    }

    /// How many requests may come at once. Default: as many as in a whole window. Fewer smooth the traffic, more forgive a rush
    /// after a long silence.
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
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
        let interval = self.window.as_nanos() / u128::from(self.requests);
        if interval == 0 {
            faults.push("more than one request a nanosecond is no limit".to_owned());
        }
        if interval * u128::from(self.burst) > LONGEST.as_nanos() {
            faults.push("the burst is so large that it would take more than 365 days to come back".to_owned());
        }
        let pace = u64::try_from(interval)
            .ok()
            .and_then(|interval| Pace::new(interval, self.burst));
        pace.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// The value of `RateLimit-Policy`; a window of fractions of a second cannot be said there.
    pub(super) fn to_field(&self) -> HeaderValue {
        let (name, requests) = (&self.name, self.requests);
        if self.window.subsec_nanos() == 0 {
            value(format_args!("\"{name}\";q={requests};w={}", self.window.as_secs()))
        } else {
            value(format_args!("\"{name}\";q={requests}"))
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window.as_nanos();
        let (unit, length) = UNITS
            .iter()
            .map(|(unit, _, length)| (*unit, u128::from(*length)))
            .find(|(_, length)| window >= *length && window.is_multiple_of(*length))
            .unwrap_or(("second", 1_000_000_000));
        match window / length {
            1 => write!(f, "{} per {unit}", self.requests)?,
            count => write!(f, "{} per {count} {unit}s", self.requests)?,
        }
        if self.burst != self.requests {
            write!(f, ", burst {}", self.burst)?;
        }
        Ok(())
    }
}

impl FromStr for Quota {
    type Err = ParseQuotaError;

    fn from_str(text: &str) -> Result<Self, ParseQuotaError> {
        let lower = text.to_ascii_lowercase();
        let (rate, burst) = match lower.split_once(',') {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (lower.as_str(), None),
        };
        let unlike = || ParseQuotaError::new(format!("`{text}` is no quota; write one like `100 per 15 minutes`"));
        let (requests, window) = rate
            .split_once(" per ")
            .or_else(|| rate.split_once('/'))
            .ok_or_else(unlike)?;
        let requests = number(requests)?;
        let mut quota = Self::new(requests, parse_window(window)?);
        if let Some(burst) = burst {
            let burst = burst.trim().strip_prefix("burst ").ok_or_else(unlike)?;
            quota = quota.burst(number(burst)?);
        }
        quota
            .pace()
            .map_err(|faults| ParseQuotaError::new(format!("`{text}`: {}", faults.join("; "))))?;
        Ok(quota)
    }
}

fn number(text: &str) -> Result<u32, ParseQuotaError> {
    let text = text.trim();
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| ParseQuotaError::new(format!("`{text}` is no count; write a whole number up to {}", u32::MAX)))
}

/// `15 minutes`, `minute` or `15m`.
fn parse_window(text: &str) -> Result<Duration, ParseQuotaError> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let count = if count.is_empty() { 1 } else { number(count)? };
    let unit = unit.trim();
    let length = UNITS
        .iter()
        .find(|(name, short, _)| short.contains(&unit) || unit == *name || unit.strip_suffix('s') == Some(name))
        .map(|(_, _, length)| *length);
    let length = length.ok_or_else(|| {
        let what = match unit {
            "" => "the window has no unit".to_owned(),
            other => format!("`{other}` is no unit"),
        };
        ParseQuotaError::new(format!("{what}; use seconds, minutes, hours or days"))
    })?;
    Ok(Duration::from_nanos(length).saturating_mul(count))
}
