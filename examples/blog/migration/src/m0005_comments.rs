//! Comments under posts, and replies under comments.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, index, null, number, reference, unique};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_comments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let mut comments = columns.table(
            "comments",
            [
                number("post_id"),
                number("author_id"),
                null(number("parent_id")),
                columns.long_text("body"),
                number("version"),
            ],
        );
        comments.foreign_key(&mut reference("comments", "post_id", "posts"));
        comments.foreign_key(&mut reference("comments", "author_id", "users"));
        comments.foreign_key(&mut reference("comments", "parent_id", "comments"));
        manager.create_table(comments).await?;
        manager
            .create_index(unique("comments", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(index("comments", "post", ["post_id", "deleted_key", "id"]))
            .await?;
        manager
            .create_index(index("comments", "author", ["author_id", "deleted_key"]))
            .await?;
        manager
            .create_index(index("comments", "parent", ["parent_id", "deleted_key"]))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("comments").take()).await?;
        Ok(())
    }
}
