//! All or nothing.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use portcullis::Result;
use sea_orm::{
    DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::Instant;

use super::{Db, fault};

/// How often a transaction is tried that loses to others.
const TRIES: u32 = 6;

/// A transaction under way, for the work within it: a [`DatabaseTransaction`] that can be handed on.
///
/// It is given by value: a future that borrowed it would not be one that can change its thread.
#[derive(Debug, Clone)]
pub struct Transaction(Arc<DatabaseTransaction>);

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.0
    }
}

impl Db {
    /// Runs `work` in a transaction, which its error rolls back as if nothing had been.
    ///
    /// Where the database gave up on it for the sake of another transaction, `work` runs again, after a pause of random length:
    /// whatever it does beside the database happens as often. There are six tries at most, and no new one once they have taken as
    /// long as two waits for a lock. What `work` needs it borrows:
    ///
    /// ```ignore
    /// let content = &content;
    /// db.transaction(|db| async move { store::create(&db, author, content).await }).await?;
    /// ```
    pub async fn transaction<T, F, W>(&self, work: F) -> Result<T>
    where
        F: Fn(Transaction) -> W,
        W: Future<Output = Result<T>>,
    {
        self.transaction_at(None, work).await
    }

    /// The same, at an isolation of its own; SQLite has one only, which is the strictest.
    pub async fn transaction_at<T, F, W>(&self, isolation_level: Option<IsolationLevel>, work: F) -> Result<T>
    where
        F: Fn(Transaction) -> W,
        W: Future<Output = Result<T>>,
    {
        let begun = Instant::now();
        // Whoever has waited twice for a lock in vain would, with more tries, wait beyond the gate's deadline.
        let patience = self.lock_wait() * 2;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(isolation_level, &work).await {
                Err(error) if attempt < TRIES && begun.elapsed() < patience && fault::is_transient(error.cause()) => {
                    error
                }
                done => return done,
            };
            let pause = pause(attempt);
            tracing::debug!(%error, attempt, again_in = ?pause, "a transaction is tried again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt<T, F, W>(&self, isolation_level: Option<IsolationLevel>, work: &F) -> Result<T>
    where
        F: Fn(Transaction) -> W,
        W: Future<Output = Result<T>>,
    {
        let options = TransactionOptions {
            isolation_level: isolation_level.filter(|_| self.backend() != DbBackend::Sqlite),
            // One that begins by reading could not become the writer later, and would fail without waiting.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.primary().begin_with_options(options).await?;
        let done = finish(transaction, work).await;
        // Also where it failed: an error may tell of a commit whose answer was lost.
        self.written();
        done
    }
}

/// Runs `work` within the outer transaction: its error undoes what it did, and leaves the rest for the caller to decide about.
pub async fn savepoint<T, F, W>(outer: &DatabaseTransaction, work: F) -> Result<T>
where
    F: Fn(Transaction) -> W,
    W: Future<Output = Result<T>>,
{
    finish(outer.begin().await?, &work).await
}

async fn finish<T, F, W>(transaction: DatabaseTransaction, work: &F) -> Result<T>
where
    F: Fn(Transaction) -> W,
    W: Future<Output = Result<T>>,
{
    let transaction = Transaction(Arc::new(transaction));
    let done = work(transaction.clone()).await;
    let transaction = Arc::into_inner(transaction.0).ok_or("a transaction was kept beyond its end")?;
    match done {
        Ok(value) => {
            transaction.commit().await?;
            Ok(value)
        }
        Err(error) => {
            // The first error tells more than that of a rollback, which the end of the connection does just as well.
            if let Err(error) = transaction.rollback().await {
                tracing::warn!(%error, "a transaction could not be rolled back");
            }
            Err(error)
        }
    }
}

/// Up to 10 ms, then 20, 40, … at random, so that two that met do not meet again.
fn pause(attempt: u32) -> Duration {
    let most = 5_000_u64 << attempt.min(8);
    Duration::from_micros(fastrand::u64(1_000..most))
}
