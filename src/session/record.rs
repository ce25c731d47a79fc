//! What is kept of a session, and the text of it.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use super::token::{Digest, Seed};

/// All that is kept of one session: the family of refresh tokens that descend from one sign-in.
///
/// For a store of your own: as text it is what to keep, under the session's id; under a lock on that row, parse it, ask
/// [`exchange`](Self::exchange), and write it back or delete it as that says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    pub(super) user: Arc<str>,
    pub(super) label: Arc<str>,
    pub(super) started: u64,
    pub(super) used: u64,
    /// When it ends, however much it is used.
    pub(super) ends: u64,
    /// When it ends if it is not used any more.
    pub(super) expires: u64,
    /// Of what all tokens of the family share: by it a spent token is told from one that was made up to end the session.
    pub(super) shared: Digest,
    pub(super) current: Digest,
    /// Oldest first, each the successor of the one before. Only those within their grace.
    pub(super) spent: Vec<Spent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) token: Digest,
    pub(super) seed: Seed,
    /// When its grace is over.
    pub(super) until: u64,
}

impl Family {
    /// Whose session it is.
    pub fn user(&self) -> &Arc<str> {
        &self.user
    }

    /// When it began, in milliseconds since 1970.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// When its refresh token was last exchanged, in milliseconds since 1970; the beginning, where it never was.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// When it ends if it is not used any more, in milliseconds since 1970.
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// What the app called it.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    pub(super) fn is_over(&self, now: u64) -> bool {
        self.expires <= now
    }
}

/// The text begins with the four times: `started used ends expires`.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            started,
            used,
            ends,
            expires,
            ..
        } = self;
        write!(f, "{started} {used} {ends} {expires} ")?;
        write!(f, "{} {} ", self.shared.as_str(), self.current.as_str())?;
        for Spent { token, seed, until } in &self.spent {
            write!(f, "{}:{}:{until},", token.as_str(), seed.as_str())?;
        }
        f.write_char(' ')?;
        // Neither text is known to lack anything that could part them.
        write!(f, "{} {}{}", self.user.len(), self.user, self.label)
    }
}

/// A text that is no [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFamily;

impl fmt::Display for NoFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the record of a session")
    }
}

impl std::error::Error for NoFamily {}

impl FromStr for Family {
    type Err = NoFamily;

    fn from_str(text: &str) -> Result<Self, NoFamily> {
        read(text).ok_or(NoFamily)
    }
}

fn read(text: &str) -> Option<Family> {
    let mut parts = text.splitn(9, ' ');
    let mut time = || parts.next()?.parse().ok();
    let (started, used, ends, expires) = (time()?, time()?, time()?, time()?);
    let (shared, current) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let spent = parts.next()?.split_terminator(',').map(|spent| {
        let mut parts = spent.split(':');
        Some(Spent {
            token: parts.next()?.parse().ok()?,
            seed: parts.next()?.parse().ok()?,
            until: parts.next()?.parse().ok()?,
        })
    });
    let spent = spent.collect::<Option<_>>()?;
    let length = parts.next()?.parse().ok()?;
    let (whose, label) = parts.next()?.split_at_checked(length)?;
    Some(Family {
        user: whose.into(),
        label: label.into(),
        started,
        used,
        ends,
        expires,
        shared,
        current,
        spent,
    })
}
