use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use super::beyond::Beyond;
use super::clock::Ticks;
use super::count::{Count, Counts};
use super::headers::{Headers, Stamp};
use super::layer::RateLimitLayer;
use super::limit::{Limit, Predicate, Weigh};
use super::limiter::{LAYER, Limiter};
use super::memory::{Memory, WAYS};
use super::policy::Pace;
use super::quota::Quota;
use super::refusals::Refusals;
use super::rule::Rule;
use super::store::{Callers, MOST_QUOTAS, SharedStore, Store, Terms};
use crate::caller::{Key, MissingKey, Reports, Salt};
use crate::config_error::{ConfigError, Faults};
use crate::request_view::RequestView;

const MOST_KEYS: usize = 100_000_000;

/// Makes a store of a layer's quotas, or says what is wrong with them.
pub(super) type MakeStore = Box<dyn FnOnce(Terms) -> Result<Arc<dyn SharedStore>, Vec<String>> + Send + Sync>;

/// Collects the settings of a [`RateLimitLayer`].
#[must_use = "call `build`"]
pub struct RateLimitLayerBuilder {
    faults: Faults,
    limits: Vec<Limit>,
    key: Key,
    on_missing_key: Option<MissingKey>,
    skip: Vec<Predicate>,
    weight: Option<Weigh>,
    counts: Counts,
    beyond: Beyond,
    headers: Headers,
    expose_state: bool,
    dry_run: bool,
    max_keys: usize,
    store: Option<MakeStore>,
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

    /// How many callers are remembered at most for each quota. Default 100 000, which takes 1.7 MB, at once and for good; from 32 to
    /// 100 000 000. See the [module page](crate::rate_limit) for what happens when there are more.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Counts in Redis or Valkey, for all processes together. Default: in the memory of this one.
    #[cfg(feature = "redis")]
    pub fn redis(mut self, store: super::shared::RedisStore) -> Self {
        self.store = Some(Box::new(move |terms| store.bind(terms)));
        self
    }

    /// Counts in a store that processes share.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the stores to come"))]
    pub(super) fn store(mut self, make: MakeStore) -> Self {
        self.store = Some(make);
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a missing quota and everything that is wrong with those given, two of one name, more than eight, a header that
    /// is none, an IPv6 prefix, a delay or a number of keys out of bounds.
    pub fn build(mut self) -> Result<RateLimitLayer, ConfigError> {
        if self.limits.is_empty() {
            let reason = "no quota is set; parse one like `100 per 15 minutes`";
            self.faults.add(LAYER, "quota", reason);
        }
        if self.limits.len() > MOST_QUOTAS {
            let reason = format!("a layer has at most {MOST_QUOTAS} quotas; stack two layers");
            self.faults.add(LAYER, "quota", reason);
        }
        if !(WAYS..=MOST_KEYS).contains(&self.max_keys) {
            let reason = format!("must be {WAYS} to {MOST_KEYS}, not {}", self.max_keys);
            self.faults.add(LAYER, "max_keys", reason);
        }
        self.check_keys();
        let callers = match self.limits.as_slice() {
            [_] => Callers::Same,
            limits if limits.iter().all(|limit| limit.key.is_none()) => Callers::Same,
            _ => Callers::Several,
        };
        let rules: Box<[Rule]> = std::mem::take(&mut self.limits)
            .into_iter()
            .map(|limit| self.settle(limit))
            .collect();
        for (place, rule) in rules.iter().enumerate() {
            let name = &rule.quota.name;
            if rules.iter().take(place).any(|earlier| earlier.quota.name == *name) {
                let reason = format!("two quotas bear the name `{name}`; give each its own by `name`");
                self.faults.add(LAYER, "quota", reason);
            }
        }
        let shared = self.store.take().and_then(|make| {
            let quotas = rules.iter().map(|rule| (rule.quota.name.clone(), rule.pace));
            let made = make(Terms {
                quotas: quotas.collect(),
                callers,
                refunds: rules.iter().any(|rule| matches!(rule.counts, Counts::If(_))),
                max_keys: self.max_keys,
            });
            let faults = made.as_ref().err().into_iter().flatten();
            faults.for_each(|fault| self.faults.add(LAYER, "store", fault.clone()));
            made.ok()
        });
        self.faults.finish()?;
        let salt = shared.as_ref().map_or_else(Salt::secret, |_| Salt::Shared);
        let store = shared.map_or_else(
            || Store::Memory(Memory::new(rules.iter().map(|rule| rule.pace), self.max_keys)),
            Store::Shared,
        );
        Ok(RateLimitLayer {
            limiter: Arc::new(Limiter {
                dry_run: self.dry_run.then(|| rules.iter().map(|_| Default::default()).collect()),
                rules,
                store,
                ticks: Ticks::new(quanta::Clock::new()),
                salt,
                skip: self.skip,
                expose_state: self.expose_state,
                reports: Reports::default(),
            }),
        })
    }

    /// The builder's key once, and each limit's own.
    fn check_keys(&mut self) {
        let own = self.limits.iter().filter_map(|limit| limit.key.as_ref());
        for fault in own.chain([&self.key]).flat_map(Key::faults) {
            self.faults.add(LAYER, "key", fault);
        }
    }

    /// The limit with the builder's rules where it has none. What is wrong is a fault, and the rule is then never served.
    fn settle(&mut self, limit: Limit) -> Rule {
        let pace = limit.quota.pace().unwrap_or_else(|faults| {
            for fault in faults {
                self.faults.add(LAYER, "quota", fault);
            }
            Pace::PLACEHOLDER
        });
        let beyond = limit.beyond.unwrap_or(self.beyond);
        let extra = beyond.extra().unwrap_or_else(|fault| {
            self.faults.add(LAYER, "beyond", fault);
            0
        });
        let widened = pace.widened(extra).unwrap_or_else(|| {
            self.faults.add(LAYER, "beyond", "the steps of the delay are too small");
            pace
        });
        // What suits one key does not suit another.
        let on_missing_key = match (limit.on_missing_key, &limit.key) {
            (None, None) => self.on_missing_key,
            (own, _) => own,
        };
        let key = limit.key.unwrap_or_else(|| self.key.clone());
        let headers = if self.dry_run { Headers::None } else { self.headers };
        Rule {
            stamp: Stamp::new(headers, &limit.quota, pace),
            refusals: Refusals::new(&limit.quota.name),
            pace: widened,
            extra: widened.burst() - pace.burst(),
            step: beyond.step(),
            on_missing_key: on_missing_key.unwrap_or(key.on_missing()),
            key,
            when: limit.when,
            weight: limit.weight.or_else(|| self.weight.clone()),
            counts: limit.counts.unwrap_or_else(|| self.counts.clone()),
            quota: limit.quota,
        }
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
