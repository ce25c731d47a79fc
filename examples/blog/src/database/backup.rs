//! A copy of the embedded database, while it serves.

use std::path::Path;

use portcullis::Result;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

use super::settings::{Purpose, Settings};

/// Writes a copy of the moment at which it begins to a new file. Readers and writers go on meanwhile.
pub async fn write(settings: &Settings, to: &Path) -> Result<()> {
    if settings.url.backend() != DbBackend::Sqlite {
        return Err(
            "only the embedded database is copied here: a server has its own means, `mariadb-dump` or `pg_dump`".into(),
        );
    }
    let Some(text) = to.to_str().filter(|text| !text.is_empty()) else {
        return Err("the name of the copy must be UTF-8".into());
    };
    if to.exists() {
        return Err(format!("{} exists, and is not overwritten", to.display()).into());
    }
    let db = Database::connect(settings.options(&settings.url, Purpose::Write)).await?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [text.into()]);
    let written = db.execute_raw(copy).await;
    db.close().await?;
    written?;
    Ok(())
}
