use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::QuantaClock;
use tower_layer::Layer;

use super::gcra::Gcra;
use super::headers::{Headers, Stamp};
use super::limiter::{LAYER, Limiter, Skip};
use super::policy::Pace;
use super::quota::Quota;
use super::refusals::Refusals;
use super::service::RateLimit;
use super::store::WAYS;
use crate::caller::{Key, MissingKey, Reports, Salt};
use crate::config_error::{ConfigError, Faults};
use crate::request_view::RequestView;

const MOST_KEYS: usize = 100_000_000;

/// Refuses callers who have used up their quota. See the [module page](crate::rate_limit).
///
/// Clones of the layer, and all services that it makes, count together.
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct RateLimitLayer {
    limiter: Arc<Limiter>,
}

impl RateLimitLayer {
    /// No quota yet; by the client's address, with the draft's headers, 100 000 callers at most.
    pub fn builder() -> RateLimitLayerBuilder {
        RateLimitLayerBuilder {
            faults: ConfigError::collector(),
            quota: None,
            key: Key::client_address(),
            on_missing_key: None,
            skip: Vec::new(),
            headers: Headers::default(),
            expose_state: false,
            max_keys: 100_000,
        }
    }

    /// This quota for each client address, and otherwise the defaults.
    ///
    /// # Errors
    /// Lists what is wrong with the quota.
    pub fn per_address(quota: Quota) -> Result<Self, ConfigError> {
        Self::builder().quota(quota).build()
    }

    /// Whether callers are told apart by address and by nothing else.
    pub(crate) fn is_by_address(&self) -> bool {
        self.limiter.key.is_address()
    }

    /// The name of the quota.
    pub(crate) fn name(&self) -> &str {
        &self.limiter.quota.name
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, Arc::clone(&self.limiter))
    }
}

/// Collects the settings of a [`RateLimitLayer`].
#[must_use = "call `build`"]
pub struct RateLimitLayerBuilder {
    faults: Faults,
    quota: Option<Quota>,
    key: Key,
    on_missing_key: Option<MissingKey>,
    skip: Vec<Skip>,
    headers: Headers,
    expose_state: bool,
    max_keys: usize,
}

impl RateLimitLayerBuilder {
    /// The quota of each caller. It has no default, and a layer has one: for two, stack two layers with names.
    pub fn quota(mut self, quota: Quota) -> Self {
        if self.quota.is_some() {
            let reason = "a layer has one quota; stack two layers, each with a quota of its own name";
            self.faults.add(LAYER, "quota", reason);
        }
        self.quota = Some(quota);
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

    /// How many callers are remembered at most. Default 100 000, which takes 1.7 MB, at once and for good; from 32 to
    /// 100 000 000. See the [module page](crate::rate_limit) for what happens when there are more.
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a missing quota and everything that is wrong with the one given, a header that is none, an IPv6 prefix or a number
    /// of keys out of bounds.
    pub fn build(mut self) -> Result<RateLimitLayer, ConfigError> {
        let (quota, pace) = self.settle();
        for fault in self.key.faults() {
            self.faults.add(LAYER, "key", fault);
        }
        if !(WAYS..=MOST_KEYS).contains(&self.max_keys) {
            let reason = format!("must be {WAYS} to {MOST_KEYS}, not {}", self.max_keys);
            self.faults.add(LAYER, "max_keys", reason);
        }
        self.faults.finish()?;
        Ok(RateLimitLayer {
            limiter: Arc::new(Limiter {
                stamp: Stamp::new(self.headers, &quota, pace),
                refusals: Refusals::new(&quota.name),
                gcra: Gcra::new(pace, self.max_keys, QuantaClock::default()),
                quota,
                on_missing_key: self.on_missing_key.unwrap_or(self.key.on_missing()),
                key: self.key,
                skip: self.skip,
                expose_state: self.expose_state,
                salt: Salt::secret(),
                reports: Reports::default(),
            }),
        })
    }

    /// The quota, or a fault and a quota that is never served.
    fn settle(&mut self) -> (Quota, Pace) {
        let Some(quota) = self.quota.take() else {
            let reason = "no quota is set; parse one like `100 per 15 minutes`";
            self.faults.add(LAYER, "quota", reason);
            return (Quota::new(1, Duration::from_secs(3600)), Pace::PLACEHOLDER);
        };
        let pace = quota.pace().unwrap_or_else(|faults| {
            for fault in faults {
                self.faults.add(LAYER, "quota", fault);
            }
            Pace::PLACEHOLDER
        });
        (quota, pace)
    }
}

impl fmt::Debug for RateLimitLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayerBuilder")
            .field("faults", &self.faults)
            .field("quota", &self.quota)
            .field("key", &self.key)
            .field("on_missing_key", &self.on_missing_key)
            .field("skip", &self.skip.len())
            .field("headers", &self.headers)
            .field("expose_state", &self.expose_state)
            .field("max_keys", &self.max_keys)
            .finish()
    }
}
