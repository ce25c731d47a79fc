//! What the blog does without being asked, once an hour.

use std::time::Duration;

use blog_entity::clock;
use portcullis::Result;
use portcullis::shutdown::Handle;

use crate::auth;
use crate::state::AppState;

const PERIOD: Duration = Duration::from_hours(1);

/// At the start and then every hour, until the shutdown begins.
pub async fn run(state: AppState, shutdown: Handle) {
    loop {
        match forget_sessions(&state, &shutdown).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "old sessions were forgotten"),
            Err(error) => tracing::warn!(%error, "old sessions could not be forgotten; again in an hour"),
        }
        tokio::select! {
            biased;
            () = shutdown.unready() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// Removes the rows of sessions that began before `SESSION_HISTORY_DAYS`, a batch at a time; how many they were.
///
/// Processes that do it at once are not in each other's way: a row that is gone already is not counted.
pub async fn forget_sessions(state: &AppState, shutdown: &Handle) -> Result<u64> {
    let before = clock::now() - state.config().session_history;
    let mut forgotten = 0;
    while shutdown.is_ready() {
        let batch = state
            .db()
            .transaction(|db| async move { Ok(auth::store::forget(&db, before).await?) });
        match batch.await? {
            0 => break,
            rows => forgotten += rows,
        }
    }
    Ok(forgotten)
}
