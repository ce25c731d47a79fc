//! Posts as the API takes and shows them.

use blog_entity::{comment, post};
use chrono::{DateTime, Utc};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::fields::{Field, Fields};
use super::list::{Wanted, WantedComments};
use super::page::{Filter, Row};
use super::search::Words;
use super::sort::Sort;
use super::store::{Change, Content};
use crate::page::Paging;
use crate::query::{Address, Parameters};
use crate::users::dto::AuthorView;
use crate::validation::Faults;
use crate::{error, tags};

const TITLE: usize = 200;
const BODY: usize = 50_000;

/// The query of a list, in so far as it is about posts.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) author: Option<Uuid>,
    /// But for the author, whose key is not known yet.
    pub(super) filter: Filter,
    pub(super) sort: Sort,
    pub(super) paging: Paging,
    pub(super) wanted: Wanted,
    pub(super) address: Address,
}

impl ListQuery {
    /// `400` for what there is not, with the names of what there is.
    pub(super) fn take(mut parameters: Parameters) -> portcullis::Result<Self> {
        let paging = Paging::take(&mut parameters)?;
        let sort = Sort::parse(&parameters.list("sort"))?;
        let wanted = wanted(&mut parameters)?;
        let author = parameters.parsed("author", "the id of a user")?;
        let filter = Filter {
            author: None,
            tags: tags(&mut parameters, "tag")?,
            published: parameters.flag("published")?,
            created_after: parameters.time("created_after")?,
            created_before: parameters.time("created_before")?,
        };
        parameters.finish()?;
        Ok(Self {
            author,
            filter,
            sort,
            paging,
            wanted,
            address: parameters.address(),
        })
    }
}

/// The query of a search.
#[derive(Debug)]
pub(super) struct SearchQuery {
    pub(super) words: Words,
    pub(super) paging: Paging,
    pub(super) wanted: Wanted,
    pub(super) address: Address,
}

impl SearchQuery {
    /// `400` for what cannot be searched for. Its pages are by number: a rank is no place that stays.
    pub(super) fn take(mut parameters: Parameters) -> portcullis::Result<Self> {
        let words = Words::parse(&parameters.text("q")?.unwrap_or_default())?;
        let paging = Paging::by_number(&mut parameters)?;
        let wanted = wanted(&mut parameters)?;
        parameters.finish()?;
        Ok(Self {
            words,
            paging,
            wanted,
            address: parameters.address(),
        })
    }
}

fn wanted(parameters: &mut Parameters) -> portcullis::Result<Wanted> {
    Ok(Wanted {
        fields: Fields::parse(&parameters.list("fields"))?,
        comments: WantedComments::default(),
    })
}

/// Tags to filter by, in the form that they are stored in.
pub(crate) fn tags(parameters: &mut Parameters, name: &'static str) -> portcullis::Result<Vec<String>> {
    let tags: Vec<String> = parameters.list(name).iter().map(|tag| tags::dto::name(tag)).collect();
    if tags.len() > tags::dto::MOST {
        return Err(error::bad_request(format!("`{name}` is at most {} tags", tags::dto::MOST)).into());
    }
    Ok(tags)
}

/// A whole post as it was sent, to create or to replace one.
#[derive(Deserialize)]
pub(super) struct PostRequest {
    title: Option<String>,
    body: Option<String>,
    published: Option<bool>,
    tags: Option<Vec<String>>,
    pub(super) version: Option<i64>,
}

impl PostRequest {
    /// The content, or every fault of it.
    pub(super) fn content(&self) -> portcullis::Result<Content> {
        let (content, faults) = self.judged();
        faults.finish()?;
        Ok(content)
    }

    /// The content and every fault of it, where it is one of many.
    pub(super) fn judged(&self) -> (Content, Faults) {
        let mut faults = Faults::default();
        let content = Content {
            title: faults.line("title", self.title.as_deref(), 1, TITLE),
            body: faults.text("body", self.body.as_deref(), 1, BODY),
            published: self.published.unwrap_or(true),
            tags: tags::dto::names(&mut faults, self.tags.as_deref().unwrap_or_default()),
        };
        (content, faults)
    }
}

/// Some members of a post, to change them alone.
#[derive(Deserialize)]
pub(super) struct PatchRequest {
    title: Option<String>,
    body: Option<String>,
    published: Option<bool>,
    tags: Option<Vec<String>>,
    pub(super) version: Option<i64>,
}

impl PatchRequest {
    /// The change, or every fault of it.
    pub(super) fn change(&self) -> portcullis::Result<Change> {
        let mut faults = Faults::default();
        let title = self.title.as_deref();
        let body = self.body.as_deref();
        let change = Change {
            title: title.map(|text| faults.line("title", Some(text), 1, TITLE)),
            body: body.map(|text| faults.text("body", Some(text), 1, BODY)),
            published: self.published,
            tags: self.tags.as_deref().map(|tags| tags::dto::names(&mut faults, tags)),
        };
        faults.finish()?;
        Ok(change)
    }
}

/// A post.
#[derive(Serialize)]
pub(super) struct PostView {
    id: Uuid,
    slug: String,
    title: String,
    body: String,
    published: bool,
    version: i64,
    tags: Vec<String>,
    author: AuthorView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PostView {
    pub(super) fn new(post: post::Model, tags: Vec<String>, author: AuthorView) -> Self {
        Self {
            id: post.public_id,
            slug: post.slug,
            title: post.title,
            body: post.body,
            published: post.published,
            version: post.version,
            tags,
            author,
            created_at: post.created_at.and_utc(),
            updated_at: post.updated_at.and_utc(),
        }
    }
}

/// A post in a list, with the members that were asked for.
pub(crate) struct ItemView {
    pub(super) row: Row,
    pub(super) author: Option<AuthorView>,
    pub(super) tags: Vec<String>,
    pub(super) comment_count: i64,
    pub(super) comments: Vec<CommentItem>,
    pub(super) fields: Fields,
}

impl ItemView {
    /// The key of whose post it is, for those who put it there.
    pub(crate) fn author_key(&self) -> i64 {
        self.row.author_id
    }

    fn member<M: SerializeMap>(&self, map: &mut M, field: Field) -> Result<(), M::Error> {
        let (row, name) = (&self.row, field.name());
        let utc = |time: Option<chrono::NaiveDateTime>| time.map(|time| time.and_utc());
        match field {
            Field::Id => map.serialize_entry(name, &row.public_id),
            Field::Slug => map.serialize_entry(name, &row.slug),
            Field::Title => map.serialize_entry(name, &row.title),
            Field::Body => map.serialize_entry(name, &row.body),
            Field::Published => map.serialize_entry(name, &row.published),
            Field::Version => map.serialize_entry(name, &row.version),
            Field::CreatedAt => map.serialize_entry(name, &utc(row.created_at)),
            Field::UpdatedAt => map.serialize_entry(name, &utc(row.updated_at)),
            Field::Author => map.serialize_entry(name, &self.author),
            Field::Tags => map.serialize_entry(name, &self.tags),
            Field::CommentCount => map.serialize_entry(name, &self.comment_count),
            Field::Comments => map.serialize_entry(name, &self.comments),
        }
    }
}

impl Serialize for ItemView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.fields.iter() {
            self.member(&mut map, field)?;
        }
        map.end()
    }
}

/// A comment beside its post.
#[derive(Serialize)]
pub(crate) struct CommentItem {
    id: Uuid,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<CommentAuthor>,
    created_at: DateTime<Utc>,
}

impl CommentItem {
    pub(super) fn new(comment: comment::Model, author: Option<CommentAuthor>) -> Self {
        Self {
            id: comment.public_id,
            body: comment.body,
            author,
            created_at: comment.created_at.and_utc(),
        }
    }
}

/// Who wrote it; `null` where there is no such account any more.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CommentAuthor {
    Known(AuthorView),
    Gone,
}

impl From<Option<AuthorView>> for CommentAuthor {
    fn from(author: Option<AuthorView>) -> Self {
        author.map_or(Self::Gone, Self::Known)
    }
}
