//! Columns that mean the same in all three databases.
//!
//! Texts are compared byte by byte: by default `MariaDB` takes `Rust` for `rust`, and `PostgreSQL` sorts by the machine's
//! language. Times are naive and of microseconds: `MariaDB`'s `timestamp` knows whole seconds from 1970 to 2038.

use sea_orm::DbBackend;
use sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, IndexCreateStatement, IntoIden, Table,
    TableCreateStatement,
};

/// The columns of one database.
#[derive(Clone, Copy)]
pub(crate) struct Columns(pub(crate) DbBackend);

impl Columns {
    /// A table with a key, a public id, times and a mark of deletion, and between them what the caller adds.
    pub(crate) fn table(
        self,
        name: &'static str,
        columns: impl IntoIterator<Item = ColumnDef>,
    ) -> TableCreateStatement {
        let mut table = self.bare_table(name);
        table.col(key()).col(self.uuid("public_id"));
        for column in columns {
            table.col(column);
        }
        table
            .col(self.time("created_at"))
            .col(self.time("updated_at"))
            .col(null(self.time("deleted_at")))
            .col(number("deleted_key").default(0).take());
        table
    }

    /// A table with nothing in it.
    pub(crate) fn bare_table(self, name: &'static str) -> TableCreateStatement {
        let mut table = Table::create();
        table.table(name);
        if self.0 == DbBackend::MySql {
            table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        table
    }

    pub(crate) fn uuid(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            // The default would be a text in name, and hold the same sixteen bytes.
            DbBackend::Sqlite => column.blob(),
            _ => column.uuid(),
        };
        column.not_null().take()
    }

    /// A text of at most `characters`.
    pub(crate) fn text(self, name: &'static str, characters: u32) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::Postgres => column.custom(format!("varchar({characters}) COLLATE \"C\"")),
            _ => column.string_len(characters),
        };
        column.not_null().take()
    }

    /// A text of tens of thousands of characters, each of up to four bytes: too much for `MariaDB`'s `text`.
    pub(crate) fn long_text(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::MySql => column.custom("mediumtext"),
            DbBackend::Postgres => column.custom("text COLLATE \"C\""),
            _ => column.text(),
        };
        column.not_null().take()
    }

    pub(crate) fn time(self, name: &'static str) -> ColumnDef {
        let mut column = ColumnDef::new(name);
        match self.0 {
            DbBackend::MySql => column.custom("datetime(6)"),
            DbBackend::Postgres => column.custom("timestamp(6)"),
            _ => column.custom("datetime"),
        };
        column.not_null().take()
    }
}

pub(crate) fn key() -> ColumnDef {
    ColumnDef::new("id")
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take()
}

pub(crate) fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

pub(crate) fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

pub(crate) fn date(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).date().not_null().take()
}

/// The column without its `NOT NULL`.
pub(crate) fn null(mut column: ColumnDef) -> ColumnDef {
    column.null().take()
}

/// To the key of another table; the rows go with the one that they belong to.
pub(crate) fn reference(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}"))
        .from(table, column)
        .to(to, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// An index, named by its table and what it is for.
pub(crate) fn index<const N: usize>(
    table: &'static str,
    name: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{name}")).table(table);
    for column in columns {
        index.col(column.into_iden());
    }
    index
}

/// An index in which no two rows are equal.
pub(crate) fn unique<const N: usize>(
    table: &'static str,
    name: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    index(table, name, columns).unique().take()
}
