//! The comments of a post as a tree: a page of those that answer the post itself, each with all replies below it.

use blog_entity::SoftDelete;
use blog_entity::comment::{Column, Entity, Model};
use sea_orm::sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, Order, Query, UnionType, WithClause};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, FromQueryResult, Iterable, PaginatorTrait, QueryFilter, QueryOrder,
};

use crate::page::Page;

/// How deep replies may be; a comment that answers the post is at 1.
pub(crate) const DEPTH: i64 = 8;

/// Replies of one page. Those that answer nearer to the post come first, so that what is left out are leaves.
pub(super) const REPLIES: u64 = 1_000;

/// A page of a post's comments, their replies, and the number of comments that answer the post itself.
pub(super) struct Thread {
    pub(super) roots: Vec<Model>,
    pub(super) replies: Vec<Model>,
    pub(super) total: u64,
}

/// Three statements, whatever the size and depth.
pub(super) async fn load(db: &impl ConnectionTrait, post: i64, page: Page) -> Result<Thread, DbErr> {
    let roots = Entity::live()
        .filter(Column::PostId.eq(post))
        .filter(Column::ParentId.is_null())
        .order_by_asc(Column::Id);
    let pages = roots.paginate(db, page.size);
    let (roots, total) = (pages.fetch_page(page.number - 1).await?, pages.num_items().await?);
    let replies = if roots.is_empty() {
        Vec::new()
    } else {
        below(db, roots.iter().map(|root| root.id)).await?
    };
    Ok(Thread { roots, replies, total })
}

/// What replies to these comments, directly or not. A reply is reached through what it answers, so that none is left of what
/// answers a deleted comment.
async fn below(db: &impl ConnectionTrait, roots: impl Iterator<Item = i64>) -> Result<Vec<Model>, DbErr> {
    let (name, id, depth) = (Alias::new("below"), Alias::new("id"), Alias::new("depth"));
    let living = || Expr::col((Entity, Column::DeletedKey)).eq(0);
    let next = Query::select()
        .column((Entity, Column::Id))
        .expr(Expr::col((name.clone(), depth.clone())).add(1))
        .from(Entity)
        .inner_join(
            name.clone(),
            Expr::col((Entity, Column::ParentId)).equals((name.clone(), id.clone())),
        )
        .and_where(living())
        .and_where(Expr::col((name.clone(), depth.clone())).lt(DEPTH))
        .take();
    let levels = Query::select()
        .column((Entity, Column::Id))
        .expr(Expr::cust("2"))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::ParentId)).is_in(roots))
        .and_where(living())
        .union(UnionType::All, next)
        .take();
    let table = CommonTableExpression::new()
        .table_name(name.clone())
        .columns([id.clone(), depth.clone()])
        .query(levels)
        .to_owned();
    let comments = Query::select()
        .columns(Column::iter().map(|column| (Entity, column)))
        .from(Entity)
        .inner_join(name.clone(), Expr::col((Entity, Column::Id)).equals((name.clone(), id)))
        .order_by((name, depth), Order::Asc)
        .order_by((Entity, Column::Id), Order::Asc)
        .limit(REPLIES + 1)
        .with_cte(WithClause::new().recursive(true).cte(table).to_owned())
        .take();
    let rows = db.query_all(&comments).await?;
    rows.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// How deep a comment is; none deeper than the walk goes.
pub(super) async fn depth(db: &impl ConnectionTrait, comment: &Model) -> Result<i64, DbErr> {
    let (name, parent, depth) = (Alias::new("above"), Alias::new("parent_id"), Alias::new("depth"));
    let next = Query::select()
        .column((Entity, Column::ParentId))
        .expr(Expr::col((name.clone(), depth.clone())).add(1))
        .from(Entity)
        .inner_join(
            name.clone(),
            Expr::col((Entity, Column::Id)).equals((name.clone(), parent.clone())),
        )
        .and_where(Expr::col((name.clone(), depth.clone())).lt(DEPTH))
        .take();
    let levels = Query::select()
        .column((Entity, Column::ParentId))
        .expr(Expr::cust("1"))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).eq(comment.id))
        .union(UnionType::All, next)
        .take();
    let table = CommonTableExpression::new()
        .table_name(name.clone())
        .columns([parent, depth.clone()])
        .query(levels)
        .to_owned();
    let deepest = Query::select()
        .expr_as(Expr::cust("COUNT(*)"), depth)
        .from(name)
        .with_cte(WithClause::new().recursive(true).cte(table).to_owned())
        .take();
    let row = db.query_one(&deepest).await?;
    row.map_or(Ok(0), |row| row.try_get("", "depth"))
}
