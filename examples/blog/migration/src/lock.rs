//! One process migrates at a time; the others wait, and then find nothing left to do.

use std::future::Future;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};

/// The name of the lock. A server has one space of names for all its databases, and knows names of up to 64 characters.
const NAME: &str = "CONCAT('portcullis-blog-', MD5(DATABASE()))";
/// The same for `PostgreSQL`, whose locks are numbers, in a space of each database's own.
const NUMBER: i64 = 0x706f_7274_6375_6c6c;
/// For how long a process waits for the one that migrates.
pub const PATIENCE_SECONDS: u32 = 300;

/// Runs `work` while no other process does, on a pool of one connection, to which the lock belongs: whatever else happens, it is
/// given up when that is closed.
///
/// With `SQLite` all of it is one transaction: what fails half-way has not happened. `PostgreSQL` has one for each migration.
/// `MariaDB` ends a transaction with each change of the schema; a failed migration leaves its first statements behind.
pub async fn alone<T, F>(db: &DatabaseConnection, work: F) -> Result<T, DbErr>
where
    F: Future<Output = Result<T, DbErr>>,
{
    match db.get_database_backend() {
        DbBackend::MySql => {
            let sql = format!("SELECT GET_LOCK({NAME}, {PATIENCE_SECONDS})");
            let row = db.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
            match row.map(|row| row.try_get_by_index(0)).transpose()?.flatten() {
                Some(1_i64) => {}
                Some(_) => return Err(taken()),
                // No database was named, or an administrator ended the wait.
                None => return Err(DbErr::Custom("the lock of migrations cannot be had".into())),
            }
            let done = work.await;
            let released = db.execute_unprepared(&format!("DO RELEASE_LOCK({NAME})")).await;
            done.and_then(|value| released.map(|_| value))
        }
        DbBackend::Postgres => {
            let timeout = format!("SET lock_timeout = '{PATIENCE_SECONDS}s'");
            db.execute_unprepared(&timeout).await?;
            let lock = format!("SELECT pg_advisory_lock({NUMBER})");
            db.execute_unprepared(&lock)
                .await
                .map_err(|error| waited(error, "55P03"))?;
            let done = work.await;
            let unlock = format!("SELECT pg_advisory_unlock({NUMBER})");
            let released = db.execute_unprepared(&unlock).await;
            done.and_then(|value| released.map(|_| value))
        }
        _ => {
            // The connection's busy timeout is the patience here.
            db.execute_unprepared("BEGIN EXCLUSIVE")
                .await
                .map_err(|error| waited(error, "5"))?;
            let done = match work.await {
                Ok(value) => check_references(db).await.map(|()| value),
                Err(error) => Err(error),
            };
            let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
            let ended = db.execute_unprepared(end).await;
            // The first error tells more than that of a rollback, which the end of the connection does just as well.
            done.and_then(|value| ended.map(|_| value))
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
    let rows = broken.len();
    Err(DbErr::Custom(format!("{rows} rows refer to rows that do not exist")))
}

/// The error with this code says that the wait was in vain.
fn waited(error: DbErr, code: &str) -> DbErr {
    let in_vain = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) => error
            .as_database_error()
            .is_some_and(|error| error.code().as_deref() == Some(code)),
        _ => false,
    };
    if in_vain { taken() } else { error }
}

fn taken() -> DbErr {
    DbErr::Custom("another process has been migrating for five minutes".into())
}
