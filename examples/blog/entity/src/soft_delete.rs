//! Rows that are deleted by a mark: hidden everywhere, until they are restored or purged.
//!
//! `deleted_at` is the mark. `deleted_key` is 0 while the row lives, and its own key when it does not: the second column of every
//! unique index, so that a name can be given again, in all databases alike. Queries ask for the key: a column that equals a value
//! leaves the rest of an index in its order, and `PostgreSQL` does not see that one that is `NULL` does so too. The schema keeps the
//! two in agreement.
//!
//! Where a row has children, its feature's `removal` marks them with the very same time, and so knows later which of them to bring
//! back. [`bulk`](crate::bulk) sets the mark, takes it off, and removes rows for good.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};

/// An entity whose rows are deleted by a mark.
///
/// `find` is closed by a lint: here each query says which rows it means.
pub trait SoftDelete: EntityTrait {
    /// The mark.
    fn deleted_at() -> Self::Column;

    /// 0, or the row's own key.
    fn deleted_key() -> Self::Column;

    /// The row's own key.
    fn key_of(model: &Self::Model) -> i64;

    /// Whether this row has the mark.
    fn is_deleted(model: &Self::Model) -> bool;

    /// The rows that are there for everybody.
    fn live() -> Select<Self> {
        Self::with_deleted().filter(Self::deleted_key().eq(0))
    }

    /// The rows that can be restored or purged.
    fn deleted() -> Select<Self> {
        Self::with_deleted().filter(Self::deleted_key().gt(0))
    }

    /// All rows; for a purge and for those who look after the data.
    #[expect(clippy::disallowed_methods, reason = "the one place that sees all")]
    fn with_deleted() -> Select<Self> {
        Self::find()
    }
}

/// For entities with the columns of the rule.
macro_rules! soft_delete {
    () => {
        impl $crate::soft_delete::SoftDelete for Entity {
            fn deleted_at() -> Column {
                Column::DeletedAt
            }

            fn deleted_key() -> Column {
                Column::DeletedKey
            }

            fn key_of(model: &Model) -> i64 {
                model.id
            }

            fn is_deleted(model: &Model) -> bool {
                model.deleted_at.is_some()
            }
        }
    };
}
pub(crate) use soft_delete;
