use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::token::{RefreshToken, SessionId};

/// A session that has just started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Session {
    /// Its id, for the `sid` of access tokens.
    pub id: SessionId,
    /// For the client, and nobody else.
    pub refresh_token: RefreshToken,
    /// How long the refresh token is good for.
    pub expires_in: Duration,
}

/// A session whose refresh token was exchanged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Renewed {
    /// Its id, for the `sid` of access tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user: Arc<str>,
    /// In place of the one that was presented.
    pub refresh_token: RefreshToken,
    /// How long the refresh token is good for.
    pub expires_in: Duration,
}

/// A session as its owner may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its id, by which it can be ended.
    pub id: SessionId,
    /// What the app called it when it started.
    pub label: Arc<str>,
    /// When it started.
    pub started: SystemTime,
    /// When its refresh token was last exchanged.
    pub last_used: SystemTime,
    /// When it ends if it is not used any more.
    pub expires: SystemTime,
}
