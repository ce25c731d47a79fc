use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::super::policy::Pace;
use super::super::store::SharedStore;
use super::breaker::Breaker;
use super::builder::RedisStoreBuilder;
use super::counts::{Callers, Counts, Server};
use super::link::Link;
use super::outage::OnFailure;
use super::rule::Rule;

/// Where requests are given back, in this process or another, a refusal does not hold until the time that the store said.
const TRUST_WITH_REFUNDS: Duration = Duration::from_secs(1);

/// Counts in Redis or Valkey, which all processes share. See the [module page](crate::rate_limit).
///
/// Clones, and all layers that were given one, share its connection and notice together that the server is down.
#[derive(Clone)]
pub struct RedisStore {
    server: Arc<Server>,
    /// The quotas of all layers that count here, by name.
    quotas: Arc<Mutex<HashMap<Cow<'static, str>, Rule>>>,
}

/// What a layer counts in the store.
#[derive(Debug)]
pub(in super::super) struct Terms {
    /// Names and paces, in the order of [`Charge::quota`](super::super::store::Charge::quota).
    pub(in super::super) quotas: Vec<(Cow<'static, str>, Pace)>,
    pub(in super::super) callers: Callers,
    /// Whether requests may be given back.
    pub(in super::super) refunds: bool,
    /// How many callers this process counts itself while the store is down.
    pub(in super::super) max_keys: usize,
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
        let mut rules = Vec::with_capacity(terms.quotas.len());
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, pace) in terms.quotas {
            match Rule::new(name, pace) {
                Ok(rule) if quotas.get(&rule.name).is_some_and(|known| *known != rule) => faults.push(format!(
                    "two different quotas of one store are named `{}`; each needs a name of its own",
                    rule.name
                )),
                Ok(rule) => rules.push(rule),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        quotas.extend(rules.iter().map(|rule| (rule.name.clone(), rule.clone())));
        let trust = if terms.refunds {
            TRUST_WITH_REFUNDS
        } else {
            Duration::MAX
        };
        let counts = Counts::new(Arc::clone(&self.server), rules, terms.callers, trust, terms.max_keys);
        Ok(Arc::new(counts))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
