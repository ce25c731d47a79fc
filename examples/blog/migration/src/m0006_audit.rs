//! Who did what.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, index, key, null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let mut entries = columns.bare_table("audit_entries");
        entries
            .col(key())
            .col(columns.time("at"))
            .col(columns.text("actor", 64))
            .col(null(columns.text("request_id", 128)))
            .col(columns.text("action", 16))
            .col(columns.text("entity", 32))
            .col(columns.uuid("entity_id"))
            .col(null(columns.long_text("changed")));
        manager.create_table(entries).await?;
        manager
            .create_index(index("audit_entries", "entity", ["entity_id", "id"]))
            .await?;
        manager
            .create_index(index("audit_entries", "actor", ["actor", "id"]))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_entries").take()).await?;
        Ok(())
    }
}
