use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::caller::{Caller, Describe};
use super::source::TokenSource;
use super::token::Token;

/// A verified caller, or the verified absence of one. Cloning costs one reference count.
#[derive(Clone)]
pub struct Identity {
    known: Option<Known>,
    /// Where they are not what describes the caller.
    claims: Option<Arc<dyn Any + Send + Sync>>,
    source: Option<TokenSource>,
}

#[derive(Clone)]
enum Known {
    Own(Arc<Caller>),
    /// Verified claims say all this themselves, and are not copied for it.
    Shared(Arc<dyn Describe>),
}

impl Identity {
    /// An identity layer ran and the caller presented no credentials.
    pub const fn anonymous() -> Self {
        Self {
            known: None,
            claims: None,
            source: None,
        }
    }

    /// A caller whose identity is verified, named by a stable id such as a token's `sub`.
    pub fn user(subject: impl Into<Arc<str>>) -> Self {
        Self::known(Known::Own(Arc::new(Caller {
            subject: subject.into(),
            roles: Vec::new(),
            permissions: Vec::new(),
            scopes: Vec::new(),
            token: None,
        })))
    }

    /// A caller whom something describes that is shared with others anyway.
    pub(crate) fn described(by: Arc<dyn Describe>) -> Self {
        Self::known(Known::Shared(by))
    }

    fn known(known: Known) -> Self {
        Self {
            known: Some(known),
            ..Self::anonymous()
        }
    }

    /// Adds roles, such as `admin`. An anonymous identity stays as it is.
    #[must_use]
    pub fn with_roles<I: IntoIterator<Item: Into<String>>>(self, roles: I) -> Self {
        self.extend(|known| known.roles.extend(roles.into_iter().map(Into::into)))
    }

    /// Adds permissions, such as `posts:write`. An anonymous identity stays as it is.
    #[must_use]
    pub fn with_permissions<I: IntoIterator<Item: Into<String>>>(self, permissions: I) -> Self {
        self.extend(|known| known.permissions.extend(permissions.into_iter().map(Into::into)))
    }

    /// Adds OAuth scopes (RFC 6749 section 3.3). An anonymous identity stays as it is.
    #[must_use]
    pub fn with_scopes<I: IntoIterator<Item: Into<String>>>(self, scopes: I) -> Self {
        self.extend(|known| known.scopes.extend(scopes.into_iter().map(Into::into)))
    }

    /// Adds the token by which the caller was verified. An anonymous identity stays as it is.
    #[must_use]
    pub fn with_token(self, token: Token) -> Self {
        self.extend(|known| known.token = Some(token))
    }

    /// Adds the claims that were verified, for [`claims`](Self::claims). They replace those of another type.
    #[must_use]
    pub fn with_claims<C: Send + Sync + 'static>(mut self, claims: Arc<C>) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Says where the token stood, for [`source`](Self::source).
    #[must_use]
    pub fn with_source(mut self, source: TokenSource) -> Self {
        self.source = Some(source);
        self
    }

    /// The claims that were verified, where they are of this type: after `jwt`, [`Claims`](crate::jwt::Claims) or those of the app.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use portcullis::Identity;
    ///
    /// struct Plan(&'static str);
    ///
    /// // A layer of yours, in place of `jwt`.
    /// let identity = Identity::user("42").with_claims(Arc::new(Plan("pro")));
    /// assert_eq!(identity.claims().map(|Plan(name)| *name), Some("pro"));
    /// assert!(identity.claims::<String>().is_none());
    /// ```
    pub fn claims<C: 'static>(&self) -> Option<&C> {
        match &self.claims {
            Some(claims) => claims.downcast_ref(),
            None => self.describe()?.claims()?.downcast_ref(),
        }
    }

    /// The same, for those who keep them beyond the request.
    pub fn shared_claims<C: Send + Sync + 'static>(&self) -> Option<Arc<C>> {
        let claims = match (&self.claims, &self.known) {
            (Some(claims), _) => Arc::clone(claims),
            (None, Some(Known::Shared(other))) => Arc::clone(other).shared_claims()?,
            _ => return None,
        };
        claims.downcast().ok()
    }

    /// Where the token stood; `None` without one. [`Verified::source`](crate::jwt::Verified::source) says the same.
    pub fn source(&self) -> Option<TokenSource> {
        self.source
    }

    /// The token by which the caller was verified; `None` when anonymous, or verified by other means.
    pub fn token(&self) -> Option<&Token> {
        self.describe()?.token()
    }

    /// The caller's stable id; `None` when anonymous.
    pub fn subject(&self) -> Option<&str> {
        self.describe().map(Describe::subject)
    }

    /// The subject as a shared string, for those who keep it beyond the request.
    pub fn shared_subject(&self) -> Option<Arc<str>> {
        self.describe().map(Describe::shared_subject)
    }

    /// Whether no credentials were presented.
    pub fn is_anonymous(&self) -> bool {
        self.known.is_none()
    }

    /// The caller's roles; empty when anonymous.
    pub fn roles(&self) -> &[String] {
        self.describe().map_or(&[], Describe::roles)
    }

    /// The caller's permissions; empty when anonymous.
    pub fn permissions(&self) -> &[String] {
        self.describe().map_or(&[], Describe::permissions)
    }

    /// The scopes granted to the caller's token; empty when anonymous.
    pub fn scopes(&self) -> &[String] {
        self.describe().map_or(&[], Describe::scopes)
    }

    /// Whether the caller has this role, compared byte for byte.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().iter().any(|own| own == role)
    }

    /// Whether the caller has this permission, compared byte for byte.
    pub fn has_permission(&self, permission: &str) -> bool {
        self.permissions().iter().any(|own| own == permission)
    }

    /// Whether the caller's token was granted this scope, compared byte for byte.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().iter().any(|own| own == scope)
    }

    fn describe(&self) -> Option<&dyn Describe> {
        Some(match self.known.as_ref()? {
            Known::Own(caller) => &**caller,
            Known::Shared(other) => &**other,
        })
    }

    fn extend(mut self, change: impl FnOnce(&mut Caller)) -> Self {
        match &mut self.known {
            None => {}
            Some(Known::Own(caller)) => change(Arc::make_mut(caller)),
            Some(Known::Shared(other)) => {
                let mut caller = Caller {
                    subject: other.shared_subject(),
                    roles: other.roles().to_vec(),
                    permissions: other.permissions().to_vec(),
                    scopes: other.scopes().to_vec(),
                    token: other.token().cloned(),
                };
                change(&mut caller);
                self.claims = self.claims.or(Arc::clone(other).shared_claims());
                self.known = Some(Known::Own(Arc::new(caller)));
            }
        }
        self
    }
}

/// Whoever describes it, the same is the same.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.subject() == other.subject()
            && self.roles() == other.roles()
            && self.permissions() == other.permissions()
            && self.scopes() == other.scopes()
            && self.token() == other.token()
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject())
            .field("roles", &self.roles())
            .field("permissions", &self.permissions())
            .field("scopes", &self.scopes())
            .field("token", &self.token())
            .finish()
    }
}
