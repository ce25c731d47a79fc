use std::future::Future;
use std::pin::Pin;

use super::error::StoreError;
use super::policy::{Question, Settlement, Verdict};

/// The answer of a [`LockoutStore`].
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Where failures are counted, for a store of your own such as a table in your database.
///
/// Each method is one change of up to three [`Record`](super::Record)s, whole or not at all: of several who ask at once, each must see
/// what those before have added. In a database both are a transaction that locks the rows of the keys, in the order of the keys' values,
/// calls the method and writes the rows back. Times are the store's own, in milliseconds since when it likes. A record can be
/// deleted once [`Rule::forgotten`](super::Rule::forgotten) and its `known` are past.
pub trait LockoutStore: Send + Sync + 'static {
    /// Does what [`Question::judge`] says.
    fn begin(&self, question: Question) -> StoreFuture<Verdict>;

    /// Does what [`Settlement::apply`] says.
    fn settle(&self, settlement: Settlement) -> StoreFuture<()>;
}
