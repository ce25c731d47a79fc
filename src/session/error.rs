use std::error::Error as StdError;
use std::fmt;
use std::sync::LazyLock;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::problem::Problem;

/// Why the store of sessions did not do what it was asked.
///
/// `?` in a handler that returns [`portcullis::Result`](crate::Result) gives the client a `503` with `Retry-After`: that
/// [`Problem`] is the source. The cause is in the text, and the log has had it once, when the store went down.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer in time. What it was asked may have happened all the same.
    TimedOut,
    /// The store in memory holds as many revocations as it may.
    Full,
    /// The store failed, or the randomness of the operating system did.
    Failed(Box<dyn StdError + Send + Sync>),
}

/// Why a refresh token was not exchanged.
///
/// `?` in a handler gives the client a `401`, or a `503` where the store is to blame.
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshError {
    /// It is no refresh token, or its session has ended.
    Invalid,
    /// Its session was not used for too long, or has lasted as long as it may. Where the store has let it lapse already, it is
    /// [`Invalid`](Self::Invalid).
    Expired,
    /// It was spent before, longer ago than the grace. Its session has been ended: one of two who had the token is a thief.
    Reused,
    /// The store is to blame, and the token may still be good.
    Store(StoreError),
}

pub(super) static UNAVAILABLE: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail("sessions cannot be checked just now")
        // A store that restarts, or fails over, is back in seconds.
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
});

pub(super) static OVER: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::UNAUTHORIZED)
        .with_detail("the session is over; sign in again")
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\", error_description=\"the session is over\""),
        )
});

impl RefreshError {
    /// Whether the client should forget its token. Where the store is to blame it should not: it would be signed out for nothing.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the store of sessions did not answer in time"),
            Self::Full => f.write_str("the store holds as many revocations as it may"),
            // The source is what the client is told, so that the cause has no other place.
            Self::Failed(cause) => write!(f, "the store of sessions failed: {cause}"),
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*UNAVAILABLE)
    }
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the refresh token belongs to no session",
            Self::Expired => "the session has expired",
            Self::Reused => "the refresh token was spent before",
            Self::Store(_) => "the refresh token could not be exchanged",
        })
    }
}

impl StdError for RefreshError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Invalid | Self::Expired | Self::Reused => Some(&*OVER),
            Self::Store(error) => Some(error),
        }
    }
}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
