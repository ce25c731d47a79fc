use std::num::NonZeroU32;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::trail::Failure;

/// How the work on a request came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The body said that there is no more.
    Ended,
    /// The service or the body returned an error.
    Failed,
    /// Whoever held the future or the body let go of it.
    Dropped,
    /// A panic went through it.
    Unwound,
}

/// What is known of a request when the work on it has ended.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) end: End,
    pub(super) status: Option<StatusCode>,
    /// Bytes of the response body that were handed over.
    pub(super) sent: u64,
    /// How many there were to hand over, where that was known beforehand.
    pub(super) expected: Option<u64>,
    pub(super) failure: Option<Failure>,
    /// From the call to the response's head; `None` where there was none.
    pub(super) headers: Option<Duration>,
    /// From the call to the end.
    pub(super) total: Duration,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Aborted,
    Panicked,
    TimedOut,
    Failed,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Aborted => "aborted",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }

    /// The text of the record.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Complete => "request complete",
            Self::Aborted => "request aborted",
            Self::Panicked => "request panicked",
            Self::TimedOut => "request timed_out",
            Self::Failed => "request failed",
        }
    }

    fn of(facts: &Facts) -> Self {
        match (&facts.failure, facts.end) {
            (Some(Failure::Panicked), _) | (None, End::Unwound) => Self::Panicked,
            (Some(Failure::TimedOut), _) => Self::TimedOut,
            (Some(Failure::Error), _) | (None, End::Failed) => Self::Failed,
            (None, End::Ended) => Self::Complete,
            // hyper stops polling at the `Content-Length`, and does not poll at all where that is 0.
            (None, End::Dropped) if facts.expected.is_some_and(|expected| facts.sent >= expected) => Self::Complete,
            (None, End::Dropped) => Self::Aborted,
        }
    }
}

/// How severe a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Info,
    Warn,
    Error,
}

/// What the record says beyond the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) severity: Severity,
    pub(super) slow: bool,
}

/// Which records are severe, slow or left out.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) slow_threshold: Option<Duration>,
    /// Of so many ordinary records one is written.
    pub(super) one_in: NonZeroU32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            slow_threshold: None,
            one_in: NonZeroU32::MIN,
        }
    }
}

impl Policy {
    pub(super) fn judge(&self, facts: &Facts) -> Verdict {
        let outcome = Outcome::of(facts);
        // The pace of a body is also the client's, and an event stream has no end: only the wait for the head is the service's.
        let waited = facts.headers.unwrap_or(facts.total);
        let slow = self.slow_threshold.is_some_and(|threshold| waited >= threshold);
        let failed = !matches!(outcome, Outcome::Complete | Outcome::Aborted);
        let severity = if failed || facts.status.is_some_and(|status| status.is_server_error()) {
            Severity::Error
        } else if slow {
            Severity::Warn
        } else {
            Severity::Info
        };
        Verdict {
            outcome,
            severity,
            slow,
        }
    }

    /// Whether a record is one of many, of which sampling keeps a few.
    pub(super) fn samples(&self, verdict: Verdict) -> bool {
        self.one_in > NonZeroU32::MIN && verdict.severity == Severity::Info
    }

    /// Whether the `nth` of the ordinary records is kept.
    pub(super) fn keeps(&self, nth: u64) -> bool {
        scatter(nth).is_multiple_of(u64::from(self.one_in.get()))
    }
}

/// The finaliser of `SplitMix64`. Clients send requests in rhythms, and every tenth of them might always be the same one.
fn scatter(nth: u64) -> u64 {
    let mut bits = nth.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Whether HTTP forbids this response a body, so that none will be asked for (RFC 9110 sections 6.4.1 and 9.3.6).
pub(super) fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
        || (method == Method::CONNECT && status.is_success())
}
