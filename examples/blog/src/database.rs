//! How the database is opened.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTrait;

use crate::migration::Migrator;

/// The pool that handlers use.
pub(crate) async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    Database::connect(options(url, 8)).await
}

/// Brings the schema up to date, on a connection of its own that is closed afterwards.
///
/// A migration may switch `foreign_keys` off on its connection; in a pool that connection would live on without them.
pub(crate) async fn migrate(url: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    if let Some(folder) = folder_of(url) {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    }
    let db = Database::connect(options(url, 1)).await?;
    let migrated = Migrator::up(&db, None).await;
    db.close().await?;
    Ok(migrated?)
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
        });
    options
}

fn folder_of(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    let path = path.split('?').next().unwrap_or(path);
    Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty())
}
