//! Answers to dear questions, kept until something is written.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use moka::future::Cache;
use sea_orm::DbErr;

use super::Db;

/// What other processes write is seen after so long.
const LIFETIME: Duration = Duration::from_secs(10);

/// Answers by what was asked. Clones are one cache.
#[derive(Clone)]
pub(crate) struct QueryCache<K, V> {
    name: &'static str,
    /// Each write of this process begins another generation, whose answers are none of those before.
    answers: Cache<(u64, K), V>,
}

impl<K, V> QueryCache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// For so many answers; `name` is what the metrics call it.
    pub(crate) fn new(name: &'static str, most: u64) -> Self {
        Self {
            name,
            answers: Cache::builder().max_capacity(most).time_to_live(LIFETIME).build(),
        }
    }

    /// The answer that is kept, or the one that `ask` finds. Of many who want the same at once one asks; an error is not kept.
    pub(crate) async fn get(&self, db: &Db, key: K, ask: impl Future<Output = Result<V, DbErr>>) -> Result<V, DbErr> {
        let entry = self.answers.entry((db.writes(), key)).or_try_insert_with(ask).await;
        let result = match &entry {
            Ok(entry) if entry.is_fresh() => "miss",
            Ok(_) => "hit",
            Err(_) => "error",
        };
        counter!("blog.query_cache.requests", "cache" => self.name, "result" => result).increment(1);
        entry.map(moka::Entry::into_value).map_err(Arc::unwrap_or_clone)
    }
}
