//! The lists of the trash.

use blog_entity::{SoftDelete, comment, post, tag, user};
use chrono::NaiveDateTime;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, PaginatorTrait, QueryOrder};
use uuid::Uuid;

use super::dto::{Item, Kind};
use crate::page::Page;

/// Characters of a comment that tell which one it is.
const EXCERPT: usize = 80;

/// One page, what was deleted last first, and the number of all.
pub(super) async fn list(db: &impl ConnectionTrait, kind: Kind, page: Page) -> Result<(Vec<Item>, u64), DbErr> {
    match kind {
        Kind::Posts => {
            let label = |post: post::Model| (post.public_id, post.title, post.deleted_at);
            page_of::<post::Entity>(db, page, label).await
        }
        Kind::Comments => {
            let label = |comment: comment::Model| {
                let excerpt = comment.body.chars().take(EXCERPT).collect();
                (comment.public_id, excerpt, comment.deleted_at)
            };
            page_of::<comment::Entity>(db, page, label).await
        }
        Kind::Users => {
            let label = |user: user::Model| (user.public_id, user.email, user.deleted_at);
            page_of::<user::Entity>(db, page, label).await
        }
        Kind::Tags => {
            let label = |tag: tag::Model| (tag.public_id, tag.name, tag.deleted_at);
            page_of::<tag::Entity>(db, page, label).await
        }
    }
}

async fn page_of<E: SoftDelete>(
    db: &impl ConnectionTrait,
    page: Page,
    label: impl Fn(E::Model) -> (Uuid, String, Option<NaiveDateTime>),
) -> Result<(Vec<Item>, u64), DbErr>
where
    E::Model: FromQueryResult + Send + Sync,
{
    let rows = E::deleted()
        .order_by_desc(E::deleted_at())
        .order_by_desc(E::deleted_key());
    let pages = rows.paginate(db, page.size);
    let items = pages.fetch_page(page.number - 1).await?.into_iter().map(|row| {
        let (id, label, at) = label(row);
        let deleted_at = at.map(|at| at.and_utc());
        Item { id, label, deleted_at }
    });
    Ok((items.collect(), pages.num_items().await?))
}
