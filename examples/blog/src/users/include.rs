//! What a reader may have with users in one answer: their posts, the comments of those, and who wrote these.
//!
//! `?include=posts.comments.author,posts.tags` names the ways down, none deeper than three. `posts[…]` and `comments[…]` say which
//! of each parent's rows, in what order and how many: `posts[limit]=2&posts[sort]=-created_at&posts[tag]=rust&comments[limit]=3`.
//! A way down costs one statement, however many rows there are on it.

use std::collections::HashMap;

use blog_entity::post::Reader;
use sea_orm::{ConnectionTrait, DbErr, Order};

use crate::error;
use crate::posts::fields::{Field, Fields};
use crate::posts::item::ItemView;
use crate::posts::list::{self, Wanted, WantedComments};
use crate::posts::page::{self, Filter};
use crate::posts::request::tags;
use crate::posts::sort::Sort;
use crate::query::Parameters;

/// The ways down.
const PATHS: [&str; 4] = ["posts", "posts.tags", "posts.comments", "posts.comments.author"];
/// Rows of one parent.
const MOST: u64 = 10;

/// The posts of each user.
#[derive(Debug)]
pub(super) struct Posts {
    filter: Filter,
    sort: Sort,
    limit: u64,
    wanted: Wanted,
}

/// What to include, if anything; `400` for a way that is not there, and for what is said of rows that are not included.
pub(super) fn take(parameters: &mut Parameters) -> portcullis::Result<Option<Posts>> {
    let paths = parameters.list("include");
    if paths.iter().any(|path| !PATHS.contains(&&**path)) {
        let known = PATHS.join("`, `");
        return Err(error::bad_request(format!("`include` is some of `{known}`")).into());
    }
    let included = |way: &str| paths.iter().any(|path| path.starts_with(way));

    let filter = Filter {
        tags: tags(parameters, "posts[tag]")?,
        published: parameters.flag("posts[published]")?,
        created_after: parameters.time("posts[created_after]")?,
        created_before: parameters.time("posts[created_before]")?,
        author: None,
    };
    let sort = Sort::parse(&parameters.list("posts[sort]"))?;
    let limit = limit(parameters, "posts[limit]", 5)?;
    let mut fields = fields(&parameters.list("posts[fields]"))?;
    let comments = WantedComments {
        limit: self::limit(parameters, "comments[limit]", 3)?,
        order: order(parameters)?,
        authors: included("posts.comments.author"),
    };
    for (way, relation) in [("posts", "posts["), ("posts.comments", "comments[")] {
        if !included(way) && parameters.any(relation) {
            return Err(error::bad_request(format!("`{relation}…]` goes with `include={way}`")).into());
        }
    }
    for (way, field) in [("posts.tags", Field::Tags), ("posts.comments", Field::Comments)] {
        if included(way) {
            fields = fields.and(field);
        }
    }
    let wanted = Wanted { fields, comments };
    Ok(included("posts").then_some(Posts {
        filter,
        sort,
        limit,
        wanted,
    }))
}

/// What includes nothing further. The text of a post is at the post.
fn fields(names: &[String]) -> portcullis::Result<Fields> {
    const PLAIN: [Field; 7] = [
        Field::Id,
        Field::Slug,
        Field::Title,
        Field::Published,
        Field::CreatedAt,
        Field::UpdatedAt,
        Field::CommentCount,
    ];
    if names.is_empty() {
        return Ok(Fields::of([
            Field::Id,
            Field::Slug,
            Field::Title,
            Field::Published,
            Field::CreatedAt,
        ]));
    }
    let field = |name: &String| PLAIN.into_iter().find(|field| field.name() == name);
    let fields: Option<Vec<_>> = names.iter().map(field).collect();
    let fields = fields.ok_or_else(|| {
        let names = PLAIN.map(Field::name).join("`, `");
        error::bad_request(format!("`posts[fields]` are some of `{names}`"))
    })?;
    Ok(Fields::of(fields))
}

fn limit(parameters: &mut Parameters, name: &'static str, default: u64) -> portcullis::Result<u64> {
    let wrong = || error::bad_request(format!("`{name}` is a number from 1 to {MOST}"));
    let limit = parameters.parsed(name, &format!("a number from 1 to {MOST}"))?;
    let limit = limit.unwrap_or(default);
    (1..=MOST)
        .contains(&limit)
        .then_some(limit)
        .ok_or_else(|| wrong().into())
}

fn order(parameters: &mut Parameters) -> portcullis::Result<Order> {
    match parameters.text("comments[sort]")?.as_deref() {
        None | Some("-created_at") => Ok(Order::Desc),
        Some("created_at") => Ok(Order::Asc),
        Some(_) => Err(error::bad_request("`comments[sort]` is `created_at` or `-created_at`").into()),
    }
}

impl Posts {
    /// The included posts of several users, by the users' keys.
    pub(super) async fn load(
        &self,
        db: &impl ConnectionTrait,
        reader: Reader,
        users: &[i64],
    ) -> Result<HashMap<i64, Vec<ItemView>>, DbErr> {
        let mut posts: HashMap<i64, Vec<ItemView>> = HashMap::new();
        if users.is_empty() {
            return Ok(posts);
        }
        let of_users = self.filter.apply(reader, db.get_database_backend());
        let rows = page::first_of_authors(db, of_users, users, &self.sort, self.limit, &self.wanted.fields).await?;
        for item in list::items(db, rows, &self.wanted).await? {
            posts.entry(item.author_key()).or_default().push(item);
        }
        Ok(posts)
    }
}
