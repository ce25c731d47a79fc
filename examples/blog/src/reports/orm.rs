//! The reports through the query builder.

use blog_entity::post::Scopes;
use blog_entity::{SoftDelete, comment, post, user};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::dto::{AuthorRow, MonthRow, ROWS};

/// Authors with at least so many published posts, those with the most first.
pub(super) async fn authors(db: &impl ConnectionTrait, min_posts: i64) -> Result<Vec<AuthorRow>, DbErr> {
    let (integer, float) = match db.get_database_backend() {
        DbBackend::MySql => ("signed", "double"),
        DbBackend::Postgres => ("bigint", "double precision"),
        _ => ("integer", "real"),
    };
    let body = || Func::char_length(Expr::col((post::Entity, post::Column::Body)));
    // A subquery for each post: joined, each comment would count its post again.
    let comments = comment::Entity::live()
        .select_only()
        .expr(Expr::cust("COUNT(*)"))
        .filter(Expr::col((comment::Entity, comment::Column::PostId)).equals((post::Entity, post::Column::Id)))
        .into_query();
    post::Entity::live()
        .published()
        .inner_join(user::Entity)
        .filter(user::Column::DeletedKey.eq(0))
        .select_only()
        .column_as(user::Column::PublicId, "id")
        .column(user::Column::Name)
        .column_as(post::Column::Id.count(), "posts")
        .column_as(cast(Func::sum(SimpleExpr::from(comments)), integer), "comments")
        .column_as(cast(Func::sum(body()), integer), "characters")
        .column_as(SimpleExpr::from(Func::avg(cast(body(), float))), "average")
        .group_by(user::Column::Id)
        .group_by(user::Column::PublicId)
        .group_by(user::Column::Name)
        .having(post::Column::Id.count().gte(min_posts))
        .order_by_desc(post::Column::Id.count())
        .order_by_asc(user::Column::Id)
        .limit(ROWS)
        .into_model()
        .all(db)
        .await
}

/// How many posts were published in each month that has any, the newest first.
pub(super) async fn months(db: &impl ConnectionTrait) -> Result<Vec<MonthRow>, DbErr> {
    let format = match db.get_database_backend() {
        DbBackend::MySql => "DATE_FORMAT(created_at, '%Y-%m')",
        DbBackend::Postgres => "to_char(created_at, 'YYYY-MM')",
        _ => "strftime('%Y-%m', created_at)",
    };
    let month = || Expr::cust(format);
    post::Entity::live()
        .published()
        .select_only()
        .column_as(month(), "month")
        .column_as(post::Column::Id.count(), "posts")
        .group_by(month())
        .order_by_desc(month())
        .limit(ROWS)
        .into_model()
        .all(db)
        .await
}

fn cast(value: impl Into<SimpleExpr>, kind: &'static str) -> SimpleExpr {
    value.into().cast_as(Alias::new(kind))
}
