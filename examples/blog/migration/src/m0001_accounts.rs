//! Accounts, what they tell of themselves, and where they are signed in.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::columns::{Columns, date, flag, index, key, null, number, reference, unique};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = Columns(manager.get_database_backend());
        let users = columns.table(
            "users",
            [
                columns.text("email", 254),
                columns.text("name", 80),
                columns.text("role", 16),
                flag("active"),
                columns.text("password_hash", 255),
                number("version"),
            ],
        );
        manager.create_table(users).await?;
        manager
            .create_index(unique("users", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(unique("users", "email", ["email", "deleted_key"]))
            .await?;
        manager
            .create_index(index("users", "live", ["deleted_key", "active", "id"]))
            .await?;
        let mut profiles = columns.table(
            "profiles",
            [
                number("user_id"),
                columns.long_text("bio"),
                null(columns.text("website", 200)),
                null(date("birthday")),
                number("version"),
            ],
        );
        profiles.foreign_key(&mut reference("profiles", "user_id", "users"));
        manager.create_table(profiles).await?;
        manager
            .create_index(unique("profiles", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(unique("profiles", "user", ["user_id", "deleted_key"]))
            .await?;
        let mut sessions = columns.bare_table("sessions");
        sessions
            .col(key())
            .col(columns.uuid("public_id"))
            .col(number("user_id"))
            .col(columns.text("store_id", 128))
            .col(columns.text("label", 200))
            .col(columns.time("started_at"))
            .col(null(columns.time("ended_at")))
            .foreign_key(&mut reference("sessions", "user_id", "users"));
        manager.create_table(sessions).await?;
        manager
            .create_index(unique("sessions", "public_id", ["public_id"]))
            .await?;
        manager
            .create_index(unique("sessions", "store_id", ["store_id"]))
            .await?;
        manager
            .create_index(index("sessions", "user", ["user_id", "started_at"]))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sessions").take()).await?;
        manager.drop_table(Table::drop().table("profiles").take()).await?;
        manager.drop_table(Table::drop().table("users").take()).await?;
        Ok(())
    }
}
