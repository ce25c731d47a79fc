//! The queries of comments.

use std::collections::HashMap;

use blog_entity::comment::{ActiveModel, Column, Entity, Model, Relation};
use blog_entity::{SoftDelete, post, versioned};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr,
    IntoActiveModel, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationTrait,
};
use uuid::Uuid;

use crate::database::per_parent;
use crate::page::Page;

/// One page of a post's comments, oldest first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, post: i64, page: Page) -> Result<(Vec<Model>, u64), DbErr> {
    let comments = Entity::live().filter(Column::PostId.eq(post)).order_by_asc(Column::Id);
    let pages = comments.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn create(
    db: &DatabaseTransaction,
    post: i64,
    author: i64,
    parent: Option<i64>,
    body: &str,
) -> Result<Model, DbErr> {
    let comment = ActiveModel {
        post_id: Set(post),
        author_id: Set(author),
        parent_id: Set(parent),
        body: Set(body.to_owned()),
        version: Set(1),
        ..Default::default()
    };
    comment.insert(db).await
}

/// The comment of this id, where it is under this post.
pub(crate) async fn under(db: &impl ConnectionTrait, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .one(db)
        .await
}

/// The same, kept from being deleted until the transaction ends.
pub(crate) async fn hold(db: &DatabaseTransaction, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .lock_shared()
        .one(db)
        .await
}

/// A deleted comment of this id under this post.
pub(crate) async fn deleted(db: &impl ConnectionTrait, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::deleted()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .one(db)
        .await
}

/// Changes a comment that is still as it was loaded; `None` where someone else was faster.
pub(crate) async fn update(db: &DatabaseTransaction, comment: &Model, body: &str) -> Result<Option<Model>, DbErr> {
    let mut row = comment.clone().into_active_model();
    row.body = Set(body.to_owned());
    versioned::update(row, db).await
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}

/// How many comments several posts have, by the posts' keys.
pub(crate) async fn counts(db: &impl ConnectionTrait, posts: &[i64]) -> Result<HashMap<i64, i64>, DbErr> {
    let counts: Vec<(i64, i64)> = Entity::live()
        .filter(Column::PostId.is_in(posts.iter().copied()))
        .select_only()
        .column(Column::PostId)
        .column_as(Column::Id.count(), "number")
        .group_by(Column::PostId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().collect())
}

/// The first comments of each of several posts: the oldest, or the latest where the order is descending. Keys rise with time.
///
/// The last key that is meant is looked up for each post, and the comments from there on are read: both from the index, so that a
/// post of ten thousand comments costs no more than one of ten. `MariaDB` would look it up again for every comment; there they are
/// numbered.
pub(crate) async fn first_of_posts(
    db: &impl ConnectionTrait,
    posts: &[i64],
    order: Order,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let comments = Entity::live().filter(Column::PostId.is_in(posts.iter().copied()));
    if db.get_database_backend() == DbBackend::MySql {
        return match per_parent::first(comments, Column::PostId, &[(Column::Id, order)], limit) {
            Some(first) => first.all(db).await,
            None => Ok(Vec::new()),
        };
    }
    let bound = Query::select()
        .column(("nth", Column::Id))
        .from_as(Entity, "nth")
        .and_where(Expr::col(("nth", Column::PostId)).equals((post::Entity, post::Column::Id)))
        .and_where(Expr::col(("nth", Column::DeletedKey)).eq(0))
        .order_by(("nth", Column::Id), order.clone())
        .limit(1)
        .offset(limit.saturating_sub(1))
        .take();
    let key = Expr::col((Entity, Column::Id));
    let bounded = |all: i64| Func::coalesce([Expr::SubQuery(None, Box::new(bound.into())), Expr::value(all)]);
    let within = match order {
        Order::Desc => key.gte(bounded(0)),
        _ => key.lte(bounded(i64::MAX)),
    };
    comments
        .join(JoinType::InnerJoin, Relation::Post.def())
        .filter(post::Column::Id.is_in(posts.iter().copied()))
        .filter(within)
        .order_by(Column::Id, order)
        .all(db)
        .await
}
