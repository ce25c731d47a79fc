//! The trash as admins see it.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error;

/// What can be deleted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Posts,
    Comments,
    Users,
    Tags,
}

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct TrashQuery {
    pub(super) kind: Kind,
    pub(super) page: Option<u64>,
    pub(super) size: Option<u64>,
}

/// What to remove for good.
#[derive(Debug, Deserialize)]
pub(super) struct PurgeQuery {
    older_than_days: u64,
}

impl PurgeQuery {
    /// What was deleted before this is old enough; `400` for more than the calendar holds.
    pub(super) fn before(&self, now: NaiveDateTime) -> portcullis::Result<NaiveDateTime> {
        let before = now.checked_sub_days(chrono::Days::new(self.older_than_days));
        before.ok_or_else(|| error::bad_request("`older_than_days` is too many").into())
    }
}

/// Something deleted.
#[derive(Serialize)]
pub(super) struct Item {
    pub(super) id: Uuid,
    /// By what a person knows it: a title, an email, the beginning of a text.
    pub(super) label: String,
    pub(super) deleted_at: Option<DateTime<Utc>>,
}

/// How many were removed for good, what hung on them left out.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Purged {
    pub(super) users: usize,
    pub(super) posts: usize,
    pub(super) comments: usize,
    pub(super) tags: usize,
}
