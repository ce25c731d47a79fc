use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::json::{Members, NumericDate, Object, read_object};
use super::json_value::keep;
use super::payload::{Expected, Registered};
use super::source::TokenSource;
use crate::identity::{self, Identity};

/// The claims of a token that was verified for this request, in its extensions. Cloning costs one reference count.
#[derive(Debug)]
pub struct Verified<C> {
    claims: Arc<C>,
    source: TokenSource,
}

impl<C> Verified<C> {
    pub(super) fn new(claims: Arc<C>, source: TokenSource) -> Self {
        Self { claims, source }
    }

    /// Where the token was found. A function, not a method, so that it hides none of the claims' own.
    pub fn source(this: &Self) -> TokenSource {
        this.source
    }

    /// The shared claims, for those who keep them beyond the request.
    pub fn into_inner(this: Self) -> Arc<C> {
        this.claims
    }
}

impl<C> Clone for Verified<C> {
    fn clone(&self) -> Self {
        Self {
            claims: Arc::clone(&self.claims),
            source: self.source,
        }
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.claims
    }
}

/// The claims that this crate knows by name (RFC 7519 section 4.1, RFC 9068 section 2.2), and the rest as JSON.
///
/// ```
/// use portcullis::jwt::Claims;
///
/// let claims: Claims = serde_json::from_str(r#"{"sub":"42","aud":"blog","scope":"read write","tenant":7}"#).unwrap();
/// assert_eq!(claims.aud, ["blog"]);
/// assert_eq!(claims.scope, ["read", "write"]);
/// assert_eq!(claims.rest["tenant"], 7);
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// Who the caller is, in a text that stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Who issued the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom the token is for; a single text counts as a list of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// When it expires, in whole seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// When it was issued, in whole seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// When it becomes valid, in whole seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// The token's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The id of the session that it was issued in (OpenID Connect Front-Channel Logout section 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The caller's roles; a single text counts as a list of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The caller's permissions; a single text counts as a list of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// What the token was granted: `scope`, a text with spaces between (RFC 8693 section 4.2), and `scp`, a text or an array.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "joined")]
    pub scope: Vec<String>,
    /// All other claims.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Claims {
    /// Subject, roles, permissions, scopes and what the token says of itself; `None` where the subject is missing or empty.
    pub(super) fn identity(&self) -> Option<Identity> {
        let subject = self.sub.as_deref().filter(|subject| !subject.is_empty())?;
        Some(
            Identity::user(subject)
                .with_roles(self.roles.iter().map(String::as_str))
                .with_permissions(self.permissions.iter().map(String::as_str))
                .with_scopes(self.scope.iter().map(String::as_str))
                .with_token(self.token()),
        )
    }

    fn token(&self) -> identity::Token {
        let mut token = identity::Token::new();
        if let Some(id) = &self.jti {
            token = token.with_id(id.as_str());
        }
        if let Some(session) = &self.sid {
            token = token.with_session(session.as_str());
        }
        if let Some(issued) = self.iat {
            token = token.with_issued_at(issued);
        }
        match self.exp {
            Some(expires) => token.with_expires_at(expires),
            None => token,
        }
    }

    /// In one pass, as strictly as any payload.
    pub(super) fn read(payload: &[u8], expected: Expected<'_>) -> Result<(Self, Registered), serde_json::Error> {
        let mut reading = Reading::new(expected);
        read_object(payload, &mut reading)?;
        Ok((reading.claims, reading.found))
    }
}

/// What a token says of itself, where the claims are of the app's own type.
pub(super) fn token_of(payload: &[u8]) -> Result<identity::Token, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Own {
        jti: Option<String>,
        sid: Option<String>,
        iat: Option<NumericDate>,
        exp: Option<NumericDate>,
    }

    let own: Own = serde_json::from_slice(payload)?;
    let claims = Claims {
        jti: own.jti,
        sid: own.sid,
        iat: own.iat.map(|date| date.0.as_secs()),
        exp: own.exp.map(|date| date.0.as_secs()),
        ..Claims::default()
    };
    Ok(claims.token())
}

fn joined<S: Serializer>(scope: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    scope.join(" ").serialize(serializer)
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Written out: `flatten` would first copy every claim into a tree.
        let mut reading = Reading::new(Expected::default());
        deserializer.deserialize_map(Object(&mut reading))?;
        Ok(reading.claims)
    }
}

struct Reading<'e> {
    expected: Expected<'e>,
    found: Registered,
    claims: Claims,
}

impl<'e> Reading<'e> {
    fn new(expected: Expected<'e>) -> Self {
        Self {
            expected,
            found: Registered::default(),
            claims: Claims::default(),
        }
    }
}

impl<'de> Members<'de> for Reading<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let claims = &mut self.claims;
        match name {
            "sub" => claims.sub = Some(map.next_value()?),
            "iss" => {
                let issuer: String = map.next_value()?;
                self.found.ours = Some(&*issuer) == self.expected.issuer;
                claims.iss = Some(issuer);
            }
            "aud" => {
                claims.aud = map.next_value::<Texts>()?.0;
                self.found.for_us = claims.aud.iter().any(|aud| self.expected.audiences.contains(aud));
            }
            "exp" => {
                let date = map.next_value::<NumericDate>()?.0;
                (self.found.expires, claims.exp) = (Some(date), Some(date.as_secs()));
            }
            "nbf" => {
                let date = map.next_value::<NumericDate>()?.0;
                (self.found.not_before, claims.nbf) = (Some(date), Some(date.as_secs()));
            }
            // RFC 7519 gives no rule by which a time of issue could make a token invalid.
            "iat" => claims.iat = Some(map.next_value::<NumericDate>()?.0.as_secs()),
            "jti" => claims.jti = Some(map.next_value()?),
            "sid" => claims.sid = Some(map.next_value()?),
            "roles" => claims.roles = map.next_value::<Texts>()?.0,
            "permissions" => claims.permissions = map.next_value::<Texts>()?.0,
            "scope" | "scp" => {
                let granted = map.next_value::<Texts>()?.0;
                let words = granted.iter().flat_map(|text| text.split(' '));
                let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
                claims.scope.extend(words);
            }
            _ => {
                let value = keep(map)?;
                claims.rest.insert(name.to_owned(), value);
            }
        }
        Ok(())
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
