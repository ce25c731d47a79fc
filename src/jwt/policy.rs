//! The pure decision: is this token one of ours, now, and whose?

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde::de::{DeserializeOwned, MapAccess};

use super::backend;
use super::claims::Verified;
use super::json::{AnyOf, Members, NumericDate, Text, read_object, skip};
use super::keys::Keys;
use super::refusal::{Refusal, TokenError};
use super::source;
use super::token::{Header, Token, Types};
use crate::identity::Identity;

pub(super) type Identify<C> = Arc<dyn Fn(&C) -> Option<Identity> + Send + Sync>;

/// What the builder settled, shared by all clones of the service.
pub(super) struct Policy<C> {
    pub(super) keys: Keys,
    /// `None` where it is waived.
    pub(super) issuer: Option<String>,
    /// Empty where it is waived.
    pub(super) audiences: Vec<String>,
    pub(super) needs_expiry: bool,
    pub(super) leeway: Duration,
    pub(super) types: Types,
    pub(super) longest: usize,
    pub(super) cookie: Option<String>,
    pub(super) optional: bool,
    pub(super) identify: Identify<C>,
}

impl<C> fmt::Debug for Policy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("keys", &self.keys.own.len())
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("needs_expiry", &self.needs_expiry)
            .field("leeway", &self.leeway)
            .field("types", &self.types)
            .field("cookie", &self.cookie)
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}

impl<C: DeserializeOwned> Policy<C> {
    /// Judges a request at `now`, counted from 1970. `None`: it carries no token and needs none.
    pub(super) fn judge(&self, headers: &HeaderMap, now: Duration) -> Result<Option<(Verified<C>, Identity)>, Refusal> {
        match source::find(headers, self.cookie.as_deref())? {
            Some((token, source)) => {
                let (claims, identity) = self.verify(token, now)?;
                Ok(Some((Verified::new(claims, source), identity)))
            }
            None if self.optional => Ok(None),
            None => Err(Refusal::NoCredentials),
        }
    }

    /// Nothing of the payload is read before the signature is found to be right.
    pub(super) fn verify(&self, token: &str, now: Duration) -> Result<(C, Identity), TokenError> {
        if token.len() > self.longest {
            return Err(TokenError::TooLong);
        }
        let token = Token::split(token)?;
        let header = token.header()?;
        let header = Header::read(&header)?;
        if !self.types.allow(header.typ.as_deref()) {
            return Err(TokenError::Type);
        }
        let material = self
            .keys
            .find(header.algorithm, header.kid.as_deref())
            .ok_or(TokenError::Key)?;
        if !backend::verify(
            token.signature,
            token.signed.as_bytes(),
            &material.key,
            material.algorithm,
        ) {
            return Err(TokenError::Signature);
        }
        let payload = token.payload()?;
        self.check(&payload, now)?;
        let claims: C = serde_json::from_slice(&payload).map_err(|_| TokenError::Claims)?;
        let identity = (self.identify)(&claims).ok_or(TokenError::Subject)?;
        Ok((claims, identity))
    }

    /// The registered claims. Their types are checked even where the claim itself is waived.
    fn check(&self, payload: &[u8], now: Duration) -> Result<(), TokenError> {
        let mut found = Found::new(self.issuer.as_deref(), &self.audiences);
        read_object(payload, &mut found).map_err(|_| TokenError::Claims)?;
        if self.issuer.is_some() && !found.ours {
            return Err(TokenError::Issuer);
        }
        if !self.audiences.is_empty() && !found.for_us {
            return Err(TokenError::Audience);
        }
        match found.expires {
            None if self.needs_expiry => return Err(TokenError::NoExpiry),
            // RFC 7519 section 4.1.4: on the expiry itself it has expired.
            Some(NumericDate(expires)) if now >= expires.saturating_add(self.leeway) => {
                return Err(TokenError::Expired);
            }
            _ => {}
        }
        match found.not_before {
            Some(NumericDate(start)) if now.saturating_add(self.leeway) < start => Err(TokenError::NotYetValid),
            _ => Ok(()),
        }
    }
}

/// The registered claims, as far as they decide.
struct Found<'p> {
    issuer: Option<&'p str>,
    audiences: &'p [String],
    ours: bool,
    for_us: bool,
    expires: Option<NumericDate>,
    not_before: Option<NumericDate>,
}

impl<'p> Found<'p> {
    fn new(issuer: Option<&'p str>, audiences: &'p [String]) -> Self {
        Self {
            issuer,
            audiences,
            ours: false,
            for_us: false,
            expires: None,
            not_before: None,
        }
    }
}

impl<'de> Members<'de> for Found<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.ours = Some(&*map.next_value::<Text<'de>>()?.0) == self.issuer,
            "aud" => self.for_us = map.next_value_seed(AnyOf(self.audiences))?,
            "exp" => self.expires = Some(map.next_value()?),
            "nbf" => self.not_before = Some(map.next_value()?),
            // RFC 7519 gives no rule by which a time of issue could make a token invalid.
            "iat" => drop(map.next_value::<NumericDate>()?),
            "sub" | "jti" => drop(map.next_value::<Text<'de>>()?),
            _ => skip(map)?,
        }
        Ok(())
    }
}
