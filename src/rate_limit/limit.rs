use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use super::beyond::Beyond;
use super::count::{Count, Counts};
use super::quota::Quota;
use crate::caller::{Key, MissingKey};
use crate::request_view::RequestView;

pub(super) type Predicate = Arc<dyn Fn(RequestView<'_>) -> bool + Send + Sync>;
pub(super) type Weigh = Arc<dyn Fn(RequestView<'_>) -> u32 + Send + Sync>;

/// A quota with rules of its own: for whom it is counted, which requests it is for, what they cost.
///
/// What is not said here is as on the layer's builder. So quotas by method, by route or by what a user pays for are several
/// limits, each with its [`when`](Self::when).
///
/// ```
/// use http::Method;
/// use portcullis::rate_limit::{Key, Limit, RateLimitLayer};
///
/// let layer = RateLimitLayer::builder()
///     .quota("1000 per hour".parse()?)
///     .limit(Limit::new("10 per minute".parse::<portcullis::rate_limit::Quota>()?.name("writes"))
///         .key(Key::user())
///         .when(|request| request.method() == Method::POST))
///     .build()?;
/// # assert!(format!("{layer:?}").contains("writes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a limit does nothing until a layer applies it"]
pub struct Limit {
    pub(super) quota: Quota,
    pub(super) key: Option<Key>,
    pub(super) on_missing_key: Option<MissingKey>,
    pub(super) when: Vec<Predicate>,
    pub(super) weight: Option<Weigh>,
    pub(super) counts: Option<Counts>,
    pub(super) beyond: Option<Beyond>,
}

impl Limit {
    /// The quota alone, by all the rules of the builder it is given to.
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            key: None,
            on_missing_key: None,
            when: Vec::new(),
            weight: None,
            counts: None,
            beyond: None,
        }
    }

    /// By what callers are told apart. Default: as the builder's.
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// What becomes of a request that has no key. Default: as the builder's, or what suits a key of the limit's own.
    ///
    /// [`MissingKey::Admit`] means that this quota is not counted; the others of the layer are.
    pub fn on_missing_key(mut self, choice: MissingKey) -> Self {
        self.on_missing_key = Some(choice);
        self
    }

    /// Only for requests for which the closure answers true; of several, all must. Default: for every request.
    pub fn when<F>(mut self, applies: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.when.push(Arc::new(applies));
        self
    }

    /// What a request costs, in requests. See [`weight`](super::RateLimitLayerBuilder::weight) of the builder.
    pub fn weight<F>(mut self, weight: F) -> Self
    where
        F: Fn(RequestView<'_>) -> u32 + Send + Sync + 'static,
    {
        self.weight = Some(Arc::new(weight));
        self
    }

    /// Which requests stay counted once they are answered. Default: as the builder's.
    pub fn count(mut self, count: Count) -> Self {
        self.counts = Some(count.into());
        self
    }

    /// Requests stay counted whose answer has a status for which the closure answers true. Default: as the builder's.
    pub fn count_if<F>(mut self, counts: F) -> Self
    where
        F: Fn(StatusCode) -> bool + Send + Sync + 'static,
    {
        self.counts = Some(Counts::If(Arc::new(counts)));
        self
    }

    /// What becomes of requests beyond the quota. Default: as the builder's.
    pub fn beyond(mut self, beyond: Beyond) -> Self {
        self.beyond = Some(beyond);
        self
    }
}

impl From<Quota> for Limit {
    fn from(quota: Quota) -> Self {
        Self::new(quota)
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit")
            .field("quota", &self.quota)
            .field("key", &self.key)
            .field("on_missing_key", &self.on_missing_key)
            .field("when", &self.when.len())
            .field("weight", &self.weight.is_some())
            .field("counts", &self.counts)
            .field("beyond", &self.beyond)
            .finish()
    }
}
