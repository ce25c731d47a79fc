//! The queries of the trail. Nobody changes it.

use blog_entity::audit_entry::{Action, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
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

/// Who deleted this record last.
pub(crate) async fn deleted_by(db: &impl ConnectionTrait, record: Uuid) -> Result<Option<String>, DbErr> {
    let deletions = all()
        .filter(Column::EntityId.eq(record))
        .filter(Column::Action.eq(Action::Delete.as_str()));
    let last = deletions.order_by_desc(Column::Id).limit(1);
    last.select_only().column(Column::Actor).into_tuple().one(db).await
}

#[expect(clippy::disallowed_methods, reason = "the trail has no mark of deletion")]
fn all() -> Select<Entity> {
    Entity::find()
}
