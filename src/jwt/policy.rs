//! The pure decision: is this token one of ours, now, and whose?

use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::algorithm::Family;
use super::backend;
use super::jwks::Jwks;
use super::key_source::Held;
use super::outcome::{Accepted, Missing, Now, Stop, Validity};
use super::payload::{Reader, Registered, issuer_of, registered};
use super::refusal::TokenError;
use super::token::{Header, Room, Token};
use super::trust::Trust;
use crate::identity::Identity;

pub(super) type Identify<C> = Arc<dyn Fn(&Arc<C>) -> Option<Identity> + Send + Sync>;

/// What the builder settled, shared by all clones of the service.
pub(super) struct Policy<C> {
    /// Never empty. The token's `iss` chooses among several.
    pub(super) trusted: Vec<Trust>,
    pub(super) needs_expiry: bool,
    pub(super) leeway: Duration,
    pub(super) longest: usize,
    pub(super) reader: Reader<C>,
    pub(super) identify: Identify<C>,
}

impl<C> fmt::Debug for Policy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("trusted", &self.trusted)
            .field("needs_expiry", &self.needs_expiry)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}

impl<C> Policy<C> {
    pub(super) fn jwks(&self) -> impl Iterator<Item = &Jwks> {
        self.trusted.iter().filter_map(|trust| trust.keys.jwks())
    }
}

impl<C: Send + Sync + 'static> Policy<C> {
    /// Nothing of the payload is read before the signature is found to be right, but for the `iss` that chooses among issuers.
    pub(super) fn verify(&self, token: &str, now: Now) -> Result<Accepted, Stop> {
        if token.len() > self.longest {
            return Err(TokenError::TooLong.into());
        }
        let token = Token::split(token)?;
        let (place, trust) = self.choose(token)?;
        let held = trust.keys.hold(now.steady);
        match held.as_ref().and_then(|keys| keys.recall(token.header)) {
            Some((key, known)) => {
                trust.check(known.typ(), key.algorithm)?;
                if !backend::verify(token.signature, token.signed.as_bytes(), key) {
                    return Err(self.unverified(place, held.as_ref(), token, now));
                }
            }
            None => self.verify_first(place, held.as_ref(), token, now)?,
        }
        let mut room = Room::new();
        let payload = token.payload(&mut room)?;
        let found = (self.reader.read)(payload, trust.expected()).map_err(|_| TokenError::Claims)?;
        self.judge(trust, found.registered, now)?;
        let mut identity = (self.identify)(&found.claims).ok_or(TokenError::Subject)?;
        if identity.token().is_none() {
            // A closure of the app's has left it out, and without it nobody could end the token's session.
            let token = found.token.as_ref().or_else(|| (self.reader.token)(&found.claims));
            identity = identity.with_token(token.cloned().unwrap_or_default());
        }
        Ok(Accepted {
            identity: match identity.claims() {
                Some(own) if ptr::eq(own, Arc::as_ptr(&found.claims)) => identity,
                _ => identity.with_claims(found.claims),
            },
            validity: Validity {
                times: found.registered,
                trust: place,
                generation: held.as_ref().map_or(0, Held::generation),
            },
        })
    }

    /// The signature of a token whose header no token before it had.
    fn verify_first(&self, place: usize, held: Option<&Held<'_>>, token: Token<'_>, now: Now) -> Result<(), Stop> {
        let trust = self.trusted.get(place).ok_or(TokenError::Issuer)?;
        let mut room = Room::new();
        let header = Header::read(token.header(&mut room)?)?;
        trust.check(header.typ.as_deref(), header.algorithm)?;
        if trust.keys.jwks().is_some() && header.algorithm.family() == Family::Hmac {
            // A set is public and has no secrets: no fetch would bring one.
            return Err(TokenError::Key.into());
        }
        let kid = header.kid.as_deref();
        let Some(key) = held.and_then(|keys| keys.find(header.algorithm, kid)) else {
            return Err(self.missing(place, held, kid, TokenError::Key, token, now));
        };
        if !backend::verify(token.signature, token.signed.as_bytes(), key) {
            return Err(self.missing(place, held, kid, TokenError::Signature, token, now));
        }
        key.seen.remember(token.header, &header);
        Ok(())
    }

    /// The same of a token whose header needed no reading so far.
    fn unverified(&self, place: usize, held: Option<&Held<'_>>, token: Token<'_>, now: Now) -> Stop {
        if self.trusted.get(place).is_some_and(|trust| trust.keys.jwks().is_none()) {
            // Keys that are not fetched are all there are, whichever the header names.
            return TokenError::Signature.into();
        }
        let mut room = Room::new();
        let header = token.header(&mut room).and_then(Header::read);
        match header {
            Ok(header) => self.missing(place, held, header.kid.as_deref(), TokenError::Signature, token, now),
            Err(error) => error.into(),
        }
    }

    /// Whether a token that was good is so still: in time, and verified by the keys that are valid now.
    pub(super) fn still(&self, validity: &Validity, now: Now) -> bool {
        let trust = self.trusted.get(validity.trust);
        let held = trust.and_then(|trust| trust.keys.hold(now.steady));
        held.is_some_and(|held| held.generation() == validity.generation) && self.in_time(validity.times, now).is_ok()
    }

    /// With one issuer the payload is left alone.
    fn choose(&self, token: Token<'_>) -> Result<(usize, &Trust), TokenError> {
        if let [only] = &*self.trusted {
            return Ok((0, only));
        }
        let mut room = Room::new();
        let issuer = issuer_of(token.payload(&mut room)?).map_err(|_| TokenError::Claims)?;
        let mut trusted = self.trusted.iter().enumerate();
        trusted
            .find(|(_, trust)| trust.issuer.as_deref() == issuer.as_deref())
            .ok_or(TokenError::Issuer)
    }

    /// Keys are looked for only on behalf of a token that would be good with one: a token of another issuer makes no request to
    /// ours (RFC 8725 section 3.8), and neither does one that has expired. A key that the token names and that is there is not
    /// looked for, whatever the signature.
    fn missing(
        &self,
        place: usize,
        held: Option<&Held<'_>>,
        kid: Option<&str>,
        error: TokenError,
        token: Token<'_>,
        now: Now,
    ) -> Stop {
        let fetched = self.trusted.get(place).filter(|trust| trust.keys.jwks().is_some());
        let Some(trust) = fetched.filter(|_| !held.is_some_and(|keys| keys.names(kid))) else {
            return error.into();
        };
        let mut room = Room::new();
        if token.check_signature(&mut room).is_err() {
            return TokenError::Form.into();
        }
        let payload = match token.payload(&mut room) {
            Ok(payload) => payload,
            Err(error) => return error.into(),
        };
        let Ok(registered) = registered(payload, trust.expected()) else {
            return error.into();
        };
        match self.judge(trust, registered, now) {
            Ok(()) => Stop::Missing(Missing {
                trust: place,
                // Where no key has an id, the token's says nothing.
                kid: kid
                    .filter(|_| held.is_none_or(|keys| keys.have_ids()))
                    .map(str::to_owned),
                error,
            }),
            Err(TokenError::Issuer) => TokenError::Issuer.into(),
            // Whether a token has expired is said only of one that is verified.
            Err(_) => error.into(),
        }
    }

    /// The registered claims. Their types are checked even where the claim itself is waived.
    fn judge(&self, trust: &Trust, found: Registered, now: Now) -> Result<(), TokenError> {
        if trust.issuer.is_some() && !found.ours {
            return Err(TokenError::Issuer);
        }
        if !trust.audiences.is_empty() && !found.for_us {
            return Err(TokenError::Audience);
        }
        if self.needs_expiry && found.expires.is_none() {
            return Err(TokenError::NoExpiry);
        }
        self.in_time(found, now)
    }

    fn in_time(&self, found: Registered, now: Now) -> Result<(), TokenError> {
        let now = now.wall.ok_or(TokenError::Clock)?;
        // RFC 7519 section 4.1.4: on the expiry itself it has expired.
        if found
            .expires
            .is_some_and(|expires| now >= expires.saturating_add(self.leeway))
        {
            return Err(TokenError::Expired);
        }
        if found
            .not_before
            .is_some_and(|start| now.saturating_add(self.leeway) < start)
        {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}
