//! The trail as admins see it.

use blog_entity::audit_entry;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct AuditQuery {
    pub(super) entity_id: Option<Uuid>,
    actor: Option<String>,
    pub(super) page: Option<u64>,
    pub(super) size: Option<u64>,
}

impl AuditQuery {
    /// As the trail writes it: a user's id alone stands for `user:<id>`.
    pub(super) fn actor(&self) -> Option<String> {
        self.actor.as_deref().map(|actor| match actor.parse::<Uuid>() {
            Ok(user) => format!("user:{user}"),
            Err(_) => actor.to_owned(),
        })
    }
}

/// One deed.
#[derive(Serialize)]
pub(super) struct EntryView {
    at: DateTime<Utc>,
    actor: String,
    request_id: Option<String>,
    action: String,
    entity: String,
    entity_id: Uuid,
    /// The columns that changed, without their values.
    changed: Vec<String>,
}

impl From<audit_entry::Model> for EntryView {
    fn from(entry: audit_entry::Model) -> Self {
        let changed = entry.changed.as_deref().map(serde_json::from_str);
        Self {
            at: entry.at.and_utc(),
            actor: entry.actor,
            request_id: entry.request_id,
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            changed: changed.and_then(Result::ok).unwrap_or_default(),
        }
    }
}
