//! Users as the API takes and shows them. The model itself is never serialised: it holds the password's hash.

use blog_entity::{profile, user};
use chrono::{DateTime, Utc};
use portcullis::fields::{Fields, View};
use portcullis::{ConfigError, Identity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::profile::ProfileView;
use super::store::Change;
use crate::posts::item::ItemView;
use crate::validation::Faults;

/// What a user may be.
pub(crate) const ROLES: [&str; 3] = ["admin", "editor", "reader"];

/// A user, with all that anybody may see of one; [`fields`] says who sees what, and who sets it.
#[derive(Serialize)]
pub(crate) struct UserView {
    id: Uuid,
    name: String,
    role: String,
    email: String,
    active: bool,
    version: i64,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileView>,
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

/// The email and the birthday are for the user and for admins; the role is for admins to set.
pub(crate) fn fields() -> Result<Fields<UserView>, ConfigError> {
    let own = |caller: &Identity, user: &UserView| {
        let own = caller.subject().and_then(|subject| subject.parse().ok()) == Some(user.id);
        own || caller.has_role("admin")
    };
    Fields::deny_unlisted()
        .readable(["id", "name", "role", "created_at", "profile"])
        .readable_if(["email", "active", "version", "profile.birthday"], own)
        .writable_if(["name", "version"], own)
        .writable_if(["role", "active"], |caller, _| caller.has_role("admin"))
        .build()
}

impl UserView {
    pub(crate) fn with_profile(self, profile: Option<profile::Model>) -> Self {
        Self {
            profile: profile.map(ProfileView::from),
            ..self
        }
    }
}

impl From<user::Model> for UserView {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.public_id,
            name: user.name,
            role: user.role,
            email: user.email,
            active: user.active,
            version: user.version,
            created_at: user.created_at.and_utc(),
            profile: None,
        }
    }
}

/// Some members of a user, to change them alone.
#[derive(Deserialize)]
pub(crate) struct UserPatch {
    name: Option<String>,
    role: Option<String>,
    active: Option<bool>,
    pub(crate) version: Option<i64>,
}

impl UserPatch {
    /// The change, or every fault of it.
    pub(crate) fn change(&self) -> portcullis::Result<Change> {
        let mut faults = Faults::default();
        let change = Change {
            name: self.name.as_deref().map(|name| faults.line("name", Some(name), 1, 80)),
            role: self.role.as_deref().map(|role| faults.one_of("role", role, &ROLES)),
            active: self.active,
        };
        faults.finish()?;
        Ok(change)
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
