use std::any::Any;
use std::sync::Arc;

use super::token::Token;

/// What is known of a caller, by whatever says it.
pub(crate) trait Describe: Send + Sync {
    /// What describes the caller, where that is a token's claims.
    fn claims(&self) -> Option<&dyn Any>;

    /// The same, shared.
    fn shared_claims(self: Arc<Self>) -> Option<Arc<dyn Any + Send + Sync>>;

    fn subject(&self) -> &str;

    fn shared_subject(&self) -> Arc<str>;

    fn roles(&self) -> &[String];

    fn permissions(&self) -> &[String];

    fn scopes(&self) -> &[String];

    fn token(&self) -> Option<&Token>;
}

/// What is known of a caller, on its own.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) subject: Arc<str>,
    pub(super) roles: Vec<String>,
    pub(super) permissions: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) token: Option<Token>,
}

impl Describe for Caller {
    fn claims(&self) -> Option<&dyn Any> {
        None
    }

    fn shared_claims(self: Arc<Self>) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn subject(&self) -> &str {
        &self.subject
    }

    fn shared_subject(&self) -> Arc<str> {
        Arc::clone(&self.subject)
    }

    fn roles(&self) -> &[String] {
        &self.roles
    }

    fn permissions(&self) -> &[String] {
        &self.permissions
    }

    fn scopes(&self) -> &[String] {
        &self.scopes
    }

    fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }
}
