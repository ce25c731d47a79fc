//! The history of the schema, oldest first, for all three databases. A migration that has shipped is never edited.

#![expect(
    elided_lifetimes_in_paths,
    reason = "the trait, made by async_trait, hides the lifetime of SchemaManager"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "here statements are texts of ours, and take no parameters"
)]

mod columns;
mod lock;
mod m0001_accounts;
mod m0002_posts;
mod m0003_tags;
mod m0004_attachments;
mod m0005_comments;
mod m0006_audit;
mod m0007_full_text;
mod m0008_session_age;
mod m0009_marks_agree;

use sea_orm_migration::{MigrationTrait, async_trait};

pub use self::lock::{PATIENCE_SECONDS, alone};
pub use sea_orm_migration::{MigratorTrait, SchemaManager};

/// All migrations.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_posts::Migration),
            Box::new(m0003_tags::Migration),
            Box::new(m0004_attachments::Migration),
            Box::new(m0005_comments::Migration),
            Box::new(m0006_audit::Migration),
            Box::new(m0007_full_text::Migration),
            Box::new(m0008_session_age::Migration),
            Box::new(m0009_marks_agree::Migration),
        ]
    }
}
