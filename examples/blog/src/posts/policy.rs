//! Who may change a post.

use axum::{Extension, RequestPartsExt};
use http::request::Parts;
use portcullis::Identity;
use portcullis::authorize::Policy;
use portcullis::axum::Path;
use uuid::Uuid;

use super::handlers::find;
use crate::error;
use crate::extract::Caller;
use crate::state::AppState;

/// Its author and admins, where they may write at all. The database is asked for the rest alone.
pub(super) fn changers() -> Policy {
    Policy::permission("posts:write") & (Policy::role("admin") | Policy::ask("author", is_author))
}

/// A draft of someone else does not exist for the caller: `404`.
async fn is_author(identity: Identity, mut parts: Parts) -> portcullis::Result<bool> {
    let Path(id) = parts.extract::<Path<Uuid>>().await?;
    let Extension(state) = parts.extract::<Extension<AppState>>().await?;
    let caller = Caller::from(identity);
    let (_, author) = find(state.db().primary(), &caller, id).await?;
    if caller.user() == Some(author.public_id) {
        return Ok(true);
    }
    Err(error::forbidden("only the author or an admin may change a post").into())
}
