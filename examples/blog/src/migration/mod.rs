//! The schema's history, oldest first. A migration that has shipped is never edited.

#![expect(
    elided_lifetimes_in_paths,
    reason = "the trait, made by async_trait, hides the lifetime of SchemaManager"
)]

mod m0001_users;
mod m0002_posts;
mod m0003_comments;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_posts::Migration),
            Box::new(m0003_comments::Migration),
        ]
    }
}
