use std::fmt;
use std::time::UNIX_EPOCH;

use http::{Request, Response};
use tokio::time::Instant;

use super::cache::Cache;
use super::challenge::Challenges;
use super::jwks::{Absent, Jwks, Wait};
use super::outcome::{Missing, Now, Stop};
use super::policy::Policy;
use super::refusal::{Refusal, TokenError};
use super::source;
use crate::body::RejectBody;
use crate::checkpoint::Moment;
use crate::identity::Identity;
use crate::request_id::RequestId;
use crate::trail::Trail;

/// What the builder settled, and what was verified: shared by all clones of the service.
pub(crate) struct Verifier<C> {
    pub(super) policy: Policy<C>,
    pub(super) cookie: Option<String>,
    pub(super) optional: bool,
    /// Whether keys of an issuer are fetched.
    pub(super) fetches: bool,
    pub(super) cache: Option<Cache>,
    pub(super) challenges: Challenges,
}

impl<C> fmt::Debug for Verifier<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .field("cookie", &self.cookie)
            .field("optional", &self.optional)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// Why a request does not go on.
#[derive(Debug)]
pub(super) enum Hold {
    Refused(Refusal),
    Missing(Missing),
}

impl<C: Send + Sync + 'static> Verifier<C> {
    /// Leaves who is calling in the request's extensions.
    pub(super) fn admit<B>(&self, request: &mut Request<B>, moment: &Moment) -> Result<(), Hold> {
        let found = source::find(request.headers(), self.cookie.as_deref()).map_err(Hold::Refused)?;
        let Some((token, source)) = found else {
            if !self.optional {
                return Err(Hold::Refused(Refusal::NoCredentials));
            }
            // Another layer may have verified the caller by other means.
            request.extensions_mut().get_or_insert_with(Identity::anonymous);
            return Ok(());
        };
        let identity = self.verify(token, moment).map_err(|hold| match hold {
            // Of a token that is good every character is one that a token may have, and only a bad one need be looked through.
            Hold::Refused(Refusal::InvalidToken(_)) if !source::is_token68(token) => {
                Hold::Refused(Refusal::MalformedCredentials)
            }
            hold => hold,
        })?;
        if let Some(trail) = request.extensions().get::<Trail>()
            && let Some(subject) = identity.shared_subject()
        {
            trail.note_user(subject);
        }
        request.extensions_mut().insert(identity.with_source(source));
        Ok(())
    }

    fn verify(&self, token: &str, moment: &Moment) -> Result<Identity, Hold> {
        let now = Now {
            wall: moment.wall().duration_since(UNIX_EPOCH).ok(),
            steady: self.fetches.then(Instant::now),
        };
        let Some(cache) = &self.cache else {
            let accepted = self.policy.verify(token, now)?;
            return Ok(accepted.identity);
        };
        if let Some(known) = cache.get(token, |validity| self.policy.still(validity, now)) {
            return Ok(known);
        }
        let accepted = self.policy.verify(token, now)?;
        cache.insert(token, &accepted.identity, accepted.validity);
        Ok(accepted.identity)
    }

    /// Whether a key that is not there is worth waiting for.
    pub(super) fn wait(&self, hold: Hold) -> Result<Wait, Refusal> {
        match hold {
            Hold::Refused(refusal) => Err(refusal),
            Hold::Missing(missing) => {
                let jwks = self.jwks(&missing).ok_or(missing.error)?;
                let wait = jwks.missing(missing.kid.as_deref(), Instant::now());
                wait.map_err(|absent| refusal(absent, missing.error))
            }
        }
    }

    /// What to answer where it is not there after the wait either.
    pub(super) fn after_the_wait(&self, hold: Hold) -> Refusal {
        match hold {
            Hold::Refused(refusal) => refusal,
            Hold::Missing(missing) => match self.jwks(&missing) {
                Some(jwks) => {
                    let absent = jwks.still_missing(missing.kid.as_deref(), Instant::now());
                    refusal(absent, missing.error)
                }
                None => missing.error.into(),
            },
        }
    }

    pub(super) fn refuse<B, R: RejectBody>(&self, request: &Request<B>, refusal: Refusal) -> Response<R> {
        tracing::debug!(
            target: "portcullis::jwt",
            request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
            reason = %refusal,
            "refused",
        );
        let problem = self.challenges.problem(refusal);
        let mut response = problem.for_request(request.extensions()).into_response();
        response.extensions_mut().insert(refusal);
        response
    }

    fn jwks(&self, missing: &Missing) -> Option<&Jwks> {
        self.policy.trusted.get(missing.trust)?.keys.jwks()
    }
}

impl From<Stop> for Hold {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Token(error) => Self::Refused(error.into()),
            Stop::Missing(missing) => Self::Missing(missing),
        }
    }
}

fn refusal(absent: Absent, error: TokenError) -> Refusal {
    match absent {
        Absent::Unknown => error.into(),
        // A key is there and says that the token is forged. That there may be another is no reason to believe it.
        Absent::Unavailable if error == TokenError::Signature => error.into(),
        Absent::Unavailable => Refusal::KeysUnavailable,
    }
}
