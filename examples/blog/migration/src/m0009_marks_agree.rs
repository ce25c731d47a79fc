//! The two columns of a deletion agree: `deleted_at` is `NULL` where `deleted_key` is 0, and nowhere else.
//!
//! Lists ask for the one and restores for the other, so that a row with half a mark would be there for some and gone for others.
//!
//! `SQLite` cannot add a rule to a table that exists. To build the tables anew would copy every row, and take the triggers of the
//! full text with it; so there triggers keep the rule.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

const TABLES: [&str; 6] = ["users", "profiles", "posts", "tags", "attachments", "comments"];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_marks_agree"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Before the first change: MariaDB would keep the rules of the tables before the one with such a row.
        for table in TABLES {
            refuse_half_marks(manager, table).await?;
        }
        let database = manager.get_database_backend();
        all(manager, TABLES.iter().flat_map(|table| rule(database, table))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_database_backend();
        let undo = TABLES.iter().flat_map(|table| match database {
            DbBackend::Sqlite => vec![
                format!("DROP TRIGGER {table}_mark_insert"),
                format!("DROP TRIGGER {table}_mark_update"),
            ],
            _ => vec![format!("ALTER TABLE {table} DROP CONSTRAINT {table}_mark")],
        });
        all(manager, undo).await
    }
}

fn rule(database: DbBackend, table: &str) -> Vec<String> {
    if database != DbBackend::Sqlite {
        let check = "CHECK ((deleted_at IS NULL) = (deleted_key = 0))";
        return vec![format!("ALTER TABLE {table} ADD CONSTRAINT {table}_mark {check}")];
    }
    let trigger = |name: &str, event: &str| {
        format!(
            "CREATE TRIGGER {table}_mark_{name} BEFORE {event} ON {table}
             WHEN (new.deleted_at IS NULL) <> (new.deleted_key = 0) BEGIN
                 SELECT RAISE(ABORT, 'CHECK constraint failed: {table}_mark');
             END"
        )
    };
    vec![
        trigger("insert", "INSERT"),
        trigger("update", "UPDATE OF deleted_at, deleted_key"),
    ]
}

/// Which half is right nobody can tell but those who know the row.
async fn refuse_half_marks(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE (deleted_at IS NULL) <> (deleted_key = 0)");
    let statement = Statement::from_string(manager.get_database_backend(), sql);
    let row = manager.get_connection().query_one_raw(statement).await?;
    match row.map(|row| row.try_get_by_index::<i64>(0)).transpose()? {
        Some(0) | None => Ok(()),
        Some(rows) => Err(DbErr::Custom(format!(
            "{rows} rows of `{table}` are half deleted: set `deleted_at` to NULL and `deleted_key` to 0, or both to what they would be \
             of a deleted row, a time and the row's own id"
        ))),
    }
}

async fn all(manager: &SchemaManager<'_>, statements: impl Iterator<Item = String>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let copies = manager.get_database_backend() == DbBackend::MySql;
    if copies {
        // MariaDB copies the table, and indexes the words of the copy by what the session then says of stop words.
        db.execute_unprepared("SET SESSION innodb_ft_enable_stopword = OFF")
            .await?;
    }
    for statement in statements {
        db.execute_unprepared(&statement).await?;
    }
    if copies {
        db.execute_unprepared("SET SESSION innodb_ft_enable_stopword = DEFAULT")
            .await?;
    }
    Ok(())
}
