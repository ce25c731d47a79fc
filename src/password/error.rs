use std::error::Error as StdError;
use std::fmt;
use std::sync::LazyLock;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use crate::problem::Problem;

/// Why a password was neither hashed nor verified.
///
/// `?` in a handler that returns [`portcullis::Result`](crate::Result) gives the client a `422` for [`TooLong`](Self::TooLong)
/// and a `503` with `Retry-After` for [`Busy`](Self::Busy): those two have a [`Problem`] for their source. The others are a
/// `500`, and the log gets their cause.
#[derive(Debug)]
#[non_exhaustive]
pub enum PasswordError {
    /// The password has more bytes than the builder allows.
    TooLong,
    /// As many passwords are waiting as may.
    Busy,
    /// What is stored is no argon2 hash, or one of a cost that nobody meant.
    Malformed(Box<dyn StdError + Send + Sync>),
    /// Hashing itself failed: no memory, no randomness, or a runtime that is shutting down.
    Internal(Box<dyn StdError + Send + Sync>),
}

static TOO_LONG: LazyLock<Problem> =
    LazyLock::new(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY).with_detail("the password is too long"));

static BUSY: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail("too many sign-ins at once")
        // In a second a good part of the queue has had its turn.
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
});

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the password exceeds the longest that is hashed",
            Self::Busy => "the queue of passwords is full",
            Self::Malformed(_) => "the stored hash cannot be verified",
            Self::Internal(_) => "the password could not be hashed",
        })
    }
}

impl StdError for PasswordError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TooLong => Some(&*TOO_LONG),
            Self::Busy => Some(&*BUSY),
            Self::Malformed(source) | Self::Internal(source) => Some(&**source),
        }
    }
}
