use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::backend;
use super::error::IssueError;
use super::issuer::Inner;
use super::json::NumericDate;
use crate::identity::is_scope;
use crate::{random, uuid};

/// What the issuer sets itself, so that no caller can contradict it, and `nbf`, which no token of it has.
const RESERVED: &[&str] = &["iss", "sub", "aud", "iat", "nbf", "exp", "jti"];

/// A token that is being written; [`sign`](Self::sign) ends it.
#[derive(Clone)]
#[must_use = "call `sign`"]
pub struct TokenDraft<'i> {
    issuer: &'i Inner,
    subject: String,
    members: Map<String, Value>,
    fault: Option<IssueError>,
}

impl<'i> TokenDraft<'i> {
    pub(super) fn new(issuer: &'i Inner, subject: String) -> Self {
        Self {
            issuer,
            fault: subject.is_empty().then_some(IssueError::EmptySubject),
            subject,
            members: Map::new(),
        }
    }
}

impl fmt::Debug for TokenDraft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenDraft")
            .field("subject", &self.subject)
            .field("members", &self.members)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl TokenDraft<'_> {
    /// The caller's `roles`. A later call replaces an earlier one, as for every claim.
    pub fn roles<I: IntoIterator<Item: Into<String>>>(self, roles: I) -> Self {
        self.claim("roles", roles.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// The caller's `permissions`.
    pub fn permissions<I: IntoIterator<Item: Into<String>>>(self, permissions: I) -> Self {
        self.claim(
            "permissions",
            permissions.into_iter().map(Into::into).collect::<Vec<String>>(),
        )
    }

    /// What the token is granted: `scope`, a text with spaces between (RFC 8693 section 4.2). A scope has no spaces itself.
    pub fn scopes<I: IntoIterator<Item: Into<String>>>(mut self, scopes: I) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        // A space would make two scopes of one, of which nobody has granted the second.
        if let Some(text) = scopes.iter().find(|text| !is_scope(text)) {
            self.fault.get_or_insert(IssueError::NotAScope(text.clone()));
            return self;
        }
        self.claim("scope", scopes.join(" "))
    }

    /// The id of the session that the token is issued in: `sid`. It comes back as that of [`Identity::token`].
    ///
    /// [`Identity::token`]: crate::Identity::token
    pub fn session(self, id: impl Into<String>) -> Self {
        self.claim("sid", id.into())
    }

    /// A claim of your own. Those that the issuer sets are reserved, and so is `nbf`: its tokens are valid at once.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        if RESERVED.contains(&name.as_str()) {
            self.fault.get_or_insert(IssueError::Reserved(name));
            return self;
        }
        match serde_json::to_value(value) {
            Ok(value) => {
                self.members.insert(name, value);
            }
            Err(_) => {
                self.fault.get_or_insert(IssueError::NotJson(Some(name)));
            }
        }
        self
    }

    /// All claims of a type of your own, which must serialise to a JSON object.
    pub fn claims(mut self, claims: &impl Serialize) -> Self {
        let Ok(Value::Object(members)) = serde_json::to_value(claims) else {
            self.fault.get_or_insert(IssueError::NotJson(None));
            return self;
        };
        members
            .into_iter()
            .fold(self, |draft, (name, value)| draft.claim(name, value))
    }

    /// Signs the token, with `iss`, `aud`, `sub`, `iat`, `exp` and a random `jti`.
    ///
    /// # Errors
    /// The first thing that was wrong with the draft; a clock outside 1970 to 9999; an operating system without randomness; a backend that
    /// cannot sign.
    pub fn sign(self) -> Result<String, IssueError> {
        self.sign_at(SystemTime::now())
    }

    /// Signs the token as of another time than now, for tests.
    pub fn sign_at(mut self, now: SystemTime) -> Result<String, IssueError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let issuer = self.issuer;
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| IssueError::Clock)?;
        let expiry = now
            .checked_add(issuer.lifetime)
            .and_then(NumericDate::new)
            .ok_or(IssueError::Clock)?;
        // A secret, not ordered by time: an id that can be guessed could be revoked by others.
        let id = random::secret().map_err(|_| IssueError::Randomness)?;
        let id = String::from_utf8_lossy(&uuid::v4(u128::from_be_bytes(id))).into_owned();
        let own = [
            ("iss", issuer.issuer.clone().into()),
            ("aud", issuer.audience.clone()),
            ("sub", self.subject.into()),
            ("iat", now.as_secs().into()),
            ("exp", expiry.0.as_secs().into()),
            ("jti", id.into()),
        ];
        self.members
            .extend(own.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
        let mut token = issuer.header.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(Value::Object(self.members).to_string(), &mut token);
        let material = &issuer.material;
        let signature =
            backend::sign(token.as_bytes(), &material.key, material.algorithm).ok_or(IssueError::Signature)?;
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}
