//! The form of a token (RFC 7515 section 7.1) and its header, before any key is touched.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::MapAccess;

use super::algorithm::Algorithm;
use super::json::{Anything, Member, Members, Text, read_object, skip};
use super::refusal::TokenError;

/// What the payload of most tokens decodes to fits in this. Above it the memory is the heap's.
const SHORT: usize = 768;

/// The three segments. Which characters they have is found out where they are decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) header: &'t str,
    payload: &'t str,
    pub(super) signature: &'t str,
    /// Header and payload, as they were signed.
    pub(super) signed: &'t str,
}

impl<'t> Token<'t> {
    pub(super) fn split(token: &'t str) -> Result<Self, TokenError> {
        let (header, rest) = token.split_once('.').ok_or(TokenError::Form)?;
        let (payload, signature) = rest.split_once('.').ok_or(TokenError::Form)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() || signature.contains('.') {
            return Err(TokenError::Form);
        }
        let signed = token.get(..=header.len() + payload.len()).ok_or(TokenError::Form)?;
        Ok(Self {
            header,
            payload,
            signature,
            signed,
        })
    }

    /// The text of the header, for [`Header::read`].
    pub(super) fn header(self, room: &mut Room) -> Result<&str, TokenError> {
        str::from_utf8(room.decode(self.header)?).map_err(|_| TokenError::Header)
    }

    pub(super) fn payload(self, room: &mut Room) -> Result<&str, TokenError> {
        str::from_utf8(room.decode(self.payload)?).map_err(|_| TokenError::Claims)
    }

    /// Whether the signature could be one of anybody's.
    pub(super) fn check_signature(self, room: &mut Room) -> Result<(), TokenError> {
        room.decode(self.signature).map(drop)
    }
}

/// Where a segment is decoded.
pub(super) struct Room {
    short: [u8; SHORT],
    long: Vec<u8>,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self {
            short: [0; SHORT],
            long: Vec::new(),
        }
    }

    /// Padding and bits that no byte needs are refused: they would make several tokens of one (RFC 7515 section 2).
    fn decode(&mut self, segment: &str) -> Result<&[u8], TokenError> {
        // Of four characters never come more than three bytes.
        let most = segment.len().div_ceil(4) * 3;
        let room = if let Some(room) = self.short.get_mut(..most) {
            room
        } else {
            self.long.resize(most, 0);
            &mut self.long
        };
        let length = URL_SAFE_NO_PAD
            .decode_slice(segment, room)
            .map_err(|_| TokenError::Form)?;
        room.get(..length).ok_or(TokenError::Form)
    }
}

/// What of the header matters. A `jwk`, `jku`, `x5u` or `x5c` does not: whoever forges a token could bring a key along.
pub(super) struct Header<'h> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Cow<'h, str>>,
    pub(super) typ: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    pub(super) fn read(json: &'h str) -> Result<Self, TokenError> {
        let mut found = Found::default();
        read_object(json, &mut found).map_err(|_| TokenError::Header)?;
        if found.critical {
            return Err(TokenError::Critical);
        }
        let algorithm = found.alg.ok_or(TokenError::Header)?;
        Ok(Self {
            algorithm: Algorithm::from_name(&algorithm).ok_or(TokenError::Algorithm)?,
            kid: found.kid,
            typ: found.typ,
        })
    }
}

#[derive(Default)]
struct Found<'h> {
    alg: Option<Cow<'h, str>>,
    kid: Option<Cow<'h, str>>,
    typ: Option<Cow<'h, str>>,
    critical: bool,
}

impl<'h> Members<'h> for Found<'h> {
    fn member<A: MapAccess<'h>>(&mut self, name: &str, map: &mut A) -> Result<Member, A::Error> {
        let number = match name {
            "alg" => {
                self.alg = Some(map.next_value::<Text<'h>>()?.0);
                0
            }
            "kid" => {
                self.kid = Some(map.next_value::<Text<'h>>()?.0);
                1
            }
            "typ" => {
                self.typ = Some(map.next_value::<Text<'h>>()?.0);
                2
            }
            "crit" => {
                map.next_value::<Anything>()?;
                self.critical = true;
                3
            }
            // RFC 7797 section 7: what is not encoded is no token, whether or not `crit` says so.
            "b64" => {
                self.critical |= !map.next_value::<bool>()?;
                4
            }
            _ => return skip(map),
        };
        Ok(Member::Known(number))
    }
}

/// Which `typ` a token may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Types {
    /// Those of an access token, or none.
    AnyAccessToken,
    /// This one and no other.
    Only(String),
}

impl Types {
    pub(super) fn allow(&self, typ: Option<&str>) -> bool {
        match (self, typ.map(media_type)) {
            (Self::AnyAccessToken, None) => true,
            (Self::AnyAccessToken, Some(typ)) => ["JWT", "at+jwt"].iter().any(|own| own.eq_ignore_ascii_case(typ)),
            (Self::Only(own), Some(typ)) => own.eq_ignore_ascii_case(typ),
            (Self::Only(_), None) => false,
        }
    }
}

/// Media types are compared without case, and `application/` may be left out (RFC 7515 section 4.1.9).
pub(super) fn media_type(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((tree, rest)) if tree.eq_ignore_ascii_case("application/") && !rest.contains('/') => rest,
        _ => typ,
    }
}
