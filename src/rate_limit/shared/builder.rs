use std::fmt;
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::link::{Link, RedisLink};
use super::outage::OnFailure;
use super::store::RedisStore;
use crate::config_error::{ConfigError, Faults};

const LAYER: &str = "rate_limit";
const SHORTEST_DEADLINE: Duration = Duration::from_millis(1);
const LONGEST_DEADLINE: Duration = Duration::from_secs(30);
const MOST_PROCESSES: u32 = 10_000;

/// Collects the settings of a [`RedisStore`].
#[must_use = "call `build`"]
pub struct RedisStoreBuilder {
    link: Box<dyn Link>,
    prefix: String,
    deadline: Duration,
    on_failure: Option<OnFailure>,
}

impl RedisStoreBuilder {
    pub(super) fn new<C>(connection: C, prefix: String) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self {
            link: Box::new(RedisLink(connection)),
            prefix,
            deadline: Duration::from_millis(50),
            on_failure: None,
        }
    }

    /// What becomes of requests while the server is down or slow. It has no default: each choice gives something up, and only you
    /// know what you can do without.
    pub fn on_failure(mut self, choice: OnFailure) -> Self {
        self.on_failure = Some(choice);
        self
    }

    /// How long a request waits for the server. Default 50 milliseconds; from 1 millisecond to 30 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Checks all settings. Nothing is sent to the server.
    ///
    /// # Errors
    /// Lists a missing [`on_failure`](Self::on_failure), a number of processes, a deadline or a prefix out of bounds.
    pub fn build(self) -> Result<RedisStore, ConfigError> {
        let mut faults = ConfigError::collector();
        let on_failure = self.settle(&mut faults);
        if !(SHORTEST_DEADLINE..=LONGEST_DEADLINE).contains(&self.deadline) {
            let reason = format!("must be 1 ms to 30 s, not {:?}", self.deadline);
            faults.add(LAYER, "deadline", reason);
        }
        if self.prefix.is_empty() || self.prefix.contains(['{', '}']) {
            let reason = format!(
                "`{}` must say whose counts these are, without braces, which decide the slot of a key in a cluster; write one like \
                 `blog:limits:`",
                self.prefix.escape_debug()
            );
            faults.add(LAYER, "prefix", reason);
        }
        faults.finish()?;
        Ok(RedisStore::new(self.link, self.prefix, self.deadline, on_failure))
    }

    fn settle(&self, faults: &mut Faults) -> OnFailure {
        match self.on_failure {
            Some(OnFailure::Local { processes }) if !(1..=MOST_PROCESSES).contains(&processes) => {
                let reason = format!("1 to {MOST_PROCESSES} processes share a quota, not {processes}");
                faults.add(LAYER, "on_failure", reason);
            }
            Some(choice) => return choice,
            None => {
                let reason =
                    "say what becomes of requests while Redis is down: `OnFailure::Admit`, `Refuse` or `Local`";
                faults.add(LAYER, "on_failure", reason);
            }
        }
        // Never served: there is a fault.
        OnFailure::Refuse
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("prefix", &self.prefix)
            .field("deadline", &self.deadline)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
