//! Whether what the blog cannot do without answers.

use std::sync::Arc;
use std::time::Duration;

use portcullis::Problem;
use redis::aio::ConnectionManager;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::database::Db;

/// How long an answer holds, so that however many probe, the database is asked once a second.
const HOLDS: Duration = Duration::from_secs(1);
/// How long each may take.
const DEADLINE: Duration = Duration::from_secs(1);

/// Asks the database and, where one is configured, Redis. All clones share the last answer.
#[derive(Clone)]
pub(crate) struct Probe {
    db: Db,
    redis: Option<ConnectionManager>,
    last: Arc<Mutex<Option<(Instant, Findings)>>>,
}

/// Who answered. It may be shown to anybody: why somebody did not is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Findings {
    database: Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<Finding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Finding {
    Ok,
    Failed,
}

impl Probe {
    pub(crate) fn new(db: Db, redis: Option<ConnectionManager>) -> Self {
        Self {
            db,
            redis,
            last: Arc::default(),
        }
    }

    /// The findings, at most a second old. Who comes while others are asked waits for the same answer.
    pub(crate) async fn findings(&self) -> Findings {
        let mut last = self.last.lock().await;
        if let Some((at, findings)) = *last
            && at.elapsed() < HOLDS
        {
            return findings;
        }
        let (database, redis) = tokio::join!(self.database(), self.redis());
        let findings = Findings { database, redis };
        *last = Some((Instant::now(), findings));
        findings
    }

    async fn database(&self) -> Finding {
        let (primary, read) = (self.db.primary().clone(), self.db.read().clone());
        // A task of its own, which the deadline does not end: the driver of MariaDB must not be cut short.
        let both = tokio::spawn(async move { tokio::try_join!(ask(&primary), ask(&read)) });
        let answer = timeout(DEADLINE, both).await;
        Finding::of(
            "database",
            answer.map(|both| both.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))),
        )
    }

    async fn redis(&self) -> Option<Finding> {
        let mut connection = self.redis.clone()?;
        let ping = redis::cmd("PING");
        let ping = ping.query_async::<()>(&mut connection);
        Some(Finding::of("redis", timeout(DEADLINE, ping).await))
    }
}

/// A query of a table: `SQLite` answers `SELECT 1` without a look at its file.
async fn ask(db: &DatabaseConnection) -> Result<(), DbErr> {
    let sql = "SELECT 1 FROM seaql_migrations LIMIT 1";
    let query = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(query).await.map(drop)
}

impl Finding {
    fn of<T, E: std::fmt::Display>(
        name: &'static str,
        answer: Result<Result<T, E>, tokio::time::error::Elapsed>,
    ) -> Self {
        match answer {
            Ok(Ok(_)) => return Self::Ok,
            Ok(Err(error)) => tracing::error!(name, %error, "not ready"),
            Err(_) => tracing::error!(name, deadline = ?DEADLINE, "not ready: no answer"),
        }
        Self::Failed
    }
}

impl Findings {
    /// `503` where somebody did not answer.
    pub(crate) fn refusal(self) -> Option<Problem> {
        let failed: Vec<_> = [("database", Some(self.database)), ("redis", self.redis)]
            .into_iter()
            .filter_map(|(name, finding)| (finding == Some(Finding::Failed)).then_some(name))
            .collect();
        if failed.is_empty() {
            return None;
        }
        let detail = format!("no answer from: {}", failed.join(", "));
        Some(super::handlers::unavailable(detail).with_member("checks", self))
    }
}
