//! The schema, brought up or down on a connection of its own that is closed afterwards.
//!
//! A pool is no place for it: the lock belongs to one connection, and the rules that a migration suspends on it must not stay
//! suspended for those who come after.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use blog_migration::{Migrator, MigratorTrait, SchemaManager, alone};
use sea_orm::{Database, DatabaseConnection, DbErr, RuntimeErr};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::settings::{Purpose, Settings};
use super::{fault, pool};
use crate::private;

/// What to do with the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Applies what has not been applied.
    Up,
    /// Takes back the last so many.
    Down(u32),
    /// Drops all tables, with all that is in them, and begins anew.
    Fresh,
}

impl Direction {
    /// Whether rows go with it.
    pub fn loses_rows(self) -> bool {
        self != Self::Up
    }
}

/// Changes the schema, while no other process does.
pub async fn run(settings: &Settings, direction: Direction) -> portcullis::Result<()> {
    let db = connect(settings, Purpose::Migrate).await?;
    // The library tells each of its steps, on every start.
    let work = change(&db, direction).with_subscriber(NoSubscriber::new());
    let done = alone(&db, work).await.map_err(explained);
    let closed = db.close().await;
    let changes = done?;
    if changes > 0 {
        tracing::info!(changes, "the schema has changed");
    }
    Ok(closed?)
}

/// One line a migration. Nothing is made that is not there.
pub async fn status(settings: &Settings) -> portcullis::Result<String> {
    let known = if settings.url.file().is_some_and(|file| !file.exists()) {
        Ok(Migrator::get_migration_files())
    } else {
        let db = connect(settings, Purpose::Read).await?;
        let known = Migrator::get_migration_with_status_read_only(&db).await;
        db.close().await?;
        known
    };
    let mut lines = String::new();
    for migration in known.map_err(explained)? {
        // Writing to a text does not fail.
        let _ = writeln!(
            lines,
            "{:<8} {}",
            migration.status().to_string().to_lowercase(),
            migration.name()
        );
    }
    Ok(lines)
}

/// How many migrations were applied or taken back.
async fn change(db: &DatabaseConnection, direction: Direction) -> Result<usize, DbErr> {
    if direction == Direction::Fresh {
        Migrator::fresh(db).await?;
        return Ok(Migrator::migrations().len());
    }
    let before = applied(db).await?;
    if let Direction::Down(steps) = direction {
        Migrator::down(db, Some(steps)).await?;
    } else {
        if before == 0 {
            refuse_strangers(db).await?;
        }
        Migrator::up(db, None).await?;
    }
    Ok(applied(db).await?.abs_diff(before))
}

async fn applied(db: &DatabaseConnection) -> Result<usize, DbErr> {
    Ok(Migrator::get_applied_migrations_read_only(db).await?.len())
}

/// Tables by our names, of which no migration is known, are somebody else's.
async fn refuse_strangers(db: &DatabaseConnection) -> Result<(), DbErr> {
    let schema = SchemaManager::new(db);
    for table in ["users", "profiles", "sessions", "posts", "tags", "comments"] {
        if schema.has_table(table).await? {
            return Err(DbErr::Custom(format!(
                "the table `{table}` exists, and no migration has made it: the database belongs to something else, or the first \
                 migration failed half-way; name an empty one"
            )));
        }
    }
    Ok(())
}

async fn connect(settings: &Settings, purpose: Purpose) -> portcullis::Result<DatabaseConnection> {
    if purpose == Purpose::Migrate
        && let Some(file) = settings.url.file()
    {
        make(file).map_err(|error| format!("cannot create {}: {error}", file.display()))?;
    }
    let open = async || Database::connect(settings.options(&settings.url, purpose)).await;
    pool::awaited(settings.wait, &settings.url, open)
        .await
        .map_err(explained)
}

/// An empty file is a database without tables. `SQLite` would let everybody read it, and what it writes beside it has the
/// permissions of the file.
fn make(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private::create_folder(folder)?;
    }
    match private::create_file(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// The mistakes that have a remedy.
fn explained(error: DbErr) -> portcullis::Error {
    const NOT_A_DATABASE: &str = "26";
    match error {
        DbErr::Custom(text) if text.contains("file is missing") => format!(
            "{text}; the database was made by another version of the blog: run that one, or name another database"
        )
        .into(),
        DbErr::Conn(RuntimeErr::SqlxError(cause))
            if cause
                .as_database_error()
                .is_some_and(|cause| cause.code().as_deref() == Some(NOT_A_DATABASE)) =>
        {
            "the file of DATABASE_URL is no SQLite database".into()
        }
        error => fault::told(error),
    }
}
