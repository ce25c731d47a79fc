//! Files of posts.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, index, number, reference, unique};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_attachments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let mut attachments = columns.table(
            "attachments",
            [
                number("post_id"),
                columns.text("file_name", 200),
                columns.text("media_type", 100),
                number("bytes"),
                columns.text("storage_key", 200),
            ],
        );
        attachments.foreign_key(&mut reference("attachments", "post_id", "posts"));
        manager.create_table(attachments).await?;
        manager
            .create_index(unique("attachments", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(index("attachments", "post", ["post_id", "deleted_key", "id"]))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("attachments").take()).await?;
        Ok(())
    }
}
