//! What the database is asked, by request: counted, timed, and logged where it is slow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{counter, histogram};
use sea_orm::Statement;
use sea_orm::metric::Info;

tokio::task_local! {
    static TALLY: Arc<Tally>;
}

/// What one request has asked so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    route: String,
    request_id: Option<String>,
    statements: AtomicU64,
    micros: AtomicU64,
}

impl Tally {
    pub(crate) fn new(route: &str, request_id: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            route: route.to_owned(),
            request_id,
            ..Self::default()
        })
    }

    /// Counts what `work` asks.
    pub(crate) async fn scope<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        TALLY.scope(self, work).await
    }

    /// Statements, those of transactions' begin and end left out.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How long they took, those at once added up.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

/// Sees the statements of this process with their parameters.
type Tap = Box<dyn Fn(&Statement) + Send + Sync>;

static TAP: OnceLock<Tap> = OnceLock::new();

/// Shows every statement from now on to `see`, for a benchmark that asks the database how it would answer. The first one wins.
pub fn tap(see: impl Fn(&Statement) + Send + Sync + 'static) {
    let _ = TAP.set(Box::new(see));
}

/// How many statements the request of this task has asked so far; 0 outside of one.
pub(crate) fn statements() -> u64 {
    TALLY.try_with(|tally| tally.statements()).unwrap_or_default()
}

/// Told of every statement, in the task that asked it.
pub(crate) fn callback(slow: Duration) -> impl Fn(&Info<'_>) + Send + Sync {
    move |info| {
        if let Some(see) = TAP.get() {
            see(info.statement);
        }
        let tally = TALLY.try_with(Arc::clone).unwrap_or_default();
        tally.statements.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(info.elapsed.as_micros()).unwrap_or(u64::MAX);
        tally.micros.fetch_add(micros, Ordering::Relaxed);

        let sql = &*info.statement.sql;
        let operation = operation(sql);
        histogram!("db.client.operation.duration", "db.operation.name" => operation).record(info.elapsed.as_secs_f64());
        if info.failed {
            counter!("blog.database.failures", "db.operation.name" => operation).increment(1);
        }
        if info.elapsed >= slow {
            tracing::warn!(
                // Its parameters are not told: they may be anybody's secrets.
                statement = shown(sql),
                elapsed_ms = micros / 1000,
                route = tally.route,
                request_id = tally.request_id,
                "slow statement"
            );
        }
    }
}

/// A bulk write has thousands of placeholders, and says no more with them.
fn shown(sql: &str) -> &str {
    &sql[..sql.floor_char_boundary(1000)]
}

fn operation(sql: &str) -> &'static str {
    let first = sql
        .trim_start()
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(first))
        .unwrap_or("OTHER")
}
