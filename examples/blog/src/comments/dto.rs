//! Comments as the API takes and shows them.

use blog_entity::comment;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::users::dto::AuthorView;
use crate::validation::Faults;

/// A comment as it was sent.
#[derive(Deserialize)]
pub(super) struct CommentRequest {
    body: Option<String>,
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
    created_at: DateTime<Utc>,
}

impl CommentView {
    pub(super) fn new(comment: comment::Model, author: AuthorView) -> Self {
        Self {
            id: comment.public_id,
            body: comment.body,
            author,
            created_at: comment.created_at.and_utc(),
        }
    }
}
