use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a key set could not be had. Cloning costs one reference count.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum JwksError {
    /// It was not there within the timeout.
    Timeout(Duration),
    /// It is longer than so many bytes.
    TooLong(usize),
    /// The server answered with this status. Redirects are not followed.
    Status(u16),
    /// It is no JSON Web Key Set (RFC 7517 section 5).
    NotAKeySet,
    /// What was discovered is no metadata of an issuer, or names no `jwks_uri` that may be fetched.
    NotDiscovered(&'static str),
    /// What was discovered describes another issuer (OpenID Connect Discovery section 4.3).
    OtherIssuer,
    /// The file could not be read, the server not be reached, or the fetch of your own failed.
    Unreachable(Arc<dyn StdError + Send + Sync>),
    /// The fetch panicked, or its runtime has ended, or there was none.
    Abandoned,
}

impl JwksError {
    pub(super) fn unreachable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unreachable(Arc::from(cause.into()))
    }
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "no key set within {limit:?}"),
            Self::TooLong(most) => write!(f, "the key set is longer than {most} bytes"),
            Self::Status(status) => write!(f, "the server of the key set answered {status}"),
            Self::NotAKeySet => f.write_str("this is no JSON Web Key Set"),
            Self::NotDiscovered(why) => write!(f, "nothing was discovered: {why}"),
            Self::OtherIssuer => f.write_str("what was discovered describes another issuer"),
            Self::Unreachable(_) => f.write_str("the key set could not be fetched"),
            Self::Abandoned => f.write_str("the fetch was abandoned"),
        }
    }
}

impl StdError for JwksError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreachable(cause) => Some(&**cause),
            _ => None,
        }
    }
}
