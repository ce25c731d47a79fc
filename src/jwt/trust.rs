use std::fmt;
use std::sync::Arc;

use super::algorithm::Algorithm;
use super::key_source::KeySource;
use super::payload::Expected;
use super::refusal::TokenError;
use super::token::Types;

/// An issuer, its keys, and what its tokens must say.
pub(super) struct Trust {
    /// `None` where it is waived.
    pub(super) issuer: Option<Arc<str>>,
    /// Empty where it is waived.
    pub(super) audiences: Vec<String>,
    pub(super) types: Types,
    /// `None`: those of the keys.
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) keys: KeySource,
}

impl Trust {
    pub(super) fn expected(&self) -> Expected<'_> {
        Expected {
            issuer: self.issuer.as_ref(),
            audiences: &self.audiences,
        }
    }

    /// Whether tokens may have this `typ` and this algorithm.
    pub(super) fn check(&self, typ: Option<&str>, algorithm: Algorithm) -> Result<(), TokenError> {
        if !self.types.allow(typ) {
            return Err(TokenError::Type);
        }
        match &self.algorithms {
            Some(own) if !own.contains(&algorithm) => Err(TokenError::Algorithm),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Trust");
        debug
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("types", &self.types)
            .field("algorithms", &self.algorithms);
        match &self.keys {
            KeySource::Own(keys) => debug.field("keys", &keys.own.len()),
            KeySource::Fetched(jwks) => debug.field("keys", jwks),
        };
        debug.finish()
    }
}
