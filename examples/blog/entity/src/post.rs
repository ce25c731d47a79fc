//! What users write.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, PaginatorTrait, QuerySelect};

use crate::hook::{audited, known};
use crate::slug;
use crate::soft_delete::{SoftDelete, soft_delete};
use crate::versioned::versioned;
use crate::{attachment, comment, post_tag, tag, user};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    pub author_id: i64,
    pub title: String,
    /// The title as a path segment. Where none is set the hook makes one, of a new post only: links outlive titles.
    pub slug: String,
    pub body: String,
    pub published: bool,
    pub version: i64,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "user::Entity", from = "Column::AuthorId", to = "user::Column::Id")]
    Author,
    #[sea_orm(has_many = "comment::Entity")]
    Comments,
    #[sea_orm(has_many = "attachment::Entity")]
    Attachments,
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Author.def()
    }
}

impl Related<comment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Comments.def()
    }
}

impl Related<attachment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Attachments.def()
    }
}

impl Related<tag::Entity> for Entity {
    fn to() -> RelationDef {
        post_tag::Relation::Tag.def()
    }

    fn via() -> Option<RelationDef> {
        Some(post_tag::Relation::Post.def().rev())
    }
}

soft_delete!();
versioned!();
audited!("post", name_by_title);

async fn name_by_title<C: ConnectionTrait>(mut row: ActiveModel, db: &C, insert: bool) -> Result<ActiveModel, DbErr> {
    if !insert || known(&row.slug).is_some() {
        return Ok(row);
    }
    let (Some(title), Some(id)) = (known(&row.title), known(&row.public_id)) else {
        return Err(DbErr::AttrNotSet("title".into()));
    };
    let mut name = slug(&title);
    let taken = Entity::live().filter(Column::Slug.eq(&name)).limit(1).count(db).await?;
    if taken > 0 {
        // The random part of the id.
        let id = id.simple().to_string();
        name = format!("{name}-{}", id.get(20..).unwrap_or(&id));
    }
    row.slug = Set(name);
    Ok(row)
}

/// Who looks at posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Sees every post, drafts of others too.
    Admin,
    /// Sees what is published, and their own drafts.
    User(i64),
    /// Sees what is published.
    Anyone,
}

/// Which posts a query means, after [`live`](crate::SoftDelete::live).
pub trait Scopes: Sized {
    /// Those that are no drafts.
    #[must_use]
    fn published(self) -> Self;

    /// Those that this reader may see: the guard of every query for a caller.
    #[must_use]
    fn visible_to(self, reader: Reader) -> Self;

    /// Those by this user.
    #[must_use]
    fn by(self, author: i64) -> Self;
}

impl Scopes for Select<Entity> {
    fn published(self) -> Self {
        self.filter(Column::Published.eq(true))
    }

    fn visible_to(self, reader: Reader) -> Self {
        match reader {
            Reader::Admin => self,
            Reader::Anyone => self.published(),
            Reader::User(user) => {
                let own = Column::AuthorId.eq(user);
                self.filter(Condition::any().add(Column::Published.eq(true)).add(own))
            }
        }
    }

    fn by(self, author: i64) -> Self {
        self.filter(Column::AuthorId.eq(author))
    }
}
