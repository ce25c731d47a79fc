//! The words of posts, found by each database's own means.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_full_text"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::MySql => MARIADB_UP,
            DbBackend::Postgres => POSTGRES_UP,
            _ => SQLITE_UP,
        };
        all(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::MySql => MARIADB_DOWN,
            DbBackend::Postgres => POSTGRES_DOWN,
            _ => SQLITE_DOWN,
        };
        all(manager, statements).await
    }
}

async fn all(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

// The collation of the texts tells `Rust` from `rust`. Apostrophes and low lines would be parts of a word, here alone. Without the
// first line the index would leave out some English words.
const MARIADB_UP: &[&str] = &[
    "SET SESSION innodb_ft_enable_stopword = OFF",
    "ALTER TABLE posts ADD COLUMN words mediumtext
     GENERATED ALWAYS AS (LOWER(REPLACE(REPLACE(CONCAT(title, ' ', body), '_', ' '), '''', ' '))) STORED",
    "CREATE FULLTEXT INDEX posts_words ON posts (words)",
    "SET SESSION innodb_ft_enable_stopword = DEFAULT",
];
const MARIADB_DOWN: &[&str] = &["ALTER TABLE posts DROP COLUMN words"];

// `simple` takes words as they are, of whatever language. The signs between them are taken out, since `example.com` would be one.
const POSTGRES_UP: &[&str] = &[
    "ALTER TABLE posts ADD COLUMN words tsvector
     GENERATED ALWAYS AS (to_tsvector('simple',
         translate(title || ' ' || body, '!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)))) STORED",
    "CREATE INDEX posts_words ON posts USING gin (words)",
];
const POSTGRES_DOWN: &[&str] = &["ALTER TABLE posts DROP COLUMN words"];

// The table of words holds no text of its own; the triggers tell it what changes in the other one.
const SQLITE_UP: &[&str] = &[
    "CREATE VIRTUAL TABLE posts_words USING fts5 (title, body, content = 'posts', content_rowid = 'id',
         tokenize = 'unicode61 remove_diacritics 0')",
    "CREATE TRIGGER posts_words_insert AFTER INSERT ON posts BEGIN
         INSERT INTO posts_words (rowid, title, body) VALUES (new.id, new.title, new.body);
     END",
    "CREATE TRIGGER posts_words_delete AFTER DELETE ON posts BEGIN
         INSERT INTO posts_words (posts_words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
     END",
    "CREATE TRIGGER posts_words_update AFTER UPDATE OF title, body ON posts BEGIN
         INSERT INTO posts_words (posts_words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
         INSERT INTO posts_words (rowid, title, body) VALUES (new.id, new.title, new.body);
     END",
];
const SQLITE_DOWN: &[&str] = &[
    "DROP TRIGGER posts_words_update",
    "DROP TRIGGER posts_words_delete",
    "DROP TRIGGER posts_words_insert",
    "DROP TABLE posts_words",
];
