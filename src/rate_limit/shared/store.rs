use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;

use super::super::store::{Callers, SharedStore, Terms};
use super::breaker::Breaker;
use super::builder::RedisStoreBuilder;
use super::ledger::{Ledger, Server};
use super::link::Link;
use super::measure::Measure;
use super::outage::OnFailure;

/// Counts in Redis from version 6 on, or in Valkey, which all processes share.
///
/// 1. A request takes from all quotas of its layer or from none, by one script in one round trip. Time is the server's, so that
///    clocks of processes may differ.
/// 2. Whom the server has refused is refused for up to a second more from the memory of this process. An attacker who is refused
///    already costs the server one question a second from each process, and no allocation. 8192 callers are remembered, in 512 KB
///    for each layer.
/// 3. A server that does not answer within the [`deadline`](RedisStoreBuilder::deadline), or answers with an error, is a failure:
///    what becomes of the request then is for [`on_failure`](RedisStoreBuilder::on_failure) to say. It may be counted all the same.
/// 4. After five failures in a row the server is not asked any more, but for a probe: after a tenth of a second, and then after
///    pauses that double up to five seconds. An answered probe ends the outage; one that begins again within ten seconds goes on with the
///    pauses of the last, so that a server which is too slow for all is not asked by all each tenth of a second. The log gets one line when
///    it begins and one when it ends, and a line a minute at most about failures that were never five in a row.
///
/// **Keys.** Callers are kept as 128 bits of a SHA-256, never as addresses, users or tokens. A count is one key of some 100 bytes, which
/// lapses when nothing is used. Its name is `prefix{caller}quota` where all quotas of a layer tell callers apart by the same key, so
/// that a cluster spreads callers over its nodes. Where a [`Limit`](super::super::Limit) has a key of its own it is
/// `{prefix}quota:caller`: all counts of such a layer lie in one slot, or nothing could be taken from several at once. What the
/// layer's limits are settles this, never the request. A quota that two layers count together must be of the same kind in both.
///
/// **Precision.** Times are whole microseconds. An interval between two requests is rounded up to them, by 1 % at most: a quota of
/// which that cannot be said, of some ten thousand or more a second, is a fault.
///
/// Each question is a boxed future, a clone of the connection and what the client allocates. On a loopback it is answered in 0.1 ms, and
/// two cores that serve it beside the server get 85 000 answers a second, or 68 000 about two quotas.
///
/// Clones, and all layers that were given one, share its connection and notice together that the server is down.
///
/// ```no_run
/// use std::time::Duration;
///
/// use portcullis::rate_limit::{OnFailure, RateLimitLayer, RedisStore};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://127.0.0.1:6379/")?;
/// let connection = redis::aio::ConnectionManager::new(client).await?;
/// let store = RedisStore::builder(connection, "blog:limits:")
///     .deadline(Duration::from_millis(20))
///     .on_failure(OnFailure::Local { processes: 4 })
///     .build()?;
/// let layer = RateLimitLayer::builder()
///     .quota("1000 per hour".parse()?)
///     .redis(store)
///     .build()?;
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    server: Arc<Server>,
    /// The quotas of all layers that count here, by name.
    quotas: Arc<Mutex<Quotas>>,
}

type Quotas = HashMap<Cow<'static, str>, (Measure, Callers)>;

impl RedisStore {
    /// A store on this connection, of which each request uses a clone: a `MultiplexedConnection`, a `ConnectionManager` or one to a
    /// cluster. A `ConnectionManager` connects again by itself.
    ///
    /// The prefix, such as `blog:limits:`, says whose counts these are. Quotas of one name and one prefix are one quota, also in layers
    /// and processes that know nothing of each other; two of one name that differ are a fault when a layer is built.
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
                Ok(measure) => {
                    let name = &measure.name;
                    match quotas.get(name) {
                        Some((known, _)) if *known != measure => faults.push(format!(
                            "two different quotas of one store are named `{name}`; each needs a name of its own"
                        )),
                        // Their counts would lie in two places, and twice the quota would pass.
                        Some((_, callers)) if *callers != terms.callers => faults.push(format!(
                            "`{name}` is a quota of two layers of one store, of which one has limits with keys of their own: they \
                             would be counted apart; give each a name of its own"
                        )),
                        _ => measures.push(measure),
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let bound = measures
            .iter()
            .map(|measure| (measure.name.clone(), (measure.clone(), terms.callers)));
        quotas.extend(bound);
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
