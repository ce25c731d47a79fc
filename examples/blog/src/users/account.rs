//! Changes of an account that concern who may sign in.

use blog_entity::clock;
use blog_entity::user::Model;
use portcullis::Result;
use sea_orm::IsolationLevel;

use super::removal;
use super::store::{self, Change};
use crate::auth;
use crate::database::Transaction;
use crate::error;
use crate::state::AppState;

/// Changes a user; an account that is closed has no session left.
pub(crate) async fn change(state: &AppState, user: Model, version: Option<i64>, change: Change) -> Result<Model> {
    if version.is_some_and(|version| version != user.version) {
        return Err(error::stale().into());
    }
    let (user, change) = (&user, &change);
    let changed = state
        .db()
        .transaction_at(isolation(user), |db| async move {
            let changed = store::update(&db, user, change).await?.ok_or_else(error::stale)?;
            if !changed.active {
                auth::store::ended_all(&db, changed.id, clock::now()).await?;
            }
            keep_an_admin(&db, user).await?;
            Ok(changed)
        })
        .await?;
    if !changed.active {
        state.sessions().end_all(&changed.public_id.to_string()).await?;
    }
    Ok(changed)
}

/// Deletes a user with all that hangs on the account.
pub(crate) async fn delete(state: &AppState, user: Model) -> Result<()> {
    let user = &user;
    let deleted = state
        .db()
        .transaction_at(isolation(user), |db| async move {
            let deleted = removal::delete(&db, user.id).await?;
            keep_an_admin(&db, user).await?;
            Ok(deleted)
        })
        .await?;
    if !deleted {
        return Err(error::not_found("User").into());
    }
    state.sessions().end_all(&user.public_id.to_string()).await?;
    Ok(())
}

/// Two admins that close each other at once would both see the other still there: only what is serialisable keeps one.
fn isolation(user: &Model) -> Option<IsolationLevel> {
    (user.role == "admin").then_some(IsolationLevel::Serializable)
}

async fn keep_an_admin(db: &Transaction, before: &Model) -> Result<()> {
    if before.role == "admin" && store::admins(&**db).await? == 0 {
        return Err(error::conflict("the last admin must remain one").into());
    }
    Ok(())
}
