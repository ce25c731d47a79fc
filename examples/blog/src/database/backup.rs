//! A copy of the embedded database, while it serves.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};

use portcullis::Result;
use sea_orm::{ConnectionTrait, Database, DbBackend, DbErr, Statement};

use super::settings::{Purpose, Settings};
use crate::private;

/// Writes a copy of the moment at which it begins to a new file. Readers and writers go on meanwhile.
///
/// The file has its name only once it is whole.
pub async fn write(settings: &Settings, to: &Path) -> Result<()> {
    if settings.url.backend() != DbBackend::Sqlite {
        return Err(
            "only the embedded database is copied here: a server has its own means, `mariadb-dump` or `pg_dump`".into(),
        );
    }
    let cannot = |error: io::Error| format!("cannot write {}: {error}", to.display());
    // SQLite takes a name that begins with `file:` for a URI; a whole path does not.
    let to = &absolute(to).map_err(cannot)?;
    if to.exists() {
        return Err(format!("{} exists, and is not overwritten", to.display()).into());
    }
    let partial = Partial::create(to).map_err(cannot)?;
    partial.fill(settings).await?;
    partial.finish(to).map_err(|error| cannot(error).into())
}

/// A copy under way, removed where it does not come to its end.
struct Partial(PathBuf);

impl Partial {
    fn create(to: &Path) -> io::Result<Self> {
        let mut name = OsString::from(to);
        name.push(".partial");
        let name = PathBuf::from(name);
        private::create_file(&name)?;
        Ok(Self(name))
    }

    async fn fill(&self, settings: &Settings) -> Result<()> {
        let Some(name) = self.0.to_str() else {
            return Err("the name of the copy must be UTF-8".into());
        };
        let db = Database::connect(settings.options(&settings.url, Purpose::Write)).await?;
        let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
        let copied: Result<_, DbErr> = db.execute_raw(copy).await;
        db.close().await?;
        copied?;
        Ok(())
    }

    fn finish(self, to: &Path) -> io::Result<()> {
        fs::File::open(&self.0)?.sync_all()?;
        fs::rename(&self.0, to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "a partial copy remains");
        }
    }
}
