use std::error::Error as StdError;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::policy::Subject;
use crate::problem::Problem;

static CAPTCHA: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::FORBIDDEN)
        .with_detail("solve the CAPTCHA and try again")
        .with_member("captcha", "required")
});

static UNAVAILABLE: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail("nobody can sign in just now")
        // A store that restarts, or fails over, is back in seconds.
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
});

/// Why an attempt may not be made.
///
/// `?` in a handler that returns [`portcullis::Result`](crate::Result) answers with its [`Problem`], which is the same whether or not
/// there is such an account, and whichever subject is locked.
#[derive(Debug)]
pub struct Refusal {
    reason: Reason,
    problem: Problem,
}

/// What a [`Refusal`] was made for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Too many have failed. A `429` with `Retry-After` in whole seconds, rounded up.
    Locked {
        /// On what, for the log. A client must not be told.
        subject: Subject,
        /// When one more may be made.
        retry_after: Duration,
    },
    /// It needs a CAPTCHA: a `403` with the member `captcha`, `"required"`.
    Captcha {
        /// On what too many have failed, for the log.
        subject: Subject,
    },
    /// The store is to blame, and the builder said that nobody signs in then. A `503` with `Retry-After`.
    Store(StoreError),
}

/// Why a store did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// It did not answer in time. What it was asked may have happened all the same.
    TimedOut,
    /// It failed.
    Failed(Box<dyn StdError + Send + Sync>),
}

impl Refusal {
    pub(super) fn locked(subject: Subject, wait: u64) -> Self {
        let seconds = wait.div_ceil(1000).max(1);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS)
            .with_detail("too many attempts have failed; try again later")
            .with_member("retry_after", seconds)
            .with_header(RETRY_AFTER, HeaderValue::from(seconds));
        let retry_after = Duration::from_millis(wait);
        Self {
            reason: Reason::Locked { subject, retry_after },
            problem,
        }
    }

    pub(super) fn captcha(subject: Subject) -> Self {
        Self {
            reason: Reason::Captcha { subject },
            problem: CAPTCHA.clone(),
        }
    }

    pub(super) fn store(error: StoreError) -> Self {
        Self {
            reason: Reason::Store(error),
            problem: UNAVAILABLE.clone(),
        }
    }

    /// Why, for the app and its log.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What the client may know.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        refusal.problem
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Locked { subject, .. } => write!(f, "too many attempts have failed on this {}", subject.name()),
            Reason::Captcha { subject } => {
                write!(f, "so many have failed on this {}: it needs a CAPTCHA", subject.name())
            }
            Reason::Store(error) => error.fmt(f),
        }
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.problem)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the store of failures did not answer in time"),
            Self::Failed(_) => f.write_str("the store of failures failed"),
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TimedOut => None,
            Self::Failed(cause) => Some(&**cause),
        }
    }
}
