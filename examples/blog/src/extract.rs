//! The caller, as the gate verified it.

use axum::extract::FromRequestParts;
use http::request::Parts;
use portcullis::{Error, Identity};
use uuid::Uuid;

use crate::error;

/// Who asks: anonymous, or a user by public id.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Identity);

impl Caller {
    /// The public id of the signed-in user.
    pub(crate) fn user(&self) -> Option<Uuid> {
        self.0.subject()?.parse().ok()
    }

    /// The session that the caller's token was issued in.
    pub(crate) fn session(&self) -> Option<&str> {
        self.0.token()?.session()
    }

    /// Whether the caller may do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.0.has_role("admin")
    }

    /// Whether the caller is this user, or an admin.
    pub(crate) fn may_act_for(&self, owner: Uuid) -> bool {
        self.is_admin() || self.user() == Some(owner)
    }
}

impl From<Identity> for Caller {
    fn from(identity: Identity) -> Self {
        Self(identity)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = <Identity as FromRequestParts<S>>::Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Identity::from_request_parts(parts, state).await.map(Self)
    }
}

/// A signed-in caller; anyone else is told `401` before the handler runs.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) id: Uuid,
    pub(crate) caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = caller.user().ok_or_else(|| error::unauthorized("sign in first"))?;
        Ok(Self { id, caller })
    }
}
