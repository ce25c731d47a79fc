//! The form of a token (RFC 7515 section 7.1) and its header, before any key is touched.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::MapAccess;

use super::algorithm::Algorithm;
use super::alphabet::Alphabet;
use super::json::{Anything, Members, Text, read_object, skip};
use super::refusal::TokenError;

/// RFC 7515 section 2: no line breaks, white space or other characters.
static COMPACT: Alphabet = Alphabet::alphanumeric_and(b"-_.");

/// The three segments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    header: &'t str,
    payload: &'t str,
    pub(super) signature: &'t str,
    /// Header and payload, as they were signed.
    pub(super) signed: &'t str,
}

impl<'t> Token<'t> {
    pub(super) fn split(token: &'t str) -> Result<Self, TokenError> {
        if !COMPACT.hold(token.as_bytes()) {
            return Err(TokenError::Form);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Form)?;
        if payload.contains('.') || header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(TokenError::Form);
        }
        Ok(Self {
            header,
            payload,
            signature,
            signed,
        })
    }

    /// The bytes of the header, for [`Header::read`], in one of these buffers.
    pub(super) fn header<'b>(self, short: &'b mut [u8; 256], long: &'b mut Vec<u8>) -> Result<&'b [u8], TokenError> {
        // Of four characters never come more than three bytes.
        if self.header.len() <= short.len() {
            let length = URL_SAFE_NO_PAD
                .decode_slice(self.header, short)
                .map_err(|_| TokenError::Form)?;
            return short.get(..length).ok_or(TokenError::Form);
        }
        *long = decode(self.header)?;
        Ok(long)
    }

    pub(super) fn payload(self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }
}

/// Padding and bits that no byte needs are refused: they would make several tokens of one.
fn decode(segment: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenError::Form)
}

/// What of the header matters. A `jwk`, `jku`, `x5u` or `x5c` does not: whoever forges a token could bring a key along.
pub(super) struct Header<'h> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<Cow<'h, str>>,
    pub(super) typ: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    pub(super) fn read(json: &'h [u8]) -> Result<Self, TokenError> {
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
    fn member<A: MapAccess<'h>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => self.alg = Some(map.next_value::<Text<'h>>()?.0),
            "kid" => self.kid = Some(map.next_value::<Text<'h>>()?.0),
            "typ" => self.typ = Some(map.next_value::<Text<'h>>()?.0),
            "crit" => {
                map.next_value::<Anything>()?;
                self.critical = true;
            }
            _ => skip(map)?,
        }
        Ok(())
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
