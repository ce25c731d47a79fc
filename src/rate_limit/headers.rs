use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::draft::Draft;
use super::field::value;
use super::policy::{Pace, Standing, whole_seconds};
use super::quota::Quota;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What responses say about the quota, beside the `Retry-After` that every refusal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Headers {
    /// `RateLimit-Policy: "default";q=100;w=900` and `RateLimit: "default";r=99;t=9`, as in
    /// draft-ietf-httpapi-ratelimit-headers-11: 99 requests remain, and in 9 seconds it is one more; of a fixed window, in 9 seconds
    /// it is all of them. No partition key is told: it would show a caller how it is known.
    ///
    /// Both are lists, in which each quota has its own member, also that of a layer further in or out.
    #[default]
    Draft,
    /// `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, the seconds until it is one more (of a fixed window, until it is
    /// all of them), as in draft 6 of the same and by default in express-rate-limit; and `RateLimit-Policy: 100;w=900`. Of several quotas
    /// the one that has the least left is heard, and each has its policy.
    Draft6,
    /// `X-RateLimit-Limit` (the burst), `X-RateLimit-Remaining` and `X-RateLimit-Reset`, the Unix time in seconds at which the
    /// whole quota is back. Of several quotas, and of several layers, the one that has the least left is heard.
    Legacy,
    /// Nothing.
    None,
}

/// What is written of a quota into responses, rendered as far ahead as can be.
#[derive(Debug)]
pub(super) enum Stamp {
    Draft { policy: HeaderValue, draft: Draft },
    Draft6 { policy: HeaderValue, limit: HeaderValue },
    Legacy { limit: HeaderValue },
    None,
}

impl Stamp {
    /// `pace` is that of the quota, without what may wait beyond it.
    pub(super) fn new(headers: Headers, quota: &Quota, pace: Pace) -> Self {
        let limit = || value(format_args!("{}", pace.burst()));
        let (name, requests, window) = (&quota.name, quota.requests, quota.window);
        // A window of fractions of a second cannot be said.
        let seconds = (window.subsec_nanos() == 0).then_some(window.as_secs());
        match headers {
            Headers::Draft => Self::Draft {
                policy: match seconds {
                    Some(seconds) => value(format_args!("\"{name}\";q={requests};w={seconds}")),
                    None => value(format_args!("\"{name}\";q={requests}")),
                },
                draft: Draft::new(name, pace),
            },
            Headers::Draft6 => Self::Draft6 {
                policy: match seconds {
                    Some(seconds) => value(format_args!("{requests};w={seconds}")),
                    None => value(format_args!("{requests}")),
                },
                limit: limit(),
            },
            Headers::Legacy => Self::Legacy { limit: limit() },
            Headers::None => Self::None,
        }
    }

    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(super) fn write(&self, headers: &mut HeaderMap, standing: Standing) {
        match self {
            Self::Draft { policy, draft } => {
                headers.append(RATELIMIT_POLICY, policy.clone());
                headers.append(RATELIMIT, draft.service_limit(standing));
            }
            Self::Draft6 { policy, limit } => {
                headers.append(RATELIMIT_POLICY, policy.clone());
                if leaves_less(headers, &REMAINING, standing) {
                    headers.insert(LIMIT, limit.clone());
                    headers.insert(REMAINING, value(format_args!("{}", standing.remaining)));
                    headers.insert(RESET, value(format_args!("{}", whole_seconds(standing.more_in))));
                }
            }
            Self::Legacy { limit } => {
                if leaves_less(headers, &X_REMAINING, standing) {
                    headers.insert(X_LIMIT, limit.clone());
                    headers.insert(X_REMAINING, value(format_args!("{}", standing.remaining)));
                    headers.insert(X_RESET, value(format_args!("{}", reset(standing, SystemTime::now()))));
                }
            }
            Self::None => {}
        }
    }
}

/// Whether less is left than what another quota has said.
fn leaves_less(headers: &HeaderMap, remaining: &HeaderName, standing: Standing) -> bool {
    let told = headers
        .get(remaining)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    told.is_none_or(|told: u32| standing.remaining < told)
}

/// Unix time, rounded up.
pub(super) fn reset(standing: Standing, now: SystemTime) -> u64 {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let whole = (now + u128::from(standing.whole_in)).div_ceil(1_000_000_000);
    u64::try_from(whole).unwrap_or(u64::MAX)
}
