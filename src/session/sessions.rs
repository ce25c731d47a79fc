use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::builder::SessionsBuilder;
use super::check::own_session;
use super::clock::{millis, time, until};
use super::error::{RefreshError, StoreError};
use super::info::{Renewed, Session, SessionInfo};
use super::inner::{Backend, Inner, Limits};
use super::policy::{Exchange, Exchanged};
use super::record::Family;
use super::token::{Fingerprint, RefreshToken, Seed, SessionId};

/// The most by which verifiers take a token after its expiry; a revocation must last as long.
const LEEWAY: u64 = 60 * 1000;
/// As long as the longest access token.
const LONGEST_REVOCATION: u64 = 10 * 366 * 24 * 60 * 60 * 1000;
/// In bytes; a label may be what a stranger's browser says of itself.
const LONGEST_LABEL: usize = 256;

/// Starts, refreshes, lists and ends sessions. Cloning costs one reference count. See the [module page](crate::session).
#[derive(Clone)]
pub struct Sessions {
    pub(super) inner: Arc<Inner>,
}

impl Sessions {
    /// In memory; 7 days without use, 30 days at most, 10 seconds of grace.
    pub fn builder() -> SessionsBuilder {
        SessionsBuilder::default()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Starts a session for a user who has just signed in, named by the id that access tokens have as `sub`.
    ///
    /// The label is for the list that the user sees, such as the browser's name; it is cut after 256 bytes. Where the user has as many
    /// sessions as may be, the one that was used longest ago ends.
    ///
    /// # Errors
    /// The store failed.
    pub async fn start(&self, user: &str, label: &str) -> Result<Session, StoreError> {
        let Limits {
            idle, absolute, most, ..
        } = self.inner.limits;
        let now = self.now();
        let id = SessionId::random(Fingerprint::of(user))?;
        let refresh_token = RefreshToken::random(id)?;
        let family = Family {
            user: user.into(),
            label: cut(label).into(),
            started: now,
            used: now,
            ends: now.saturating_add(absolute),
            expires: now.saturating_add(idle.min(absolute)),
            shared: refresh_token.family(),
            current: refresh_token.digest(),
            spent: Vec::new(),
        };
        let expires_in = until(family.expires, now);
        match &self.inner.backend {
            Backend::Memory(store) => store.start(id, family, most),
            Backend::Shared(store) => self.answer(store.start(id, family, most)).await?,
        }
        Ok(Session {
            id,
            refresh_token,
            expires_in,
        })
    }

    /// Exchanges a refresh token for its successor.
    ///
    /// Dropping the future leaves open whether the token was spent; within the grace it can be presented again.
    ///
    /// # Errors
    /// All of [`RefreshError`].
    pub async fn refresh(&self, token: &str) -> Result<Renewed, RefreshError> {
        let token = RefreshToken::parse(token).ok_or(RefreshError::Invalid)?;
        let seed = Seed::random()?;
        let now = self.now();
        let asked = Exchange {
            id: token.id(),
            family: token.family(),
            token: token.digest(),
            next: token.successor(seed).digest(),
            seed,
            now,
            idle: self.inner.limits.idle,
            grace: self.inner.limits.grace,
        };
        let exchanged = match &self.inner.backend {
            Backend::Memory(store) => store.exchange(&asked),
            Backend::Shared(store) => self.answer(store.exchange(asked)).await?,
        };
        match exchanged {
            Exchanged::Renewed { user, expires, seeds } => Ok(Renewed {
                id: asked.id,
                user,
                refresh_token: seeds.into_iter().fold(token, |token, seed| token.successor(seed)),
                expires_in: until(expires, now),
            }),
            Exchanged::Unknown => Err(RefreshError::Invalid),
            Exchanged::Expired => Err(RefreshError::Expired),
            Exchanged::Reused => {
                tracing::warn!(
                    target: "portcullis::session",
                    session = %asked.id,
                    "a spent refresh token was presented again; its session has been ended",
                );
                Err(RefreshError::Reused)
            }
        }
    }

    /// Ends one session of a user, and with it the access tokens issued in it. False where the user has no such session: the id of
    /// another user's session ends nothing.
    ///
    /// # Errors
    /// The store failed; the session may have ended all the same.
    pub async fn end(&self, user: &str, id: &str) -> Result<bool, StoreError> {
        let Some(id) = own_session(Fingerprint::of(user), id) else {
            return Ok(false);
        };
        match &self.inner.backend {
            Backend::Memory(store) => Ok(store.end(id, self.now())),
            Backend::Shared(store) => self.answer(store.end(id)).await,
        }
    }

    /// Ends all sessions of a user, and says how many. Access tokens that were issued in none stay: see
    /// [`end_before`](Self::end_before).
    ///
    /// # Errors
    /// The store failed; sessions may have ended all the same.
    pub async fn end_all(&self, user: &str) -> Result<usize, StoreError> {
        let user = Fingerprint::of(user);
        match &self.inner.backend {
            Backend::Memory(store) => Ok(store.end_all(user, self.now())),
            Backend::Shared(store) => self.answer(store.end_all(user)).await,
        }
    }

    /// The sessions of a user, the one that was used last first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, user: &str) -> Result<Vec<SessionInfo>, StoreError> {
        let (user, now) = (Fingerprint::of(user), self.now());
        let mut sessions = match &self.inner.backend {
            Backend::Memory(store) => store.list(user, now),
            Backend::Shared(store) => self.answer(store.list(user, now)).await?,
        };
        sessions.sort_by_key(|(id, family)| (std::cmp::Reverse((family.used, family.started)), *id));
        let info = |(id, family): (SessionId, Family)| SessionInfo {
            id,
            started: time(family.started),
            last_used: time(family.used),
            expires: time(family.expires),
            label: family.label,
        };
        Ok(sessions.into_iter().map(info).collect())
    }

    /// Revokes one access token of a user, by its `jti`, until it has expired: `expires` is its `exp`. A minute is added, which is
    /// the most by which a verifier may be lenient.
    ///
    /// # Errors
    /// The store failed, or the memory holds as many revocations as it may.
    pub async fn revoke_token(&self, user: &str, jti: &str, expires: SystemTime) -> Result<(), StoreError> {
        let (user, token, now) = (Fingerprint::of(user), Fingerprint::of(jti), self.now());
        let until = millis(expires).saturating_add(LEEWAY);
        let until = until.min(now.saturating_add(LONGEST_REVOCATION));
        if until <= now {
            return Ok(());
        }
        match &self.inner.backend {
            Backend::Memory(store) => store.revoke_token(user, token, until, now),
            Backend::Shared(store) => self.answer(store.revoke_token(user, token, until, now)).await,
        }
    }

    /// Ends all of a user that is from before `time`: the sessions that started, and the access tokens that were issued. For a changed
    /// password or an account that was taken away; a time that is past, or an earlier one than was set before, changes nothing.
    ///
    /// The time is remembered for as long as a session may last: access tokens must not live longer than that. One that lies
    /// further ahead than this counts as that far ahead. Access tokens without a session count by their `iat`, which has whole
    /// seconds: those of the very second are refused, too.
    ///
    /// # Errors
    /// The store failed, or the memory holds as many revocations as it may; the sessions may have ended all the same.
    pub async fn end_before(&self, user: &str, time: SystemTime) -> Result<(), StoreError> {
        let (user, now) = (Fingerprint::of(user), self.now());
        let absolute = self.inner.limits.absolute;
        let time = millis(time).min(now.saturating_add(absolute));
        let until = time.max(now).saturating_add(absolute);
        match &self.inner.backend {
            Backend::Memory(store) => store.end_before(user, time, until, now),
            Backend::Shared(store) => self.answer(store.end_before(user, time, until, now)).await,
        }
    }

    pub(super) fn now(&self) -> u64 {
        millis(self.inner.clock.as_ref().map_or_else(SystemTime::now, |clock| clock()))
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> Option<&super::memory::MemoryStore> {
        match &self.inner.backend {
            Backend::Memory(store) => Some(store),
            Backend::Shared(_) => None,
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("backend", &self.inner.backend)
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}

fn cut(label: &str) -> &str {
    let mut end = label.len().min(LONGEST_LABEL);
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label.get(..end).unwrap_or_default()
}
