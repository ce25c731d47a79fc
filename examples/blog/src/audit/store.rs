//! The queries of the trail. Nobody changes it.

use blog_entity::audit_entry::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Select,
};
use uuid::Uuid;

use crate::page::Page;

/// One page, newest first, and the number of all.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    entity: Option<Uuid>,
    actor: Option<String>,
    page: Page,
) -> Result<(Vec<Model>, u64), DbErr> {
    let asked = Condition::all()
        .add_option(entity.map(|id| Column::EntityId.eq(id)))
        .add_option(actor.map(|actor| Column::Actor.eq(actor)));
    let pages = all().filter(asked).order_by_desc(Column::Id).paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

#[expect(clippy::disallowed_methods, reason = "the trail has no mark of deletion")]
fn all() -> Select<Entity> {
    Entity::find()
}
