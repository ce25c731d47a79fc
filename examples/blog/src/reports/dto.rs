//! What the reports take and give.

use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Rows of a report.
pub(super) const ROWS: u64 = 100;

/// How to ask the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Engine {
    /// Through the query builder.
    #[default]
    Orm,
    /// In plain SQL with parameters.
    Raw,
}

/// The query of the report of authors.
#[derive(Debug, Deserialize)]
pub(super) struct AuthorsQuery {
    #[serde(default)]
    pub(super) engine: Engine,
    #[serde(default = "one")]
    pub(super) min_posts: i64,
}

fn one() -> i64 {
    1
}

/// The query of the report of months.
#[derive(Debug, Deserialize)]
pub(super) struct MonthsQuery {
    #[serde(default)]
    pub(super) engine: Engine,
}

/// What an author has published, and what was answered to it.
#[derive(Debug, PartialEq, Serialize, FromQueryResult)]
pub(super) struct AuthorRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) posts: i64,
    pub(super) comments: i64,
    /// Characters of all posts.
    pub(super) characters: i64,
    /// Characters of a post, on average.
    pub(super) average: f64,
}

/// Posts that were published in a month, such as `2026-11`.
#[derive(Debug, PartialEq, Eq, Serialize, FromQueryResult)]
pub(super) struct MonthRow {
    pub(super) month: String,
    pub(super) posts: i64,
}

/// A report.
#[derive(Serialize)]
pub(super) struct Report<T> {
    pub(super) items: Vec<T>,
}
