//! The query of a page of posts: filtered, sorted, cut, and of no more columns than are shown.

use blog_entity::SoftDelete;
use blog_entity::post::{Column, Entity, Reader, Scopes};
use chrono::NaiveDateTime;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, FromQueryResult, JoinType, QueryFilter, QuerySelect,
    QueryTrait, Select,
};
use uuid::Uuid;

use super::fields::{Field, Fields};
use super::sort::{Key, Sort};
use crate::database::per_parent;
use crate::page::{Paging, Place};
use crate::tags;

/// Whom nobody is: keys begin at 1.
pub(super) const NOBODY: i64 = 0;

/// Which posts.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) author: Option<i64>,
    /// All of which a post must have.
    pub(crate) tags: Vec<String>,
    pub(crate) published: Option<bool>,
    /// The first time that is meant, and the first that no longer is.
    pub(crate) created_after: Option<NaiveDateTime>,
    pub(crate) created_before: Option<NaiveDateTime>,
}

impl Filter {
    /// The posts that the reader may see and the caller asks for.
    pub(crate) fn apply(&self, reader: Reader, backend: DbBackend) -> Select<Entity> {
        // Follows from what they may see. The databases would look for it among the posts of everybody.
        let drafts_of = match (self.published, reader) {
            (Some(false), Reader::User(user)) => Some(user),
            (Some(false), Reader::Anyone) => Some(NOBODY),
            _ => None,
        };
        let mut condition = Condition::all()
            .add_option(drafts_of.map(|author| Column::AuthorId.eq(author)))
            .add_option(self.author.map(|author| Column::AuthorId.eq(author)))
            .add_option(self.published.map(|published| Column::Published.eq(published)))
            .add_option(self.created_after.map(|time| Column::CreatedAt.gte(time)))
            .add_option(self.created_before.map(|time| Column::CreatedAt.lt(time)));
        for tag in &self.tags {
            let tagged = Column::Id.in_subquery(tags::store::posts_with(tag));
            condition = condition.add(match backend {
                DbBackend::Sqlite => tagged,
                // As a join, MariaDB begins with all posts of the tag and reads each as a whole to sort them, and PostgreSQL looks for
                // the tag at every post even where none has it. So they ask of each post in order whether it is among those found.
                _ => Func::coalesce([tagged, Expr::cust("FALSE")]).into(),
            });
        }
        Entity::live().visible_to(reader).filter(condition)
    }
}

/// A post as far as it was asked for.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) public_id: Uuid,
    pub(crate) author_id: i64,
    pub(crate) slug: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) published: Option<bool>,
    pub(crate) version: Option<i64>,
    pub(crate) created_at: Option<NaiveDateTime>,
    pub(crate) updated_at: Option<NaiveDateTime>,
}

/// The rows of a page, and one beyond it where there is more.
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    posts: Select<Entity>,
    filter: &Filter,
    sort: &Sort,
    paging: &Paging,
    fields: &Fields,
) -> portcullis::Result<Vec<Row>> {
    let reverse = matches!(paging.place, Place::Before(_));
    let posts = match &paging.place {
        Place::After(token) | Place::Before(token) => posts.filter(sort.beyond(token, reverse)?),
        Place::Page(_) | Place::Start => posts,
    };
    let page = sort
        .apply(posts, reverse)
        .offset(paging.offset())
        .limit(paging.size + 1);
    let begins = matches!(paging.place, Place::Start | Place::Page(1));
    let passes_over = !begins || !filter.tags.is_empty();
    let posts = if passes_over {
        sort.apply(by_place(page), reverse)
    } else {
        page
    };
    let sorted: Vec<Key> = match paging.place {
        Place::Page(_) => Vec::new(),
        _ => sort.keys().collect(),
    };
    Ok(columns(posts, fields, &sorted).into_model().all(db).await?)
}

/// The posts of a page for which many are passed over. Those are read from the index alone, where it has what they are filtered by:
/// only what is shown is read as a whole. After a cursor `MariaDB` begins at the right place only so.
fn by_place(page: Select<Entity>) -> Select<Entity> {
    let places = page.select_only().column(Column::PublicId).into_query();
    // The rows are those of the selection, which has said whether deleted ones are among them.
    let mut posts = Entity::with_deleted();
    QueryTrait::query(&mut posts).join_subquery(
        JoinType::InnerJoin,
        places,
        "places",
        Expr::col(("places", Column::PublicId)).equals((Entity, Column::PublicId)),
    );
    posts
}

/// The first posts of each of several users.
pub(crate) async fn first_of_authors(
    db: &impl ConnectionTrait,
    posts: Select<Entity>,
    authors: &[i64],
    sort: &Sort,
    limit: u64,
    fields: &Fields,
) -> Result<Vec<Row>, DbErr> {
    let posts = posts.filter(Column::AuthorId.is_in(authors.iter().copied()));
    match per_parent::first(posts, Column::AuthorId, &sort.columns(), limit) {
        Some(first) => columns(first, fields, &[]).into_model().all(db).await,
        None => Ok(Vec::new()),
    }
}

/// Selects what the fields and the tokens need, and nothing for the rest.
pub(super) fn columns(posts: Select<Entity>, fields: &Fields, sorted: &[Key]) -> Select<Entity> {
    let optional = [
        (Column::Slug, Field::Slug),
        (Column::Title, Field::Title),
        (Column::Body, Field::Body),
        (Column::Published, Field::Published),
        (Column::Version, Field::Version),
        (Column::CreatedAt, Field::CreatedAt),
        (Column::UpdatedAt, Field::UpdatedAt),
    ];
    let posts = posts
        .select_only()
        .columns([Column::Id, Column::PublicId, Column::AuthorId]);
    optional.into_iter().fold(posts, |posts, (column, field)| {
        let needed = fields.has(field) || sorted.iter().any(|key| key.column() as usize == column as usize);
        if needed {
            posts.column(column)
        } else {
            posts.column_as(Expr::null(), sea_orm::IdenStatic::as_str(&column))
        }
    })
}

/// How many posts there are. `PostgreSQL` would read each for its key, which its indexes do not have.
pub(crate) async fn count(db: &impl ConnectionTrait, posts: Select<Entity>) -> Result<u64, DbErr> {
    let number: Option<i64> = posts
        .select_only()
        .expr_as(Expr::cust("COUNT(*)"), "number")
        .into_tuple()
        .one(db)
        .await?;
    Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
}
