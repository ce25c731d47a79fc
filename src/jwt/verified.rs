use std::ops::Deref;
use std::sync::Arc;

use super::source::TokenSource;

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
