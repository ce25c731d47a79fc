//! The pools: for what is read, and for what is written.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{Database, DatabaseConnection, DbBackend, DbErr};
use tokio::time::Instant;

use super::settings::{Purpose, Settings, Url};
use super::{fault, watch};

/// The database. Clones share its pools.
#[derive(Clone)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    settings: Arc<Settings>,
    writes: Arc<AtomicU64>,
}

/// How full a pool is.
pub(crate) struct Fill {
    pub(crate) pool: &'static str,
    pub(crate) idle: usize,
    pub(crate) used: usize,
    pub(crate) most: u32,
}

impl Db {
    /// Opens the pools of a database whose schema is up to date.
    pub async fn open(settings: Settings) -> Result<Self, DbErr> {
        let writer = connect(&settings, &settings.url, Purpose::Write).await?;
        let reader = match &settings.replica {
            Some(replica) => {
                awaited(settings.wait, replica, async || {
                    connect(&settings, replica, Purpose::Read).await
                })
                .await?
            }
            None if writer.get_database_backend() == DbBackend::Sqlite => {
                connect(&settings, &settings.url, Purpose::Read).await?
            }
            None => writer.clone(),
        };
        Ok(Self {
            writer,
            reader,
            settings: Arc::new(settings),
            writes: Arc::default(),
        })
    }

    /// How long a statement waits for what another transaction holds.
    pub(super) fn lock_wait(&self) -> Duration {
        self.settings.lock
    }

    /// How many transactions have written, which tells what was read before one from what was read after it.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// A transaction has written.
    pub(super) fn written(&self) {
        self.writes.fetch_add(1, Ordering::Release);
    }

    /// For queries that may be a moment behind, where there is a replica.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For queries that decide about a write. Rows are changed in a [`transaction`](Self::transaction).
    pub fn primary(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Which one it is.
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Waits for statements under way. SQLite then folds its log into the file.
    pub async fn close(self) -> Result<(), DbErr> {
        // The writer last: only a connection that may write can fold the log.
        let read = self.reader.close().await;
        read.and(self.writer.close().await)
    }

    /// One entry a pool.
    pub(crate) fn fill(&self) -> Vec<Fill> {
        let mut fill = vec![filled("write", &self.writer)];
        let shared = self.settings.replica.is_none() && self.backend() != DbBackend::Sqlite;
        if !shared {
            fill.push(filled("read", &self.reader));
        }
        fill
    }
}

async fn connect(settings: &Settings, url: &Url, purpose: Purpose) -> Result<DatabaseConnection, DbErr> {
    let mut db = Database::connect(settings.options(url, purpose)).await?;
    db.set_metric_callback(watch::callback(settings.slow));
    Ok(db)
}

fn filled(pool: &'static str, db: &DatabaseConnection) -> Fill {
    let (size, idle, most) = match db.get_database_backend() {
        DbBackend::Sqlite => {
            let pool = db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
        DbBackend::MySql => {
            let pool = db.get_mysql_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
        _ => {
            let pool = db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
    };
    Fill {
        pool,
        idle,
        used: (size as usize).saturating_sub(idle),
        most,
    }
}

/// Repeats `open` while the database does not answer, with growing pauses, for as long as the settings say.
pub(crate) async fn awaited<T>(
    wait: Duration,
    url: &Url,
    open: impl AsyncFn() -> Result<T, DbErr>,
) -> Result<T, DbErr> {
    let name = url.kind();
    let begun = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let error = match open().await {
            Err(error) if fault::is_away(&error) => error,
            done => return done,
        };
        let waited = begun.elapsed();
        if waited + pause > wait {
            let seconds = waited.as_secs();
            return Err(DbErr::Custom(format!("{name} did not answer in {seconds} s: {error}")));
        }
        tracing::warn!(%error, "{name} does not answer yet; asking again in {pause:?}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.backend()).finish()
    }
}
