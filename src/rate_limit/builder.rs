use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use super::beyond::Beyond;
use super::count::{Count, Counts};
use super::headers::Headers;
use super::limit::{Limit, Predicate, Weigh};
use super::quota::Quota;
#[cfg(feature = "redis")]
use super::shared::RedisStore;
use super::store::{SharedStore, Terms};
use crate::caller::{Key, MissingKey};
use crate::config_error::{ConfigError, Faults};
use crate::request_view::RequestView;

/// Makes a store of a layer's quotas, or says what is wrong with them.
pub(super) type MakeStore = Box<dyn FnOnce(Terms) -> Result<Arc<dyn SharedStore>, Vec<String>> + Send + Sync>;

/// Collects the settings of a [`RateLimitLayer`](super::RateLimitLayer).
#[must_use = "call `build`"]
pub struct RateLimitLayerBuilder {
    pub(super) faults: Faults,
    pub(super) limits: Vec<Limit>,
    pub(super) key: Key,
    pub(super) on_missing_key: Option<MissingKey>,
    pub(super) skip: Vec<Predicate>,
    pub(super) weight: Option<Weigh>,
    pub(super) counts: Counts,
    pub(super) beyond: Beyond,
    pub(super) headers: Headers,
    pub(super) expose_state: bool,
    pub(super) dry_run: bool,
    pub(super) max_keys: usize,
    pub(super) store: Option<MakeStore>,
}

impl RateLimitLayerBuilder {
    pub(super) fn new() -> Self {
        Self {
            faults: ConfigError::collector(),
            limits: Vec::new(),
            key: Key::client_address(),
            on_missing_key: None,
            skip: Vec::new(),
            weight: None,
            counts: Counts::All,
            beyond: Beyond::default(),
            headers: Headers::default(),
            expose_state: false,
            dry_run: false,
            max_keys: 100_000,
            store: None,
        }
    }

    /// A quota of each caller, by the rules of this builder. There is no default.
    ///
    /// May be called up to eight times, with quotas of different names, such as `10 per second` against bursts and `1000 per
    /// hour` against patience. A request takes from all of them or from none: the first that refuses, in the order of the
    /// calls, is the one that the client is told of.
    pub fn quota(self, quota: Quota) -> Self {
        self.limit(Limit::new(quota))
    }

    /// A quota with rules of its own, beside those set by [`quota`](Self::quota) and counted together with them.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// By what callers are told apart. Default [`Key::client_address`].
    pub fn key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// What becomes of a request that has no key. Default [`MissingKey::Admit`] for [`Key::user`] and otherwise
    /// [`MissingKey::ByAddress`]: all those without a key never share one quota. Of no effect for [`Key::client_address`], whose
    /// absence is a mistake in the order of the layers.
    pub fn on_missing_key(mut self, choice: MissingKey) -> Self {
        self.on_missing_key = Some(choice);
        self
    }

    /// Exempts the requests for which the closure answers true, such as health checks: they are not counted and get no header.
    /// May be called repeatedly. Default: none.
    pub fn skip<F>(mut self, skip: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.skip.push(Arc::new(skip));
        self
    }

    /// What a request costs, in requests. Default 1. One that costs 0 is not counted.
    ///
    /// One that costs more than the quota's burst could never be admitted, however long its client waits. It is refused with a `400`
    /// without `Retry-After`, and takes nothing.
    pub fn weight<F>(mut self, weight: F) -> Self
    where
        F: Fn(RequestView<'_>) -> u32 + Send + Sync + 'static,
    {
        self.weight = Some(Arc::new(weight));
        self
    }

    /// Which requests stay counted once they are answered. Default [`Count::All`].
    pub fn count(mut self, count: Count) -> Self {
        self.counts = count.into();
        self
    }

    /// Requests stay counted whose answer has a status for which the closure answers true; see [`Count`] for the rest.
    pub fn count_if<F>(mut self, counts: F) -> Self
    where
        F: Fn(StatusCode) -> bool + Send + Sync + 'static,
    {
        self.counts = Counts::If(Arc::new(counts));
        self
    }

    /// What becomes of requests beyond the quota. Default [`Beyond::Refuse`].
    pub fn beyond(mut self, beyond: Beyond) -> Self {
        self.beyond = beyond;
        self
    }

    /// Counts, but neither refuses nor delays anything and sends no headers: to learn what a quota would do.
    ///
    /// What it would refuse is a warning in the log, with the quota, the reason and the number of requests: at once for the
    /// first, and then at most each 10 seconds.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// What responses say about the quota. Default [`Headers::Draft`].
    pub fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Puts an [`Allowance`](super::Allowance) into the extensions of admitted requests, for handlers to read; of two layers
    /// the inner one's stays. Default: not, since it costs an allocation a request.
    pub fn expose_state(mut self) -> Self {
        self.expose_state = true;
        self
    }

    /// How many callers are remembered at most for each quota. Default 100 000, which takes 1.8 MB, at once and for good; from 32 to
    /// 100 000 000. See the [module page](crate::rate_limit) for what happens when there are more.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Counts in Redis or Valkey, for all processes together. Default: in the memory of this one. Layers that are given clones of one
    /// store share its connection, and each of their quotas needs a name of its own.
    #[cfg(feature = "redis")]
    pub fn redis(mut self, store: RedisStore) -> Self {
        self.store = Some(Box::new(move |terms| store.bind(terms)));
        self
    }

    /// Counts in a store that processes share.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the stores to come"))]
    pub(super) fn store(mut self, make: MakeStore) -> Self {
        self.store = Some(make);
        self
    }
}

impl fmt::Debug for RateLimitLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayerBuilder")
            .field("faults", &self.faults)
            .field("limits", &self.limits)
            .field("key", &self.key)
            .field("on_missing_key", &self.on_missing_key)
            .field("skip", &self.skip.len())
            .field("counts", &self.counts)
            .field("beyond", &self.beyond)
            .field("headers", &self.headers)
            .field("expose_state", &self.expose_state)
            .field("dry_run", &self.dry_run)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}
