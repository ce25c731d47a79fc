//! Tokens of one hour, and the layer that knows them again.

use std::time::Duration;

use portcullis::ConfigError;
use portcullis::jwt::{Algorithm, IssueError, Issuer, JwtLayer, SigningKey};
use portcullis::session::SessionId;
use uuid::Uuid;

use super::roles;
use crate::config::Secret;

/// How long a token is good for.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

/// How long a session lasts, however often it is refreshed.
pub(crate) const SESSION_DAYS: u32 = 30;

const ISSUER: &str = "https://blog.portcullis.example";
const AUDIENCE: &str = "blog";

/// Issues tokens. Cloning costs a few reference counts.
#[derive(Clone)]
pub(crate) struct Tokens {
    issuer: Issuer,
    layer: JwtLayer,
}

impl Tokens {
    pub(crate) fn new(secret: &Secret) -> Result<Self, ConfigError> {
        let key = SigningKey::hmac(Algorithm::HS256, secret.expose());
        let layer = JwtLayer::builder()
            .key(key.verifying_key())
            .issuer(ISSUER)
            .audience(AUDIENCE)
            // Most routes are for everyone; those that are not say so themselves.
            .optional()
            .build()?;
        let issuer = Issuer::builder()
            .key(key)
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .lifetime(LIFETIME)
            .build()?;
        Ok(Self { issuer, layer })
    }

    /// A token for this user, that ends with the session.
    pub(crate) fn issue(&self, user: Uuid, role: &str, session: SessionId) -> Result<String, IssueError> {
        let token = self.issuer.token(user.to_string()).roles([role]);
        let token = token.permissions(roles::permissions(role).iter().copied());
        token.claim("sid", session).sign()
    }

    /// Verifies them.
    pub(crate) fn layer(&self) -> &JwtLayer {
        &self.layer
    }
}
