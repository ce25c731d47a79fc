//! The pure decisions: what becomes of a refresh token, and whether an access token still counts.
//!
//! Times are milliseconds since 1970.

use std::fmt;
use std::sync::Arc;

use super::record::{Family, Spent};
use super::token::{Digest, Fingerprint, Seed, SessionId};

/// Rotations within one grace that are remembered. Beyond it the current token stays until the oldest is forgotten: nobody is signed
/// out for asking too often, and a session has a bound.
pub(super) const MOST_SPENT: usize = 32;

/// A refresh token that is presented, as hashes, and what takes its place if it is the current one.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Exchange {
    /// The session that it belongs to.
    pub id: SessionId,
    /// Of what it shares with all tokens of its family.
    pub family: Digest,
    /// Of the whole of it.
    pub token: Digest,
    /// Of the token that takes its place.
    pub next: Digest,
    /// What leads from the one to the other.
    pub seed: Seed,
    /// The time, in milliseconds since 1970.
    pub now: u64,
    /// How long the session lasts without use, in milliseconds.
    pub idle: u64,
    /// How long a spent token still leads to the current one, in milliseconds.
    pub grace: u64,
}

/// The outcome of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchanged {
    /// The token leads to the current one. Keep the family as it is now.
    Renewed {
        /// Whose session it is.
        user: Arc<str>,
        /// When the session ends if it is not used any more, in milliseconds since 1970.
        expires: u64,
        /// What leads from the presented token to the current one, in this order.
        seeds: Vec<Seed>,
    },
    /// There is no such session, or the token is none of this family. Change nothing.
    Unknown,
    /// The session is over. Delete it.
    Expired,
    /// The token was spent before. Delete the session.
    Reused,
}

impl Family {
    /// Judges a presented token, and spends it where it is the current one.
    ///
    /// A session that started before its user's [`not_before`](Standing::not_before) is over; that is the store's to know.
    pub fn exchange(&mut self, asked: &Exchange) -> Exchanged {
        let now = asked.now;
        if self.shared != asked.family {
            return Exchanged::Unknown;
        }
        if self.is_over(now) {
            return Exchanged::Expired;
        }
        self.spent.retain(|spent| spent.until > now);
        let seeds = if self.current == asked.token {
            self.spend(asked)
        } else {
            let later: Vec<_> = self
                .spent
                .iter()
                .skip_while(|spent| spent.token != asked.token)
                .collect();
            if later.is_empty() {
                return Exchanged::Reused;
            }
            later.into_iter().map(|spent| spent.seed).collect()
        };
        Exchanged::Renewed {
            user: Arc::clone(&self.user),
            expires: self.expires,
            seeds,
        }
    }

    fn spend(&mut self, asked: &Exchange) -> Vec<Seed> {
        if self.spent.len() >= MOST_SPENT {
            return Vec::new();
        }
        if asked.grace > 0 {
            // Clocks of several processes differ; a chain of which the middle is forgotten leads nowhere.
            let earliest = self.spent.last().map_or(0, |last| last.until);
            self.spent.push(Spent {
                token: asked.token,
                seed: asked.seed,
                until: asked.now.saturating_add(asked.grace).max(earliest),
            });
        }
        self.current = asked.next;
        self.used = asked.now;
        self.expires = asked.now.saturating_add(asked.idle).min(self.ends);
        vec![asked.seed]
    }
}

/// What an access token says of itself, and when it is asked about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Question {
    /// Whose token it is.
    pub user: Fingerprint,
    /// Its `sid`; one of this user.
    pub session: Option<SessionId>,
    /// Its `jti`.
    pub token: Option<Fingerprint>,
    /// Its `iat`, in whole seconds since 1970.
    pub issued_at: Option<u64>,
    /// The time, in milliseconds since 1970.
    pub now: u64,
}

/// What a store knows of a [`Question`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the session of the token started and when it expires, in milliseconds since 1970; `None` where there is no such session.
    pub session: Option<(u64, u64)>,
    /// Whether the token itself was revoked.
    pub revoked: bool,
    /// The time before which everything of this user is over, in milliseconds since 1970.
    pub not_before: Option<u64>,
}

/// Why an access token does not count any more, in the extensions of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Its session was ended, has expired, or is none of this user's.
    SessionOver,
    /// The token itself was revoked.
    TokenRevoked,
    /// It was issued before the time from which its user's tokens count.
    IssuedTooEarly,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionOver => "the session is over",
            Self::TokenRevoked => "the token was revoked",
            Self::IssuedTooEarly => "the token was issued before those of its user count",
        })
    }
}

impl Standing {
    pub(super) fn judge(self, question: &Question) -> Result<(), Refusal> {
        if self.revoked {
            return Err(Refusal::TokenRevoked);
        }
        let not_before = self.not_before.unwrap_or(0);
        if question.session.is_some() {
            let live = |(started, expires)| started >= not_before && expires > question.now;
            if !self.session.is_some_and(live) {
                return Err(Refusal::SessionOver);
            }
        }
        // `iat` counts whole seconds, so that a token of the very second could be from before or after. A session that has started
        // since says that it is from after; a token without one is refused.
        let early = match question.issued_at {
            Some(issued) if question.session.is_some() => issued < not_before / 1000,
            Some(issued) => issued.saturating_mul(1000) < not_before,
            None => question.session.is_none() && not_before > 0,
        };
        if early { Err(Refusal::IssuedTooEarly) } else { Ok(()) }
    }
}
