use std::ops::Deref;
use std::sync::Arc;

use http::Extensions;

use crate::identity::{Identity, TokenSource};

/// The claims of the token that was verified for a request, as its [`Identity`] bears them. Cloning costs one reference count.
#[derive(Debug)]
pub struct Verified<C> {
    claims: Arc<C>,
    source: TokenSource,
}

impl<C: Send + Sync + 'static> Verified<C> {
    /// The claims of a request, from its extensions; `None` without a token, or where its claims are of another type.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use portcullis::Identity;
    /// use portcullis::identity::TokenSource;
    /// use portcullis::jwt::Verified;
    ///
    /// struct Account { tenant: u32 }
    ///
    /// // As `jwt` leaves it.
    /// let identity = Identity::user("42").with_claims(Arc::new(Account { tenant: 7 })).with_source(TokenSource::Bearer);
    /// let mut request = http::Request::new(());
    /// request.extensions_mut().insert(identity);
    /// assert_eq!(Verified::<Account>::of(request.extensions()).map(|account| account.tenant), Some(7));
    /// ```
    pub fn of(request: &Extensions) -> Option<Self> {
        let identity = request.get::<Identity>()?;
        Some(Self {
            claims: identity.shared_claims()?,
            source: identity.source()?,
        })
    }
}

impl<C> Verified<C> {
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
