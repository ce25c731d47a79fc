use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use redis::RedisError;

/// Why a store that processes share did not count.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// It did not answer within the deadline. The request may be counted all the same.
    TimedOut(Duration),
    /// It failed too often in a row, and was not asked.
    Suspended,
    /// The connection failed, or the server refused.
    Failed(RedisError),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(deadline) => write!(f, "the store of rate limits did not answer within {deadline:?}"),
            Self::Suspended => {
                f.write_str("the store of rate limits is down, and is not asked until it answers a probe")
            }
            Self::Failed(_) => f.write_str("the store of rate limits failed"),
        }
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::TimedOut(_) | Self::Suspended => None,
        }
    }
}

impl From<RedisError> for Unanswered {
    fn from(error: RedisError) -> Self {
        Self::Failed(error)
    }
}
