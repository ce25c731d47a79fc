//! Users as the API shows them. The model itself is never serialised: it holds the password's hash.

use blog_entity::user;
use chrono::{DateTime, Utc};
use portcullis::ConfigError;
use portcullis::fields::{Fields, View};
use serde::Serialize;
use uuid::Uuid;

use crate::posts::dto::ItemView;

/// A user, with all that anybody may see of one; [`fields`] says who sees what.
#[derive(Serialize)]
pub(crate) struct UserView {
    id: Uuid,
    name: String,
    role: String,
    email: String,
    created_at: DateTime<Utc>,
}

/// A user with what was asked for beside.
#[derive(Serialize)]
pub(crate) struct UserItem {
    #[serde(flatten)]
    user: View<UserView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posts: Option<Vec<ItemView>>,
}

impl UserItem {
    pub(crate) fn new(user: View<UserView>, posts: Option<Vec<ItemView>>) -> Self {
        Self { user, posts }
    }
}

/// The email is for the user and for admins.
pub(crate) fn fields() -> Result<Fields<UserView>, ConfigError> {
    Fields::deny_unlisted()
        .readable(["id", "name", "role", "created_at"])
        .readable_if(["email"], |caller, user: &UserView| {
            let own = caller.subject().and_then(|subject| subject.parse().ok()) == Some(user.id);
            own || caller.has_role("admin")
        })
        .build()
}

impl From<user::Model> for UserView {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.public_id,
            name: user.name,
            role: user.role,
            email: user.email,
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

impl From<user::Model> for AuthorView {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.public_id,
            name: user.name,
        }
    }
}
