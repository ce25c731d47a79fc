//! What the layer asks, and whether the store answers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::error::StoreError;
use super::inner::Backend;
use super::policy::{Question, Refusal, Standing};
use super::sessions::Sessions;
use super::store::StoreFuture;
use super::token::{Fingerprint, SessionId};
use crate::identity::Identity;

/// What becomes of a request whose session cannot be checked, since the store is down or slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFailure {
    /// It gets a `503` with `Retry-After`: nobody who was signed out gets in.
    Refuse,
    /// It goes on as if nothing had been revoked: who was signed out stays in until the access token expires.
    Admit,
}

/// What the layer does with a request.
pub(super) enum Check {
    Pass,
    Refuse(Refusal),
    Ask(Question, StoreFuture<Standing>),
}

impl Sessions {
    /// Judges at once where the store is memory or need not be asked.
    pub(super) fn check(&self, identity: &Identity) -> Check {
        let (Some(subject), Some(token)) = (identity.subject(), identity.token()) else {
            return Check::Pass;
        };
        let user = Fingerprint::of(subject);
        let session = token.session().map(|id| own_session(user, id));
        if session == Some(None) {
            return Check::Refuse(Refusal::SessionOver);
        }
        let question = Question {
            user,
            session: session.flatten(),
            token: token.id().map(Fingerprint::of),
            issued_at: token.issued_at(),
            now: self.now(),
        };
        match &self.inner.backend {
            Backend::Memory(store) => match store.standing(&question).judge(&question) {
                Ok(()) => Check::Pass,
                Err(refusal) => Check::Refuse(refusal),
            },
            Backend::Shared(store) => Check::Ask(question, store.standing(question)),
        }
    }

    /// How long a request waits for the store.
    pub(super) fn check_deadline(&self) -> Duration {
        self.inner.limits.check_deadline
    }

    /// What is done where the store did not tell.
    pub(super) fn on_failure(&self) -> StoreFailure {
        self.inner.limits.on_failure
    }

    /// Notes whether the store does its work; the log gets each change.
    pub(super) fn heard<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        let down = &self.inner.down;
        match &answer {
            Ok(_) => {
                // A read first: while all is well, no request writes what all of them share.
                if down.load(Ordering::Relaxed) && down.swap(false, Ordering::Relaxed) {
                    tracing::info!(target: "portcullis::session", "the store of sessions answers again");
                }
            }
            Err(error) => {
                if !down.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        target: "portcullis::session",
                        %error,
                        on_failure = ?self.inner.limits.on_failure,
                        "the store of sessions is down",
                    );
                }
            }
        }
        answer
    }

    pub(super) fn report_misplacement(&self) {
        self.inner.misplaced.call_once(|| {
            tracing::error!(
                target: "portcullis::session",
                "no Identity on the request: put the jwt layer, or another that inserts one, outside session",
            );
        });
    }

    /// What the store says, or that it took too long.
    pub(super) async fn answer<T>(&self, work: StoreFuture<T>) -> Result<T, StoreError> {
        let answer = timeout(self.inner.limits.store_deadline, work).await;
        self.heard(answer.unwrap_or(Err(StoreError::TimedOut)))
    }
}

/// An id that is one of this user's sessions, by its form.
pub(super) fn own_session(user: Fingerprint, id: &str) -> Option<SessionId> {
    id.parse().ok().filter(|id: &SessionId| id.user() == user)
}
