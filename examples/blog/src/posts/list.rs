//! What stands beside the posts of a list: authors, tags, comments. Each takes one statement, however many posts there are, and
//! none where it is not asked for.

use std::collections::HashMap;

use blog_entity::comment;
use sea_orm::{ConnectionTrait, DbErr, Order};

use super::fields::{Field, Fields};
use super::item::{CommentItem, ItemView};
use super::page::Row;
use crate::users::dto::AuthorView;
use crate::{comments, tags, users};

/// What of each post.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) fields: Fields,
    pub(crate) comments: WantedComments,
}

/// Which of its comments, where they are among the fields.
#[derive(Debug, Clone)]
pub(crate) struct WantedComments {
    pub(crate) limit: u64,
    pub(crate) order: Order,
    pub(crate) authors: bool,
}

impl Default for WantedComments {
    /// The latest three.
    fn default() -> Self {
        Self {
            limit: 3,
            order: Order::Desc,
            authors: true,
        }
    }
}

/// The posts with what is wanted of them, in their order.
pub(crate) async fn items(db: &impl ConnectionTrait, rows: Vec<Row>, wanted: &Wanted) -> Result<Vec<ItemView>, DbErr> {
    let posts: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let has = |field| !posts.is_empty() && wanted.fields.has(field);

    let mut tags = HashMap::new();
    if has(Field::Tags) {
        tags = tags::store::of_posts(db, &posts).await?;
    }
    let mut counts = HashMap::new();
    if has(Field::CommentCount) {
        counts = comments::store::counts(db, &posts).await?;
    }
    let mut latest = Vec::new();
    if has(Field::Comments) {
        let WantedComments { limit, order, .. } = &wanted.comments;
        latest = comments::store::first_of_posts(db, &posts, order.clone(), *limit).await?;
    }
    let mut authors = HashMap::new();
    let of_comments = has(Field::Comments) && wanted.comments.authors;
    if has(Field::Author) || of_comments {
        let of_posts = rows.iter().filter(|_| has(Field::Author)).map(|row| row.author_id);
        let of_comments = latest.iter().filter(|_| of_comments).map(|comment| comment.author_id);
        authors = users::store::authors(db, of_posts.chain(of_comments)).await?;
    }
    let mut comments = by_post(latest, &authors, of_comments);
    let items = rows.into_iter().map(|row| {
        let (tags, comments) = (tags.remove(&row.id), comments.remove(&row.id));
        ItemView {
            author: authors.get(&row.author_id).cloned(),
            tags: tags.unwrap_or_default(),
            comment_count: counts.get(&row.id).copied().unwrap_or_default(),
            comments: comments.unwrap_or_default(),
            fields: wanted.fields.clone(),
            row,
        }
    });
    Ok(items.collect())
}

fn by_post(
    latest: Vec<comment::Model>,
    authors: &HashMap<i64, AuthorView>,
    with_author: bool,
) -> HashMap<i64, Vec<CommentItem>> {
    let mut comments: HashMap<i64, Vec<CommentItem>> = HashMap::new();
    for comment in latest {
        let author = with_author.then(|| authors.get(&comment.author_id).cloned().into());
        let of_post = comments.entry(comment.post_id).or_default();
        of_post.push(CommentItem::new(comment, author));
    }
    comments
}
