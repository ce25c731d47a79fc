//! Posts, each by one author, with a version for optimistic locking.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, flag, index, number, reference, unique};

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
        // One for each order that a list may have; the public id decides between equals. Whether a post is published stands behind the
        // order: whoever sees drafts of their own too reads the same index, and drafts are few enough to be passed over.
        for order in ["created_at", "updated_at", "title"] {
            let columns = ["deleted_key", order, "public_id", "published", "author_id"];
            manager.create_index(index("posts", order, columns)).await?;
        }
        manager
            .create_index(index(
                "posts",
                "author",
                ["author_id", "deleted_key", "created_at", "public_id", "published"],
            ))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("posts").take()).await?;
        Ok(())
    }
}
