use std::error::Error as StdError;
use std::fmt;

/// Why a response body ended before its end.
///
/// One type for all inner errors, so that it is an [`Error`](StdError) also where the inner body's error is a box. Boxing
/// happens only when a body fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum BodyError {
    /// The inner body's own error, which is also the [`source`](StdError::source).
    Inner(Box<dyn StdError + Send + Sync>),
    /// The inner body panicked. The panic's message is in the log only.
    Panicked,
}

impl BodyError {
    /// What an inner body's error is out here. One that a layer further in has caught is reported already, and stays what it
    /// was there.
    pub(super) fn of(error: Box<dyn StdError + Send + Sync>, report: impl FnOnce(&(dyn StdError + 'static))) -> Self {
        match error.downcast::<Self>() {
            Ok(caught) => *caught,
            Err(error) => {
                let mut sources = std::iter::successors(error.source(), |source| StdError::source(*source));
                if !sources.any(<dyn StdError>::is::<Self>) {
                    report(&*error);
                }
                Self::Inner(error)
            }
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inner(_) => "the response body failed",
            Self::Panicked => "the response body panicked",
        })
    }
}

impl StdError for BodyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Inner(error) => Some(&**error),
            Self::Panicked => None,
        }
    }
}
