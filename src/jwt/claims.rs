use std::any::Any;
use std::sync::Arc;

use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::identity::{Describe, Identity, Token};

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
    pub sub: Option<Arc<str>>,
    /// Who issued the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<Arc<str>>,
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
    pub jti: Option<Arc<str>>,
    /// The id of the session that it was issued in (OpenID Connect Front-Channel Logout section 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Arc<str>>,
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
    /// What of these the token says of itself, for the identity.
    #[serde(skip)]
    pub(super) token: Token,
}

impl Claims {
    /// Subject, roles, permissions, scopes and what the token says of itself; `None` where the subject is missing or empty.
    pub(super) fn identity(shared: &Arc<Self>) -> Option<Identity> {
        let named = shared.sub.as_deref().is_some_and(|subject| !subject.is_empty());
        named.then(|| Identity::described(Arc::clone(shared) as Arc<dyn Describe>))
    }
}

impl Describe for Claims {
    fn claims(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn shared_claims(self: Arc<Self>) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(self)
    }

    fn subject(&self) -> &str {
        self.sub.as_deref().unwrap_or_default()
    }

    fn shared_subject(&self) -> Arc<str> {
        self.sub.clone().unwrap_or_default()
    }

    fn roles(&self) -> &[String] {
        &self.roles
    }

    fn permissions(&self) -> &[String] {
        &self.permissions
    }

    fn scopes(&self) -> &[String] {
        &self.scope
    }

    fn token(&self) -> Option<&Token> {
        Some(&self.token)
    }
}

fn joined<S: Serializer>(scope: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    scope.join(" ").serialize(serializer)
}
