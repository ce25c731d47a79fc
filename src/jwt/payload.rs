//! Reads the claims of a token, and of the registered ones what decides.

use std::borrow::Cow;
use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{DeserializeOwned, MapAccess};

use super::json::{AnyOf, Member, Members, NumericDate, Text, read_object, skip};
use crate::identity::Token;

/// What tokens must say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected<'e> {
    pub(super) issuer: Option<&'e Arc<str>>,
    pub(super) audiences: &'e [String],
}

/// What a token says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Registered {
    pub(super) ours: bool,
    pub(super) for_us: bool,
    /// Since 1970, as all times.
    pub(super) expires: Option<Duration>,
    pub(super) not_before: Option<Duration>,
}

/// How the claims of a type are read: `Claims` in one pass, others in two.
pub(super) struct Reader<C> {
    pub(super) read: fn(&str, Expected<'_>) -> Result<Found<C>, serde_json::Error>,
    /// What the token says of itself, where the claims have it.
    pub(super) token: fn(&C) -> Option<&Token>,
}

impl<C: DeserializeOwned> Reader<C> {
    /// For a type that knows nothing of the rules of a token.
    pub(super) const fn of_any_type() -> Self {
        Self { read, token: |_| None }
    }
}

/// What was found in a payload.
pub(super) struct Found<C> {
    pub(super) claims: Arc<C>,
    pub(super) registered: Registered,
    /// What the token says of itself, where the claims do not have it.
    pub(super) token: Option<Token>,
}

fn read<C: DeserializeOwned>(payload: &str, expected: Expected<'_>) -> Result<Found<C>, serde_json::Error> {
    let mut reading = Reading::new(expected);
    read_object(payload, &mut reading)?;
    Ok(Found {
        claims: Arc::new(serde_json::from_str(payload)?),
        registered: reading.found,
        token: Some(reading.token),
    })
}

/// The registered claims alone.
pub(super) fn registered(payload: &str, expected: Expected<'_>) -> Result<Registered, serde_json::Error> {
    let mut reading = Reading::new(expected);
    read_object(payload, &mut reading)?;
    Ok(reading.found)
}

/// The `iss` of a token that nobody has verified yet.
pub(super) fn issuer_of(payload: &str) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    let mut issuer = Issuer(None);
    read_object(payload, &mut issuer)?;
    Ok(issuer.0)
}

struct Reading<'e> {
    expected: Expected<'e>,
    found: Registered,
    token: Token,
}

impl<'e> Reading<'e> {
    fn new(expected: Expected<'e>) -> Self {
        Self {
            expected,
            found: Registered::default(),
            token: Token::new(),
        }
    }
}

impl<'de> Members<'de> for Reading<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error> {
        let number = match name {
            "iss" => {
                let issuer = map.next_value::<Text<'de>>()?.0;
                self.found.ours = self.expected.issuer.is_some_and(|own| **own == *issuer);
                0
            }
            "aud" => {
                self.found.for_us = map.next_value_seed(AnyOf(self.expected.audiences))?;
                1
            }
            "exp" => {
                let date = map.next_value::<NumericDate>()?.0;
                self.found.expires = Some(date);
                self.token = take(&mut self.token).with_expires_at(date.as_secs());
                2
            }
            "nbf" => {
                self.found.not_before = Some(map.next_value::<NumericDate>()?.0);
                3
            }
            // RFC 7519 gives no rule by which a time of issue could make a token invalid.
            "iat" => {
                let issued = map.next_value::<NumericDate>()?.0.as_secs();
                self.token = take(&mut self.token).with_issued_at(issued);
                4
            }
            "sub" => {
                map.next_value::<Text<'de>>()?;
                5
            }
            "jti" => {
                self.token = take(&mut self.token).with_id(&*map.next_value::<Text<'de>>()?.0);
                6
            }
            "sid" => {
                self.token = take(&mut self.token).with_session(&*map.next_value::<Text<'de>>()?.0);
                7
            }
            _ => return skip(map),
        };
        Ok(Member::Known(number))
    }
}

struct Issuer<'de>(Option<Cow<'de, str>>);

impl<'de> Members<'de> for Issuer<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error> {
        if name != "iss" {
            return skip(map);
        }
        self.0 = Some(map.next_value::<Text<'de>>()?.0);
        Ok(Member::Known(0))
    }
}
