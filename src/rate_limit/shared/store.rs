use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::super::store::{SharedStore, Terms};
use super::breaker::Breaker;
use super::builder::RedisStoreBuilder;
use super::ledger::{Ledger, Server};
use super::link::Link;
use super::measure::Measure;
use super::outage::OnFailure;

/// Counts in Redis or Valkey, which all processes share. See the [module page](crate::rate_limit).
///
/// Clones, and all layers that were given one, share its connection and notice together that the server is down.
#[derive(Clone)]
pub struct RedisStore {
    server: Arc<Server>,
    /// The quotas of all layers that count here, by name.
    quotas: Arc<Mutex<HashMap<Cow<'static, str>, Measure>>>,
}

impl RedisStore {
    /// A store on this connection, of which each request uses a clone: a `MultiplexedConnection`, a `ConnectionManager` or one to a
    /// cluster. A `ConnectionManager` connects again by itself.
    ///
    /// All keys begin with the prefix, such as `blog:limits:`. Quotas of one name and one prefix are one quota, also in layers and
    /// processes that know nothing of each other.
    pub fn builder<C>(connection: C, prefix: impl Into<String>) -> RedisStoreBuilder
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        RedisStoreBuilder::new(connection, prefix.into())
    }

    pub(super) fn new(link: Box<dyn Link>, prefix: String, deadline: Duration, on_failure: OnFailure) -> Self {
        let server = Server {
            link,
            prefix: prefix.into(),
            deadline,
            breaker: Breaker::new(on_failure),
        };
        Self {
            server: Arc::new(server),
            quotas: Arc::default(),
        }
    }

    /// The store as one layer sees it, or all that is wrong with its quotas.
    pub(in super::super) fn bind(&self, terms: Terms) -> Result<Arc<dyn SharedStore>, Vec<String>> {
        let mut faults = Vec::new();
        let mut measures = Vec::with_capacity(terms.quotas.len());
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, pace) in terms.quotas {
            match Measure::new(name, pace) {
                Ok(measure) if quotas.get(&measure.name).is_some_and(|known| *known != measure) => {
                    let name = &measure.name;
                    let reason =
                        format!("two different quotas of one store are named `{name}`; each needs a name of its own");
                    faults.push(reason);
                }
                Ok(measure) => measures.push(measure),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        quotas.extend(measures.iter().map(|measure| (measure.name.clone(), measure.clone())));
        let server = Arc::clone(&self.server);
        let ledger = Ledger::new(server, measures, terms.callers, terms.max_keys);
        Ok(Arc::new(ledger))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
