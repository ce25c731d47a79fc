//! Tags: nothing goes with one but that posts have it.

use blog_entity::tag::{ActiveModel, Column, Entity};
use blog_entity::{SoftDelete, bulk, clock};
use sea_orm::{ColumnTrait, DbErr, QueryFilter, Select};
use uuid::Uuid;

use crate::database::Transaction;
use crate::database::fault;
use crate::error;

/// Marks a tag; posts keep it, and show it again when it comes back. Whether it was there.
pub(super) async fn delete(db: &Transaction, id: Uuid) -> Result<bool, DbErr> {
    let rows = Entity::live().filter(Column::PublicId.eq(id));
    Ok(!bulk::delete::<ActiveModel>(rows, clock::now(), &**db).await?.is_empty())
}

/// Brings a tag back; `409` where another has its name meanwhile.
pub(super) async fn restore(db: &Transaction, id: Uuid) -> portcullis::Result<()> {
    let tag = Entity::deleted().filter(Column::PublicId.eq(id)).one(&**db).await?;
    let Some(at) = tag.and_then(|tag| tag.deleted_at) else {
        return Err(error::not_found("Tag").into());
    };
    let rows = Entity::with_deleted().filter(Column::PublicId.eq(id));
    match bulk::restore::<ActiveModel>(rows, at, &**db).await {
        Err(error) if fault::is_duplicate(&error) => {
            Err(crate::error::conflict("another tag has this name meanwhile").into())
        }
        other => Ok(other.map(drop)?),
    }
}

pub(super) async fn purge_all(db: &Transaction, rows: Select<Entity>) -> Result<usize, DbErr> {
    Ok(bulk::purge::<ActiveModel>(rows, &**db).await?.len())
}
