//! Two transfers between the same two accounts, in opposite directions: each holds what the other needs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use blog_entity::user::{Column, Entity, Model};
use blog_entity::{Actor, SoftDelete, versioned};
use portcullis::Result;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbBackend, IntoActiveModel, QueryFilter, QuerySelect};
use serde::Serialize;
use tokio::sync::Barrier;
use tokio::time::timeout;
use uuid::Uuid;

use super::store;
use crate::database::Transaction;
use crate::error;
use crate::state::AppState;
use crate::users;

/// For how long one waits for the other to hold its first account.
const MEETING: Duration = Duration::from_millis(300);

const BALANCE: i64 = 100;

/// What became of it.
#[derive(Serialize)]
pub(in crate::demo) struct Transfers {
    /// How often each was tried.
    tries: [u32; 2],
    balances: [i64; 2],
}

/// 10 from left to right, and 30 from right to left.
pub(super) async fn run(state: &AppState) -> Result<Transfers> {
    let db = state.db();
    let accounts = db
        .transaction(|db| async move { Ok([open(&db).await?, open(&db).await?]) })
        .await?;
    let done = Box::pin(both(state, accounts)).await;
    store::forget_users(db, accounts).await?;
    done
}

async fn both(state: &AppState, [left, right]: [i64; 2]) -> Result<Transfers> {
    let db = state.db();
    let meeting = &Barrier::new(2);
    let (there, back) = (AtomicU32::new(0), AtomicU32::new(0));
    // Each in a context of its own, since the two take turns in one task.
    let done = tokio::join!(
        state
            .context(Actor::System("demo"), None)
            .scope(transfer(state, left, right, 10, meeting, &there)),
        state
            .context(Actor::System("demo"), None)
            .scope(transfer(state, right, left, 30, meeting, &back)),
    );
    done.0.and(done.1)?;
    let balances = db
        .transaction(|db| async move { Ok([balance(&lock(&db, left).await?), balance(&lock(&db, right).await?)]) })
        .await?;
    Ok(Transfers {
        tries: [there.into_inner(), back.into_inner()],
        balances,
    })
}

async fn transfer(
    state: &AppState,
    from: i64,
    to: i64,
    amount: i64,
    meeting: &Barrier,
    tries: &AtomicU32,
) -> Result<()> {
    let work = |db: Transaction| async move {
        let from = lock(&db, from).await?;
        // With SQLite they never meet, and all who write would wait with the first one.
        if tries.fetch_add(1, Ordering::Relaxed) == 0 && state.db().backend() != DbBackend::Sqlite {
            let _ = timeout(MEETING, meeting.wait()).await;
        }
        let to = lock(&db, to).await?;
        set(&db, &from, balance(&from) - amount).await?;
        set(&db, &to, balance(&to) + amount).await
    };
    state.db().transaction(work).await
}

/// An account that nobody can sign in to, and that no list shows; its name is what is in it.
async fn open(db: &Transaction) -> Result<i64> {
    let user = users::store::create(db, &store::account(Uuid::now_v7())).await?;
    let closed = users::store::Change {
        name: Some(BALANCE.to_string()),
        active: Some(false),
        role: None,
    };
    let user = users::store::update(db, &user, &closed)
        .await?
        .ok_or_else(error::stale)?;
    Ok(user.id)
}

async fn lock(db: &Transaction, id: i64) -> Result<Model> {
    let row = Entity::live()
        .filter(Column::Id.eq(id))
        .lock_exclusive()
        .one(&**db)
        .await?;
    Ok(row.ok_or_else(|| error::not_found("Account"))?)
}

fn balance(user: &Model) -> i64 {
    user.name.parse().unwrap_or_default()
}

async fn set(db: &Transaction, user: &Model, balance: i64) -> Result<()> {
    let mut row = user.clone().into_active_model();
    row.name = Set(balance.to_string());
    versioned::update(row, &**db).await?.ok_or_else(error::stale)?;
    Ok(())
}
