//! Reads [`Claims`] in one pass, as strictly as any payload.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::claims::Claims;
use super::json::{Member, Members, NumericDate, Object, Text, keep, read_object};
use super::payload::{Expected, Found, Reader, Registered};
use crate::identity::Token;

impl Reader<Claims> {
    pub(super) const CLAIMS: Self = Self {
        read: Claims::read,
        token: |claims| Some(&claims.token),
    };
}

impl Claims {
    fn read(payload: &str, expected: Expected<'_>) -> Result<Found<Self>, serde_json::Error> {
        // Filled where it stays: the claims are large.
        let mut shared = Arc::<Claims>::default();
        let mut reading = Reading::new(expected, Arc::make_mut(&mut shared));
        read_object(payload, &mut reading)?;
        reading.finish();
        Ok(Found {
            registered: reading.found,
            claims: shared,
            token: None,
        })
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Written out: `flatten` would first copy every claim into a tree.
        let mut claims = Self::default();
        let mut reading = Reading::new(Expected::default(), &mut claims);
        deserializer.deserialize_map(Object(&mut reading))?;
        reading.finish();
        Ok(claims)
    }
}

struct Reading<'e> {
    expected: Expected<'e>,
    found: Registered,
    claims: &'e mut Claims,
}

impl<'e> Reading<'e> {
    fn new(expected: Expected<'e>, claims: &'e mut Claims) -> Self {
        Self {
            expected,
            found: Registered::default(),
            claims,
        }
    }

    fn finish(&mut self) {
        let claims = &mut *self.claims;
        let mut token = Token::new();
        if let Some(id) = &claims.jti {
            token = token.with_id(Arc::clone(id));
        }
        if let Some(session) = &claims.sid {
            token = token.with_session(Arc::clone(session));
        }
        if let Some(issued) = claims.iat {
            token = token.with_issued_at(issued);
        }
        if let Some(expires) = claims.exp {
            token = token.with_expires_at(expires);
        }
        claims.token = token;
    }
}

/// A text of its own, of which the identity has a share.
fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Arc<str>>, A::Error> {
    let text = map.next_value::<Text<'de>>()?.0;
    Ok(Some(Arc::from(&*text)))
}

impl<'de> Members<'de> for Reading<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error> {
        let claims = &mut *self.claims;
        let number = match name {
            "sub" => {
                claims.sub = text(map)?;
                0
            }
            "iss" => {
                let issuer = map.next_value::<Text<'de>>()?.0;
                let ours = self.expected.issuer.filter(|own| ***own == *issuer);
                self.found.ours = ours.is_some();
                claims.iss = Some(ours.map_or_else(|| Arc::from(&*issuer), Arc::clone));
                1
            }
            "aud" => {
                claims.aud = map.next_value::<Texts>()?.0;
                self.found.for_us = claims.aud.iter().any(|aud| self.expected.audiences.contains(aud));
                2
            }
            "exp" => {
                let date = map.next_value::<NumericDate>()?.0;
                (self.found.expires, claims.exp) = (Some(date), Some(date.as_secs()));
                3
            }
            "nbf" => {
                let date = map.next_value::<NumericDate>()?.0;
                (self.found.not_before, claims.nbf) = (Some(date), Some(date.as_secs()));
                4
            }
            // RFC 7519 gives no rule by which a time of issue could make a token invalid.
            "iat" => {
                claims.iat = Some(map.next_value::<NumericDate>()?.0.as_secs());
                5
            }
            "jti" => {
                claims.jti = text(map)?;
                6
            }
            "sid" => {
                claims.sid = text(map)?;
                7
            }
            "roles" => {
                claims.roles = map.next_value::<Texts>()?.0;
                8
            }
            "permissions" => {
                claims.permissions = map.next_value::<Texts>()?.0;
                9
            }
            "scope" | "scp" => {
                let granted = map.next_value::<Texts>()?.0;
                let words = granted.iter().flat_map(|text| text.split(' '));
                let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
                claims.scope.extend(words);
                // Each may occur once.
                if name == "scope" { 10 } else { 11 }
            }
            _ => {
                let value = keep(map)?;
                claims.rest.insert(name.to_owned(), value);
                return Ok(Member::Other);
            }
        };
        Ok(Member::Known(number))
    }
}

/// A text, or an array of texts.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
