use std::sync::Arc;

/// What a verified token says of itself, for those who may have to stop it before it expires.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    id: Option<Arc<str>>,
    session: Option<Arc<str>>,
    issued_at: Option<u64>,
    expires_at: Option<u64>,
}

impl Token {
    /// A token that says nothing of itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token's own id, `jti` (RFC 7519 section 4.1.7).
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The id of the session that it was issued in, `sid` (OpenID Connect Front-Channel Logout section 3).
    #[must_use]
    pub fn with_session(mut self, id: impl Into<Arc<str>>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// When it was issued, `iat`, in seconds of Unix time.
    #[must_use]
    pub fn with_issued_at(mut self, seconds: u64) -> Self {
        self.issued_at = Some(seconds);
        self
    }

    /// When it expires, `exp`, in seconds of Unix time.
    #[must_use]
    pub fn with_expires_at(mut self, seconds: u64) -> Self {
        self.expires_at = Some(seconds);
        self
    }

    /// The token's own id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The id of its session.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// When it was issued, in seconds of Unix time.
    pub fn issued_at(&self) -> Option<u64> {
        self.issued_at
    }

    /// When it expires, in seconds of Unix time.
    pub fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }
}
