//! Posts, each by one author, with a version for optimistic locking.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, flag, live_index, number, reference, unique};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_posts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let mut posts = columns.table(
            "posts",
            [
                number("author_id"),
                columns.text("title", 200),
                columns.text("slug", 160),
                columns.long_text("body"),
                flag("published"),
                number("version"),
            ],
        );
        posts.foreign_key(&mut reference("posts", "author_id", "users"));
        manager.create_table(posts).await?;
        manager
            .create_index(unique("posts", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(unique("posts", "slug", ["slug", "deleted_key"]))
            .await?;
        // One for each order that a list may have; the public id decides between equals.
        manager
            .create_index(live_index(
                columns.0,
                "posts",
                "created_at",
                "published",
                ["created_at", "public_id"],
            ))
            .await?;
        manager
            .create_index(live_index(
                columns.0,
                "posts",
                "updated_at",
                "published",
                ["updated_at", "public_id"],
            ))
            .await?;
        manager
            .create_index(live_index(
                columns.0,
                "posts",
                "title",
                "published",
                ["title", "public_id"],
            ))
            .await?;
        manager
            .create_index(live_index(
                columns.0,
                "posts",
                "author",
                "author_id",
                ["created_at", "public_id"],
            ))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("posts").take()).await?;
        Ok(())
    }
}
