//! The first rows of each parent, in one statement however many parents there are.

use blog_entity::SoftDelete;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, WindowStatement};
use sea_orm::{IntoSimpleExpr, Iterable, JoinType, Order, PrimaryKeyToColumn, QuerySelect, QueryTrait, Select};

/// At most `limit` rows of the selection for each value of `parent`, in this order. What else the selection joins or filters by
/// holds within.
///
/// A `LIMIT` would count the rows of all parents together. The numbering reads keys alone, from the index where it has what the
/// selection filters by and the order; only the rows that remain are read as a whole.
pub(crate) fn first<E: SoftDelete>(
    rows: Select<E>,
    parent: E::Column,
    order: &[(E::Column, Order)],
    limit: u64,
) -> Option<Select<E>> {
    let key = E::PrimaryKey::iter().next()?.into_column();
    let mut window = WindowStatement::partition_by((E::default(), parent));
    for (column, order) in order {
        window.order_by_expr(column.into_simple_expr(), order.clone());
    }
    let mut numbered = rows.select_only().column_as(key, "numbered_key").into_query();
    numbered.expr_window_as(Func::cust(Alias::new("ROW_NUMBER")), window, "place");
    // The rows are those of the selection, which has said whether deleted ones are among them.
    let mut first = E::with_deleted();
    QueryTrait::query(&mut first)
        .join_subquery(
            JoinType::InnerJoin,
            numbered,
            "numbered",
            Expr::col(("numbered", "numbered_key")).equals((E::default(), key)),
        )
        .and_where(Expr::col(("numbered", "place")).lte(limit))
        .order_by(("numbered", "place"), Order::Asc);
    Some(first)
}
