use std::future::Future;
use std::pin::Pin;

use super::error::StoreError;
use super::policy::{Exchange, Exchanged, Question, Standing};
use super::record::Family;
use super::token::{Fingerprint, SessionId};

/// The answer of a [`SessionStore`].
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Where sessions are kept, for a store of your own such as a table in your database.
///
/// Each method is one change, whole or not at all, and must be seen by all processes once it has returned. Times are milliseconds
/// since 1970. What is past its time may be deleted at any moment, and a store that deletes anything before leaves the gate open
/// where it was a revocation, and signs somebody out where it was a session. A user is known by a [`Fingerprint`], the first part of all
/// ids of the user's sessions, by which tables can be divided.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new session. Where the user has `most` or more, those that were used longest ago are deleted until it fits.
    fn start(&self, id: SessionId, family: Family, most: usize) -> StoreFuture<()>;

    /// Loads the session, asks [`Family::exchange`] and does what that says; [`Exchanged::Unknown`] where there is no such session,
    /// and where it started before its user's `not_before`. Two callers must not both be told about the same state.
    fn exchange(&self, asked: Exchange) -> StoreFuture<Exchanged>;

    /// All that is known of one access token, for every request; in one question to the server.
    fn standing(&self, question: Question) -> StoreFuture<Standing>;

    /// Deletes a session; false where there was none.
    fn end(&self, id: SessionId) -> StoreFuture<bool>;

    /// Deletes all sessions of a user, and says how many.
    fn end_all(&self, user: Fingerprint) -> StoreFuture<usize>;

    /// All sessions of a user that are not over.
    fn list(&self, user: Fingerprint, now: u64) -> StoreFuture<Vec<(SessionId, Family)>>;

    /// Keeps, until this time, that a token was revoked.
    fn revoke_token(&self, user: Fingerprint, token: Fingerprint, until: u64, now: u64) -> StoreFuture<()>;

    /// Keeps, until `until`, that nothing of a user counts from before `time`, and deletes the sessions that started before. A
    /// later time stays.
    fn end_before(&self, user: Fingerprint, time: u64, until: u64, now: u64) -> StoreFuture<()>;
}
