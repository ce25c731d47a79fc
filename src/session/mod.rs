//! Sessions behind short access tokens: refresh tokens that rotate, signing out that works at once.
//!
//! An access token cannot be taken back, so that it lives for minutes. [`Sessions`] keeps, for each sign-in, a *refresh token* with which
//! the client gets the next one; [`SessionLayer`] refuses access tokens whose session is over. Issuing is the app's, by
//! [`jwt::Issuer`](crate::jwt::Issuer), with the session's id as the claim `sid` and as `sub` the user by whom the session was started.
//!
//! What it decides about a refresh token:
//!
//! 1. It is exchanged once: [`refresh`](Sessions::refresh) spends it and answers with its successor.
//! 2. A spent token that comes back within the *grace*, 10 seconds, gets the current token of its session: the same one that the first
//!    got. Two tabs, a double click and a request that was sent again because its answer was lost thus end with the same, good token,
//!    and nobody is signed out. The successor follows from the spent token and random bits that are kept for the grace; who has the one
//!    without the other has nothing. A thief gets in as well within these seconds, and is found out when the two
//!    exchange one token further apart than that. With a grace of 0 there is none of this.
//! 3. A spent token that comes back later ends its session, with all access tokens of it: one of the two who had it is a thief, and
//!    nobody can tell which. The log has it once, as a warning with target `portcullis::session` that names the session. A token that was
//!    made up with a session's id ends nothing: all tokens of a session share a secret of 144 bits.
//! 4. A session ends after 7 days without an exchange and after 30 days in any case. Of more than 32 of a user, the one that was
//!    used longest ago ends.
//! 5. Of more than 32 exchanges within one grace, the later ones answer with the current token as it is, unspent. So asking often signs
//!    nobody out, and what is kept of a session has a bound.
//!
//! What the layer decides about a request, by the [`Identity`](crate::Identity) in its extensions:
//!
//! 1. Without any, a layer is missing: `500`, and one line in the log that says which. Anonymous callers go on, and so do those who
//!    were verified without a [`Token`](crate::identity::Token): an API key or a certificate has no session. So a
//!    closure that makes an identity of claims must hand on what the token says of itself.
//! 2. A token whose `sid` is no live session of its `sub` is refused, and so is one whose `jti` was
//!    [revoked](Sessions::revoke_token).
//! 3. A token from before its user's [`end_before`](Sessions::end_before) is refused. `iat` has whole seconds: in the very second
//!    the session decides, and a token without one is refused.
//! 4. A refusal is a `401` [`Problem`](crate::Problem) with `Bearer error="invalid_token"`, the same for all reasons; which it was, is a
//!    [`Refusal`] in the response's extensions and a `debug` record.
//! 5. Where the store does not answer within 50 milliseconds, [`StoreFailure`] decides: a `503` with `Retry-After`, or on it goes.
//!    The log gets one line when that begins and one when it ends.
//!
//! # Stores
//!
//! Tokens are kept as SHA-256 hashes, which is enough for 256 random bits, and never logged; their `Debug` is stars.
//!
//! *Memory* has a bound and no task: what is past its time goes first. Where all of it is live, a new session takes the place of the
//! one that would expire first, which signs somebody out and lets nobody in; a single account cannot do that to others, since it has 32
//! sessions at most. A revocation never makes room: one more than there may be is an [error](StoreError::Full).
//!
//! *Redis* or Valkey, with the feature `redis`, is shared: what one process ends, all others refuse from then on. Every operation is one
//! round trip, a script where it must be whole. All keys of a user lie in one slot of a cluster, and all have a time to live.
//! Clocks are those of the processes, and should agree to a second: a session that one whose clock is behind starts right after
//! another's [`end_before`](Sessions::end_before) counts as one from before.
//!
//! Any other is a [`SessionStore`] of your own. Stores other than memory need a tokio runtime with its clock.
//!
//! It costs no allocation in memory: two hashes of short texts and a lock that one in 64 of the users share. With another store it
//! costs the question to it, a clone of the inner service, and two boxes, of the answer and of all that waits for it; nothing waits for the body.
//!
//! It goes inside `jwt`, whose identity it reads, and outside `authorize` and the handlers.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::Identity;
//! use portcullis::identity::Token;
//! use portcullis::session::{RefreshError, Sessions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder().build()?;
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = sessions.layer().layer(hello);
//!
//! let session = sessions.start("42", "Firefox on Linux").await?;
//! let renewed = sessions.refresh(session.refresh_token.as_str()).await?;
//! assert_eq!((&*renewed.user, renewed.id), ("42", session.id));
//!
//! // As `jwt` leaves it, for a token with this `sid`.
//! let identity = Identity::user("42").with_token(Token::new().with_session(session.id.as_str()));
//! let mut request = Request::new(());
//! request.extensions_mut().insert(identity);
//! assert_eq!(service.clone().oneshot(request.clone()).await?.status(), 200);
//!
//! sessions.end("42", session.id.as_str()).await?;
//! assert_eq!(service.oneshot(request).await?.status(), 401);
//! let error = sessions.refresh(renewed.refresh_token.as_str()).await.unwrap_err();
//! assert!(matches!(error, RefreshError::Invalid));
//! # Ok(())
//! # }
//! ```
//!
//! Strict, for a bank, with the list that a user sees:
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use portcullis::session::{RefreshError, Sessions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder()
//!     .idle(Duration::from_secs(15 * 60))
//!     .absolute(Duration::from_secs(12 * 60 * 60))
//!     .grace(Duration::ZERO)
//!     .max_per_user(1)
//!     .build()?;
//!
//! let phone = sessions.start("42", "phone").await?;
//! let laptop = sessions.start("42", "laptop").await?;
//! let listed = sessions.list("42").await?;
//! assert_eq!(listed.iter().map(|session| &*session.label).collect::<Vec<_>>(), ["laptop"]);
//! assert!(sessions.refresh(phone.refresh_token.as_str()).await.is_err());
//!
//! let stolen = laptop.refresh_token;
//! let renewed = sessions.refresh(stolen.as_str()).await?;
//! let reused = sessions.refresh(stolen.as_str()).await.unwrap_err();
//! assert!(matches!(reused, RefreshError::Reused));
//! assert!(sessions.refresh(renewed.refresh_token.as_str()).await.is_err());
//!
//! // The password was changed.
//! sessions.end_before("42", SystemTime::now()).await?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod check;
mod checkpoint;
mod clock;
mod cookie;
mod error;
mod future;
mod info;
mod inner;
mod layer;
mod memory;
mod memory_part;
mod policy;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod service;
mod sessions;
mod store;
#[cfg(test)]
mod tests;
mod token;

pub use self::builder::SessionsBuilder;
pub use self::check::StoreFailure;
pub use self::cookie::RefreshCookie;
pub use self::error::{RefreshError, StoreError};
pub use self::future::ResponseFuture;
pub use self::info::{Renewed, Session, SessionInfo};
pub use self::layer::SessionLayer;
pub use self::policy::{Exchange, Exchanged, Question, Refusal, Standing};
pub use self::record::{Family, NoFamily};
pub use self::service::CheckSession;
pub use self::sessions::Sessions;
pub use self::store::{SessionStore, StoreFuture};
pub use self::token::{Digest, Fingerprint, NoSessionId, RefreshToken, Seed, SessionId};
