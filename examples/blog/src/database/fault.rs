//! What an error of the database means for the one who asked.

use std::error::Error as StdError;

use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::sqlx::{self, error::DatabaseError};
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// The transaction lost a race that it may win the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overtaken;

impl std::fmt::Display for Overtaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another transaction was faster")
    }
}

impl StdError for Overtaken {}

/// Whether the same transaction may succeed when it is tried again.
pub(crate) fn is_transient(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    if error.is::<Overtaken>() {
        return true;
    }
    let Some(error) = error.downcast_ref::<DbErr>().and_then(database) else {
        return false;
    };
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // Lock wait timeout, and deadlock.
        return matches!(error.number(), 1205 | 1213);
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Serialisation failure, deadlock, lock not available.
        return matches!(&*code, "40001" | "40P01" | "55P03");
    }
    // SQLITE_BUSY and SQLITE_LOCKED, in the low byte of what they extend to.
    error.try_downcast_ref::<SqliteError>().is_some()
        && code.parse().is_ok_and(|code: u32| matches!(code & 0xff, 5 | 6))
}

/// Whether the database is away, full or overrun, rather than asked wrongly.
pub(crate) fn is_away(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => is_shut(&**error),
            _ => false,
        },
        _ => false,
    }
}

fn is_shut(error: &dyn DatabaseError) -> bool {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        // Too many connections, shutting down, killed, gone.
        return matches!(error.number(), 1040 | 1053 | 1203 | 1927 | 2006 | 2013);
    }
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Connection exceptions, resources, and the operator's intervention.
        return code.starts_with("08") || code.starts_with("53") || code.starts_with("57P");
    }
    // Busy, an error of the disk, a full one, a file that cannot be opened.
    code.parse()
        .is_ok_and(|code: u32| matches!(code & 0xff, 5 | 10 | 13 | 14))
}

/// For the operator: what was said in words of ours, without the library's name for it.
pub(crate) fn told(error: DbErr) -> portcullis::Error {
    match error {
        DbErr::Custom(text) => text.into(),
        error => error.into(),
    }
}

/// Whether a unique index refused the row.
pub(crate) fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn database(error: &DbErr) -> Option<&dyn DatabaseError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Database(error) => Some(&**error),
            _ => None,
        },
        _ => None,
    }
}
