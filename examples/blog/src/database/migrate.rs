//! The schema, brought up or down on a connection of its own that is closed afterwards.
//!
//! A pool is no place for it: the lock belongs to one connection, and the rules that a migration suspends on it must not stay
//! suspended for those who come after.

use std::fmt::Write as _;

use blog_migration::{Migrator, MigratorTrait, alone};
use sea_orm::{Database, DatabaseConnection, DbErr};

use super::pool;
use super::settings::{Purpose, Settings};

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

/// Changes the schema, while no other process does.
pub async fn run(settings: &Settings, direction: Direction) -> Result<(), DbErr> {
    let db = connect(settings).await?;
    let done = match direction {
        Direction::Up => alone(&db, Migrator::up(&db, None)).await,
        Direction::Down(steps) => alone(&db, Migrator::down(&db, Some(steps))).await,
        Direction::Fresh => alone(&db, Migrator::fresh(&db)).await,
    };
    let closed = db.close().await;
    done.map_err(explained).and(closed)
}

/// One line a migration.
pub async fn status(settings: &Settings) -> Result<String, DbErr> {
    let db = connect(settings).await?;
    let known = Migrator::get_migration_with_status(&db).await;
    let closed = db.close().await;
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
    closed.map(|()| lines)
}

async fn connect(settings: &Settings) -> Result<DatabaseConnection, DbErr> {
    if let Some(folder) = settings.url.file().and_then(|file| file.parent())
        && !folder.as_os_str().is_empty()
    {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| DbErr::Custom(format!("cannot create {}: {error}", folder.display())))?;
    }
    let open = async || Database::connect(settings.options(&settings.url, Purpose::Migrate)).await;
    pool::awaited(settings.wait, open).await
}

/// The one mistake that has a remedy.
fn explained(error: DbErr) -> DbErr {
    match error {
        DbErr::Custom(text) if text.contains("file is missing") => DbErr::Custom(format!(
            "{text}; the database was made by another version of the blog: `blog migrate fresh` makes it anew, and empties it"
        )),
        error => error,
    }
}
