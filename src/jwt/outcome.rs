//! What the decision about a token depends on, and what it comes to.

use std::time::Duration;

use tokio::time::Instant;

use super::payload::Registered;
use super::refusal::TokenError;
use crate::identity::Identity;

/// The moment of a decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Since 1970. `None`: the clock stands before that.
    pub(super) wall: Option<Duration>,
    /// By which the age of fetched keys is told; `None` where no keys are.
    pub(super) steady: Option<Instant>,
}

/// A token that is good, and under which conditions it stays so.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) identity: Identity,
    pub(super) validity: Validity,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    pub(super) times: Registered,
    /// The place of the issuer.
    pub(super) trust: usize,
    /// The keys by which it was verified.
    pub(super) generation: u64,
}

/// Why a token is not good.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Token(TokenError),
    /// Its key is not among those that were fetched, or there are none.
    Missing(Missing),
}

/// A key that is not there, and may be after a fetch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// The place of the issuer.
    pub(super) trust: usize,
    pub(super) kid: Option<String>,
    /// What is wrong with the token, where it is not there either.
    pub(super) error: TokenError,
}

impl From<TokenError> for Stop {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}
