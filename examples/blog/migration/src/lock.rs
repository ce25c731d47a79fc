//! One process migrates at a time; the others wait, and then find nothing left to do.

use std::future::Future;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

/// The name of the lock, in a server's own space of names.
const NAME: &str = "portcullis-blog-migration";
/// The same for `PostgreSQL`, whose locks are numbers.
const NUMBER: i64 = 0x706f_7274_6375_6c6c;
/// For how long a process waits for the one that migrates.
const PATIENCE_SECONDS: u32 = 300;

/// Runs `work` while no other process does, on a pool of one connection, to which the lock belongs.
///
/// With `SQLite` all of it is one transaction: what fails half-way has not happened. `MariaDB` ends a transaction with each change
/// of the schema, so that there it is a named lock; a failed migration leaves its first statements behind.
pub async fn alone<T, F>(db: &DatabaseConnection, work: F) -> Result<T, DbErr>
where
    F: Future<Output = Result<T, DbErr>>,
{
    match db.get_database_backend() {
        DbBackend::MySql => {
            let sql = format!("SELECT GET_LOCK('{NAME}', {PATIENCE_SECONDS})");
            let row = db.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
            let got: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
            if got != Some(1) {
                return Err(DbErr::Custom(
                    "another process has been migrating for five minutes".into(),
                ));
            }
            let done = work.await;
            let released = db.execute_unprepared(&format!("DO RELEASE_LOCK('{NAME}')")).await;
            done.and_then(|value| released.map(|_| value))
        }
        DbBackend::Postgres => {
            let timeout = format!("SET lock_timeout = '{PATIENCE_SECONDS}s'");
            db.execute_unprepared(&timeout).await?;
            db.execute_unprepared(&format!("SELECT pg_advisory_lock({NUMBER})"))
                .await?;
            let done = work.await;
            let released = db
                .execute_unprepared(&format!("SELECT pg_advisory_unlock({NUMBER})"))
                .await;
            done.and_then(|value| released.map(|_| value))
        }
        _ => {
            db.execute_unprepared("BEGIN EXCLUSIVE").await?;
            match work.await {
                Ok(value) => {
                    check_references(db).await?;
                    db.execute_unprepared("COMMIT").await?;
                    Ok(value)
                }
                Err(error) => {
                    db.execute_unprepared("ROLLBACK").await?;
                    Err(error)
                }
            }
        }
    }
}

/// The connection that migrates does not enforce references, since tables may be rebuilt; so it asks in the end.
async fn check_references(db: &DatabaseConnection) -> Result<(), DbErr> {
    let sql = "PRAGMA foreign_key_check";
    let broken = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    if broken.is_empty() {
        return Ok(());
    }
    db.execute_unprepared("ROLLBACK").await?;
    Err(DbErr::Custom(format!(
        "{} rows refer to rows that do not exist",
        broken.len()
    )))
}
