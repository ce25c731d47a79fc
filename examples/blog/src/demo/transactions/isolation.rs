//! What a transaction sees of another that commits meanwhile.

use std::pin::pin;
use std::time::Duration;

use blog_entity::Actor;
use portcullis::Result;
use sea_orm::{DbBackend, IsolationLevel, TransactionTrait};
use serde::{Deserialize, Serialize};

use super::store;
use crate::state::AppState;

/// For how long the reader waits for the writer, who may have to wait for the reader.
const PATIENCE: Duration = Duration::from_millis(300);

/// A level that may be asked for.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::demo) enum Level {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// The same query twice in one transaction, with a write of another in between.
#[derive(Serialize)]
pub(in crate::demo) struct Seen {
    level: Level,
    first: u64,
    second: u64,
    /// Whether the writer could commit before the reader was done.
    writer_waited: bool,
}

pub(super) async fn look(state: &AppState, level: Level, name: &str) -> Result<Seen> {
    let db = state.db();
    // The one writer of SQLite is needed by the other.
    let (reader, level) = match db.backend() {
        DbBackend::Sqlite => (db.read(), Level::Serializable),
        _ => (db.primary(), level),
    };
    let isolation = (db.backend() != DbBackend::Sqlite).then_some(match level {
        Level::ReadCommitted => IsolationLevel::ReadCommitted,
        Level::RepeatableRead => IsolationLevel::RepeatableRead,
        Level::Serializable => IsolationLevel::Serializable,
    });
    let reading = reader.begin_with_config(isolation, None).await?;
    let first = store::tags(&reading, name).await?;
    let write = db.transaction(|db| async move { Ok(store::add_tag(&db, name).await?) });
    let mut write = pin!(state.context(Actor::System("demo"), None).scope(write));
    let written = tokio::time::timeout(PATIENCE, &mut write).await.ok();
    let second = store::tags(&reading, name).await;
    let committed = reading.commit().await;
    let writer_waited = written.is_none();
    // To its end whatever the reader saw: what is to be removed must be there by then.
    match written {
        Some(written) => written?,
        None => write.await?,
    };
    committed?;
    Ok(Seen {
        level,
        first,
        second: second?,
        writer_waited,
    })
}
