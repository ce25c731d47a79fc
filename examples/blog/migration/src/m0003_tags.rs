//! Tags, and which post has which.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, index, number, reference, unique};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_tags"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let tags = columns.table("tags", [columns.text("name", 40)]);
        manager.create_table(tags).await?;
        manager.create_index(unique("tags", "public_id", ["public_id"])).await?;
        manager
            .create_index(unique("tags", "name", ["name", "deleted_key"]))
            .await?;
        let mut post_tags = columns.bare_table("post_tags");
        post_tags
            .col(number("post_id"))
            .col(number("tag_id"))
            .primary_key(&mut Index::create().col("post_id").col("tag_id").take())
            .foreign_key(&mut reference("post_tags", "post_id", "posts"))
            .foreign_key(&mut reference("post_tags", "tag_id", "tags"));
        manager.create_table(post_tags).await?;
        manager
            .create_index(index("post_tags", "tag", ["tag_id", "post_id"]))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("post_tags").take()).await?;
        manager.drop_table(Table::drop().table("tags").take()).await?;
        Ok(())
    }
}
