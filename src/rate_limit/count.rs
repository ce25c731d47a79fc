use std::fmt;
use std::sync::Arc;

use http::StatusCode;

/// Which requests stay counted once they are answered.
///
/// Every request takes from the quota when it comes, so that no more than the quota is under way at any time; what is not
/// counted is given back with the head of the answer. What time has given back by then already is not given twice; only of several
/// requests of one caller that are under way together, by GCRA, one that is answered late may be, so that each of them can earn the
/// caller at most its own weight.
///
/// An error of the service within is a failure. A request whose answer never comes, since the client has gone or the server
/// stopped waiting, stays counted: who hangs up in time would otherwise try for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Count {
    /// All of them.
    #[default]
    All,
    /// Those answered with a status from 400 on, such as logins with a wrong password.
    Failures,
    /// Those answered with a status below 400.
    Successes,
}

/// The rule as it is applied.
#[derive(Clone)]
pub(super) enum Counts {
    All,
    If(Arc<dyn Fn(StatusCode) -> bool + Send + Sync>),
}

impl Counts {
    pub(super) fn counts(&self, status: StatusCode) -> bool {
        match self {
            Self::All => true,
            Self::If(counts) => counts(status),
        }
    }
}

impl From<Count> for Counts {
    fn from(count: Count) -> Self {
        match count {
            Count::All => Self::All,
            Count::Failures => Self::If(Arc::new(|status| status.as_u16() >= 400)),
            Count::Successes => Self::If(Arc::new(|status| status.as_u16() < 400)),
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::If(_) => "If(closure)",
        })
    }
}
