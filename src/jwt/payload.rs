//! Reads the claims of a token, and of the registered ones what decides.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::{DeserializeOwned, MapAccess};

use super::json::{AnyOf, Members, NumericDate, Text, read_object, skip};

/// What tokens must say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected<'e> {
    pub(super) issuer: Option<&'e str>,
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

/// How the claims of a type are read. `Claims` are read in one pass, others in two.
pub(super) type Read<C> = fn(&[u8], Expected<'_>) -> Result<(C, Registered), serde_json::Error>;

/// The claims of a type that knows nothing of the rules of a token.
pub(super) fn read<C: DeserializeOwned>(
    payload: &[u8],
    expected: Expected<'_>,
) -> Result<(C, Registered), serde_json::Error> {
    let registered = registered(payload, expected)?;
    Ok((serde_json::from_slice(payload)?, registered))
}

/// The registered claims alone.
pub(super) fn registered(payload: &[u8], expected: Expected<'_>) -> Result<Registered, serde_json::Error> {
    let mut reading = Reading {
        expected,
        found: Registered::default(),
    };
    read_object(payload, &mut reading)?;
    Ok(reading.found)
}

/// The `iss` of a token that nobody has verified yet.
pub(super) fn issuer_of(payload: &[u8]) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    let mut issuer = Issuer(None);
    read_object(payload, &mut issuer)?;
    Ok(issuer.0)
}

struct Reading<'e> {
    expected: Expected<'e>,
    found: Registered,
}

impl<'de> Members<'de> for Reading<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.found.ours = Some(&*map.next_value::<Text<'de>>()?.0) == self.expected.issuer,
            "aud" => self.found.for_us = map.next_value_seed(AnyOf(self.expected.audiences))?,
            "exp" => self.found.expires = Some(map.next_value::<NumericDate>()?.0),
            "nbf" => self.found.not_before = Some(map.next_value::<NumericDate>()?.0),
            // RFC 7519 gives no rule by which a time of issue could make a token invalid.
            "iat" => drop(map.next_value::<NumericDate>()?),
            "sub" | "jti" => drop(map.next_value::<Text<'de>>()?),
            _ => skip(map)?,
        }
        Ok(())
    }
}

struct Issuer<'de>(Option<Cow<'de, str>>);

impl<'de> Members<'de> for Issuer<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "iss" => self.0 = Some(map.next_value::<Text<'de>>()?.0),
            _ => skip(map)?,
        }
        Ok(())
    }
}
