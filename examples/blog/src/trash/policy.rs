//! Who may bring something back.

use blog_entity::Actor;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::audit;
use crate::error;
use crate::extract::SignedIn;

/// `403` for an author whose record somebody else has deleted, as the trail tells it: what an admin does is not for its author to
/// undo. What the trail does not know is an admin's, too.
///
/// The trail is asked, and not the role of whoever it was: the word of an admin holds when they are one no longer.
pub(crate) async fn may_restore(db: &impl ConnectionTrait, who: &SignedIn, record: Uuid) -> portcullis::Result<()> {
    if who.caller.is_admin() {
        return Ok(());
    }
    let deleted_by = audit::store::deleted_by(db, record).await?;
    if deleted_by == Some(Actor::User(who.id).to_string()) {
        return Ok(());
    }
    Err(error::forbidden("only an admin may restore what another has deleted").into())
}
