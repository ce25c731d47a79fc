//! Comments as the API takes and shows them.

use std::collections::HashMap;

use blog_entity::comment;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::thread::{REPLIES, Thread};
use crate::page::{Listing, Page};
use crate::users::dto::AuthorView;
use crate::validation::Faults;

/// A comment as it was sent.
#[derive(Deserialize)]
pub(super) struct CommentRequest {
    body: Option<String>,
    /// What it replies to.
    pub(super) parent: Option<Uuid>,
    /// Of a change: what it was made of.
    pub(super) version: Option<i64>,
}

impl CommentRequest {
    /// The text, or every fault of it.
    pub(super) fn body(&self) -> portcullis::Result<String> {
        let mut faults = Faults::default();
        let body = faults.text("body", self.body.as_deref(), 1, 2_000);
        faults.finish()?;
        Ok(body)
    }
}

/// A comment.
#[derive(Serialize)]
pub(super) struct CommentView {
    id: Uuid,
    body: String,
    author: AuthorView,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl CommentView {
    pub(super) fn new(comment: comment::Model, author: AuthorView) -> Self {
        Self {
            id: comment.public_id,
            body: comment.body,
            author,
            version: comment.version,
            created_at: comment.created_at.and_utc(),
            updated_at: comment.updated_at.and_utc(),
        }
    }
}

/// A comment with what replies to it.
#[derive(Serialize)]
pub(super) struct Branch {
    #[serde(flatten)]
    comment: CommentView,
    replies: Vec<Branch>,
}

/// A page of branches.
#[derive(Serialize)]
pub(super) struct ThreadView {
    #[serde(flatten)]
    page: Listing<Branch>,
    /// Whether replies were left out, for there are too many of them.
    cut: bool,
}

impl ThreadView {
    pub(super) fn new(thread: Thread, authors: &HashMap<i64, AuthorView>, page: Page) -> Self {
        let most = usize::try_from(REPLIES).unwrap_or(usize::MAX);
        let cut = thread.replies.len() > most;
        let mut below: HashMap<i64, Vec<comment::Model>> = HashMap::new();
        for reply in thread.replies.into_iter().take(most) {
            below
                .entry(reply.parent_id.unwrap_or_default())
                .or_default()
                .push(reply);
        }
        let items = branches(thread.roots, &mut below, authors);
        Self {
            page: Listing::new(items, page, thread.total),
            cut,
        }
    }
}

/// As deep as replies may be.
fn branches(
    comments: Vec<comment::Model>,
    below: &mut HashMap<i64, Vec<comment::Model>>,
    authors: &HashMap<i64, AuthorView>,
) -> Vec<Branch> {
    let branches = comments.into_iter().filter_map(|comment| {
        let replies = below.remove(&comment.id).unwrap_or_default();
        let author = authors.get(&comment.author_id)?.clone();
        Some(Branch {
            comment: CommentView::new(comment, author),
            replies: branches(replies, below, authors),
        })
    });
    branches.collect()
}
