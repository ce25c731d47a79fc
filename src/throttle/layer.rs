use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tokio::sync::Semaphore;
use tower_layer::Layer;

use super::gate::{Gate, LAYER, Skip};
use super::keys::Keys;
use super::service::Throttle;
use crate::caller::{Key, MissingKey, Reports};
use crate::config_error::{ConfigError, Faults};
use crate::problem::Problem;
use crate::request_view::RequestView;

const MOST: usize = 1_000_000;
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Serves so many requests at once, lets so many wait and refuses the rest. See the [module page](crate::throttle).
///
/// Clones of the layer, and all services that it makes, count together.
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct ThrottleLayer {
    gate: Arc<Gate>,
}

impl ThrottleLayer {
    /// No limit yet; nothing per caller, a queue for 5 seconds at most.
    pub fn builder() -> ThrottleLayerBuilder {
        ThrottleLayerBuilder {
            max_concurrent: None,
            max_queued: None,
            max_wait: Duration::from_secs(5),
            per_key: None,
            max_queued_per_key: None,
            on_missing_key: None,
            skip: Vec::new(),
            retry_after: Duration::from_secs(1),
        }
    }

    /// So many requests at once, and otherwise the defaults.
    ///
    /// # Errors
    /// A number that is out of bounds.
    pub fn new(max_concurrent: usize) -> Result<Self, ConfigError> {
        Self::builder().max_concurrent(max_concurrent).build()
    }

    /// What counts, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    #[cfg(test)]
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttle<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Throttle::new(inner, self.checkpoint())
    }
}

/// Collects the settings of a [`ThrottleLayer`].
#[must_use = "call `build`"]
pub struct ThrottleLayerBuilder {
    max_concurrent: Option<usize>,
    max_queued: Option<usize>,
    max_wait: Duration,
    per_key: Option<(Key, usize)>,
    max_queued_per_key: Option<usize>,
    on_missing_key: Option<MissingKey>,
    skip: Vec<Skip>,
    retry_after: Duration,
}

impl ThrottleLayerBuilder {
    /// How many requests are served at once, of all callers together. It has no default; from 1 to 1 000 000.
    pub fn max_concurrent(mut self, requests: usize) -> Self {
        self.max_concurrent = Some(requests);
        self
    }

    /// How many may wait, of all callers together. Default as many as are served; from 0, with which none waits, to 1 000 000.
    pub fn max_queued(mut self, requests: usize) -> Self {
        self.max_queued = Some(requests);
        self
    }

    /// How long a request waits at most. Default 5 seconds; from a millisecond to an hour. What has waited for longer is often given
    /// up by its client already.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// How many requests of one caller are served at once, and by what callers are told apart. Default: no limit.
    pub fn per_key(mut self, key: Key, requests: usize) -> Self {
        self.per_key = Some((key, requests));
        self
    }

    /// How many requests of one caller may wait, of those that may wait altogether. Default as many as are served of one caller.
    pub fn max_queued_per_key(mut self, requests: usize) -> Self {
        self.max_queued_per_key = Some(requests);
        self
    }

    /// What becomes of a request that has no key. Default [`MissingKey::Admit`] for [`Key::user`] and otherwise
    /// [`MissingKey::ByAddress`]. One that is admitted is still counted among those of all callers.
    pub fn on_missing_key(mut self, choice: MissingKey) -> Self {
        self.on_missing_key = Some(choice);
        self
    }

    /// Exempts the requests for which the closure answers true, such as health checks: they neither wait nor are they counted. May
    /// be called repeatedly. Default: none.
    pub fn skip<F>(mut self, skip: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.skip.push(Arc::new(skip));
        self
    }

    /// When the refused are told to come back: whole seconds, rounded up. Default 1 second; more than 0, and at most an hour.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = time;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a missing limit, every number and time out of its bounds, a header that is none, and settings per key without a key.
    pub fn build(self) -> Result<ThrottleLayer, ConfigError> {
        let mut faults = ConfigError::collector();
        let max_concurrent = self.max_concurrent.unwrap_or_else(|| {
            faults.add(LAYER, "max_concurrent", "no limit is set");
            1
        });
        number(&mut faults, "max_concurrent", 1, max_concurrent);
        let max_queued = self.max_queued.unwrap_or(max_concurrent);
        number(&mut faults, "max_queued", 0, max_queued);
        if let Some((key, requests)) = &self.per_key {
            for fault in key.faults() {
                faults.add(LAYER, "per_key", fault);
            }
            number(&mut faults, "per_key", 1, *requests);
        } else {
            let settings = [
                ("max_queued_per_key", self.max_queued_per_key.is_some()),
                ("on_missing_key", self.on_missing_key.is_some()),
            ];
            for (setting, _) in settings.iter().filter(|(_, set)| *set) {
                faults.add(LAYER, setting, "says nothing without `per_key`");
            }
        }
        number(
            &mut faults,
            "max_queued_per_key",
            0,
            self.max_queued_per_key.unwrap_or(0),
        );
        if !(Duration::from_millis(1)..=LONGEST).contains(&self.max_wait) {
            faults.add(LAYER, "max_wait", "lies between a millisecond and an hour");
        }
        if self.retry_after.is_zero() || self.retry_after > LONGEST {
            faults.add(LAYER, "retry_after", "is more than 0 and at most an hour");
        }
        faults.finish()?;
        let keys = self.per_key.map(|(key, requests)| {
            let on_missing = self.on_missing_key.unwrap_or(key.on_missing());
            let queued = self.max_queued_per_key.unwrap_or(requests);
            Arc::new(Keys::new(key, on_missing, requests, queued))
        });
        let refusal = |detail| refusal(detail, self.retry_after);
        Ok(ThrottleLayer {
            gate: Arc::new(Gate {
                served: Arc::new(Semaphore::new(max_concurrent)),
                queue: Arc::new(Semaphore::new(max_queued)),
                deadline: self.max_wait,
                keys,
                skip: self.skip,
                busy: refusal("too much is going on just now; try again"),
                too_many: refusal("too many of your requests are under way; try again"),
                reports: Reports::default(),
            }),
        })
    }
}

fn number(faults: &mut Faults, setting: &'static str, least: usize, number: usize) {
    if !(least..=MOST).contains(&number) {
        faults.add(LAYER, setting, format!("lies between {least} and {MOST}"));
    }
}

fn refusal(detail: &'static str, retry_after: Duration) -> Problem {
    let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail(detail)
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
}

impl fmt::Debug for ThrottleLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayerBuilder")
            .field("max_concurrent", &self.max_concurrent)
            .field("max_queued", &self.max_queued)
            .field("max_wait", &self.max_wait)
            .field("per_key", &self.per_key)
            .field("max_queued_per_key", &self.max_queued_per_key)
            .field("on_missing_key", &self.on_missing_key)
            .field("skip", &self.skip.len())
            .field("retry_after", &self.retry_after)
            .finish()
    }
}
