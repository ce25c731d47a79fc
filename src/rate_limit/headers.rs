use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::field::value;
use super::policy::{Pace, Standing, whole_seconds};
use super::quota::Quota;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Values of `RateLimit` that are kept at most, of some 100 bytes each.
const KEPT: u64 = 4096;

/// What responses say about the quota, beside the `Retry-After` that every refusal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Headers {
    /// `RateLimit-Policy: "default";q=100;w=900` and `RateLimit: "default";r=99;t=9`, as in
    /// draft-ietf-httpapi-ratelimit-headers-10: 99 requests remain, and in 9 seconds it is one more.
    ///
    /// Both are lists, so that a layer further in or out has its own member.
    #[default]
    Draft,
    /// `X-RateLimit-Limit` (the burst), `X-RateLimit-Remaining` and `X-RateLimit-Reset`, the Unix time in seconds at which the
    /// whole quota is back. Of several layers the one that has the least left is heard.
    Legacy,
    /// Nothing.
    None,
}

/// What is written into responses, rendered as far ahead as can be.
#[derive(Debug)]
pub(super) enum Stamp {
    Draft(Draft),
    Legacy { limit: HeaderValue },
}

#[derive(Debug)]
pub(super) struct Draft {
    policy: HeaderValue,
    name: String,
    /// In how many seconds, at most, there is one request more.
    longest: u64,
    /// Values of `RateLimit` under their numbers. Those that would share a place with another are made anew each time.
    kept: Box<[OnceLock<(u64, HeaderValue)>]>,
}

impl Stamp {
    pub(super) fn new(headers: Headers, quota: &Quota, pace: Pace) -> Option<Self> {
        match headers {
            Headers::Draft => Some(Self::Draft(Draft::new(quota, pace))),
            Headers::Legacy => Some(Self::Legacy {
                limit: value(format_args!("{}", pace.burst())),
            }),
            Headers::None => None,
        }
    }

    pub(super) fn write(&self, headers: &mut HeaderMap, standing: Standing) {
        match self {
            Self::Draft(draft) => {
                headers.append(RATELIMIT_POLICY, draft.policy.clone());
                headers.append(RATELIMIT, draft.service_limit(standing));
            }
            Self::Legacy { limit } => {
                let told = headers
                    .get(X_REMAINING)
                    .and_then(|value| value.to_str().ok()?.parse().ok());
                if told.is_some_and(|told: u32| told <= standing.remaining) {
                    return;
                }
                headers.insert(X_LIMIT, limit.clone());
                headers.insert(X_REMAINING, value(format_args!("{}", standing.remaining)));
                headers.insert(X_RESET, value(format_args!("{}", reset(standing, SystemTime::now()))));
            }
        }
    }
}

impl Draft {
    fn new(quota: &Quota, pace: Pace) -> Self {
        let longest = whole_seconds(pace.interval());
        let values = u64::from(pace.burst()).saturating_mul(longest);
        Self {
            policy: quota.to_field(),
            name: quota.name.clone().into_owned(),
            longest,
            kept: (0..values.min(KEPT)).map(|_| OnceLock::new()).collect(),
        }
    }

    fn service_limit(&self, standing: Standing) -> HeaderValue {
        let (remaining, seconds) = (standing.remaining, standing.more_in_seconds());
        let render = || value(format_args!("\"{}\";r={remaining};t={seconds}", self.name));
        let number = u64::from(remaining) * self.longest + (seconds - 1);
        let kept = usize::try_from(number)
            .ok()
            .and_then(|number| self.kept.get(number % self.kept.len().max(1)));
        match kept.map(|kept| kept.get_or_init(|| (number, render()))) {
            Some((own, value)) if *own == number => value.clone(),
            _ => render(),
        }
    }
}

/// Unix time, rounded up.
pub(super) fn reset(standing: Standing, now: SystemTime) -> u64 {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let whole = (now + u128::from(standing.whole_in)).div_ceil(1_000_000_000);
    u64::try_from(whole).unwrap_or(u64::MAX)
}
