//! Users as the API shows them. The model itself is never serialised: it holds the password's hash.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::model;
use crate::extract::Caller;

/// A user; the email only for the user and for admins.
#[derive(Serialize)]
pub(crate) struct UserView {
    id: Uuid,
    name: String,
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    created_at: DateTime<Utc>,
}

impl UserView {
    /// The user as `caller` may see it.
    pub(crate) fn for_caller(user: model::Model, caller: &Caller) -> Self {
        if caller.may_act_for(user.public_id) {
            Self::own(user)
        } else {
            Self {
                email: None,
                ..Self::own(user)
            }
        }
    }

    /// The user as the user sees it.
    pub(crate) fn own(user: model::Model) -> Self {
        Self {
            id: user.public_id,
            name: user.name,
            role: user.role,
            email: Some(user.email),
            created_at: user.created_at.and_utc(),
        }
    }
}

/// The author of a post or comment, as shown with it.
#[derive(Clone, Serialize)]
pub(crate) struct AuthorView {
    id: Uuid,
    name: String,
}

impl From<model::Model> for AuthorView {
    fn from(user: model::Model) -> Self {
        Self {
            id: user.public_id,
            name: user.name,
        }
    }
}
